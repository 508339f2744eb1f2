import type { SignalingJoin } from '@parley-rtc/core'

/** Where a peer is found on the broker. See docs/mqtt.md. */
export interface Topics {
  /** `prefix/room/`, with which everything of a room begins. */
  readonly room: string
  /** `prefix/room/id/instance`: this instance, retained while it is there. */
  readonly own: string
  /** `id`: the last level of what this peer writes into the inbox of another. */
  readonly sender: string
  /** The last level of `own`. */
  readonly clientId: string
  /** `prefix/room/+/+`: who is there. */
  readonly presences: string
  /** `prefix/room/id/instance/+`: the inbox, with the id of the sender as the last level. */
  readonly inbox: string
}

export const topicsOf = (prefix: string, { room, self }: Pick<SignalingJoin, 'room' | 'self'>): Topics => {
  const base = `${[...prefix.split('/'), room].map(levelOf).join('/')}/`
  const sender = levelOf(self.id)
  const clientId = levelOf(self.instance)
  const own = `${base}${sender}/${clientId}`
  return { room: base, own, sender, clientId, presences: `${base}+/+`, inbox: `${own}/+` }
}

/**
 * A name as one level of a topic: percent-encoded, so no wildcard, separator, `$` or NUL gets into a topic. `.` and `*`
 * are harmless in MQTT, and a separator and a wildcard for brokers that come from AMQP or NATS.
 */
export const levelOf = (name: string): string => encodeURIComponent(name).replaceAll('.', '%2E').replaceAll('*', '%2A')

/**
 * The name in a level, or `undefined` unless `levelOf` would have written just this: a name must have one level only,
 * because an access list tells people apart by levels, and here they are told apart by names.
 */
export const nameOf = (level = ''): string | undefined => {
  try {
    const name = decodeURIComponent(level)
    if (name.length <= 128 && levelOf(name) === level) return name
  } catch {} // not percent-encoded
  return
}
