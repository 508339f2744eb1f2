import type { Clock, SignalingJoin, SignalingLink } from '@parley-rtc/core'
import type { MqttCounters, MqttDropReason } from './drop-reason.ts'
import type { MqttClient, ReceiveMessage, ServerProperties } from './mqtt-client.ts'
import { nameOf, type Topics } from './topics.ts'

/** Why a room cannot be joined. */
export type RefusalCode = 'unauthorized' | 'incompatible' | 'id-taken' | 'unsupported'

export interface RoomOptions {
  /** A client that others use too. Without it, nothing has to be heard that this peer sends (MQTT 5, no-local). */
  readonly client?: MqttClient
  readonly clock?: Pick<Clock, 'setTimeout' | 'clearTimeout'>
  readonly maxPeers?: number
  readonly maxLength?: number
}

/** A room, on whatever client is connected. */
export interface Room {
  /** Whether the broker has let the presence be written and read. */
  readonly isPresent: () => boolean
  /** What core holds of it. */
  readonly link: SignalingLink
  readonly enter: (client: MqttClient, properties: ServerProperties | undefined) => void
  readonly receive: ReceiveMessage
  /** The client is gone. */
  readonly lose: (why?: unknown) => void
  /** The room cannot be joined. */
  readonly giveUp: (code: RefusalCode, message: string) => void
  /** Takes the presence back. Resolves, within a second, with whether the broker has confirmed it. */
  readonly leave: () => Promise<boolean>
}

/** ms in which the broker brings the own presence back after it confirmed it, or it never will. */
const echoWithin = 10_000
/** ms after opening in which the presence of the others has come; brokers do not say which is the last. */
const settleWithin = 2000
/** ms for which leaving waits for the broker. */
const leaveWithin = 1000
/** ms after which a presence is said again. */
const renewAfter = 200_000
/** How often in a row somebody may fail to say it again. */
const maxChances = 3
/** Seconds for which a broker (MQTT 5) keeps a presence that is not said again. */
const presenceExpiry = 900
/** Seconds after which a broker (MQTT 5) throws away a message that was not delivered. */
const messageExpiry = 60
const maxUnconfirmed = 256
/** Bytes of a packet around its text. */
const overhead = 256
/** Characters; core cannot do with less. */
const minLength = 512

/** `close` closes its link, which it does itself when it gives up. */
export const createRoom = (
  { onOpen, onClose, onMessage, onPresence }: SignalingJoin,
  topics: Topics,
  { client: shared, clock = globalThis, maxPeers = 1000, maxLength = 65_536 }: RoomOptions,
  counters: MqttCounters,
  close: () => Promise<void>,
): Room => {
  /** The topics of the others, with the renewals that each outlasts: none if it was not seen since the link was lost. */
  const others = new Map<string, number>()
  /** Open are `unseen`, before the own presence came back, and `present`. */
  let state: 'lost' | 'entering' | 'unseen' | 'present' | 'closed' = 'lost'
  let client: MqttClient | undefined
  let longest = maxLength
  let trouble: string | undefined
  let unconfirmed = 0
  let timer: unknown

  const later = (ms: number, run: () => void): void => {
    clock.clearTimeout(timer)
    timer = clock.setTimeout(run, ms)
  }

  const enter: Room['enter'] = (next, { maximumPacketSize = Infinity } = {}) => {
    if (state === 'closed') return
    state = 'entering'
    client = next
    // A character is up to three bytes of UTF-8.
    longest = Math.max(minLength, Math.min(maxLength, Math.trunc((maximumPacketSize - overhead) / 3)))
    const filters = {
      [topics.presences]: { qos: 1 },
      // No retained messages, please (rh), and a flag on what was published as such (rap).
      [topics.inbox]: { qos: 1, nl: !shared, rap: true, rh: 2 },
    } as const
    next.subscribe(Object.assign(filters, { resubscribe: true }), (error, _granted, packet) => {
      const reason = Math.max(...(packet?.granted ?? []))
      if (client !== next || (error && !packet)) return // lost meanwhile
      if (reason >= 128) return refuse(`the subscription of ${topics.inbox}`, reason)
      open()
      // Not together with the subscription: brokers leave Nagle's algorithm on, and a second answer would wait for the
      // delayed acknowledgement of the first (40 ms on Linux), unless a packet of ours brings that along.
      if (isOpen()) announce() // it may have been left as soon as it was open
    })
  }

  const open = (): void => {
    state = 'unseen'
    onOpen()
    for (const [topic, chances] of others) if (chances && isOpen()) tell('joined', topic)
  }
  const isOpen = (): boolean => state === 'unseen' || state === 'present'

  // A broker may drop without a word what its access list forbids; MQTT 3.1.1 has no word for it. So the room is given
  // up if the own presence does not come back: it may not be written, or not be read.
  const announce = (): void =>
    publish(topics.own, 'here', true, (reason) => {
      if (reason >= 128) refuse(`the presence ${topics.own}`, reason)
      else if (reason === 0 && state === 'unseen')
        later(echoWithin, () => refuse(`silently the presence ${topics.own}`, 135))
    })

  /**
   * Says again that it is there, and forgets who has not. Once soon after entering, too: two who enter at once can miss
   * each other where a broker looks up what is retained beside what it does for subscriptions (NATS).
   */
  const renew = (): void => {
    announce()
    for (const [topic, chances] of others) {
      if (chances) others.set(topic, chances - 1)
      else forget(topic)
    }
    later(renewAfter, renew)
  }

  const see = (topic: string): void => {
    const chances = others.get(topic)
    if (chances === undefined && others.size >= maxPeers) return count('crowded')
    others.set(topic, maxChances)
    if (isOpen() && !chances) tell('joined', topic)
  }

  const forget = (topic: string): void => {
    if (others.delete(topic)) tell('left', topic)
  }

  const tell = (type: 'joined' | 'left', topic: string): void => {
    const [id = '', instance = ''] = namesIn(topic)
    onPresence({ type, peer: { id, instance } })
  }

  const namesIn = (topic: string): (string | undefined)[] => topic.slice(topics.room.length).split('/').map(nameOf)

  const lose: Room['lose'] = (why = 'not connected') => {
    if (state === 'closed') return
    trouble = `No MQTT broker: ${why}.`
    const wasOpen = isOpen()
    state = 'lost'
    client = undefined
    clock.clearTimeout(timer)
    for (const topic of others.keys()) others.set(topic, 0)
    if (wasOpen) onClose()
  }

  const refuse = (what: string, reason: number): void =>
    giveUp(
      reason > 142 ? 'incompatible' : 'unauthorized',
      `The MQTT broker refuses ${what} (reason ${reason}). See its log and access list.`,
    )

  const giveUp: Room['giveUp'] = (code, message) => {
    if (state === 'closed') return
    onClose(Object.assign(new Error(message), { code }))
    void close()
  }

  /** Calls back with 0, with the reason code of a refusal (MQTT 5), or with -1 when the link was lost. */
  const publish = (topic: string, text: string, retain: boolean, done: (reason: number) => void): void => {
    if (!client?.connected) return done(-1)
    unconfirmed += 1
    const properties = { messageExpiryInterval: retain ? presenceExpiry : messageExpiry }
    client.publish(topic, text, { qos: 1, retain, properties }, (error) => {
      unconfirmed -= 1
      done(error ? Number(error.code) || -1 : 0)
    })
  }

  const receive: Room['receive'] = (topic, payload, { retain }) => {
    if (state === 'closed' || !topic.startsWith(topics.room)) return
    const text = payload.toString()
    const names = namesIn(topic)
    const [id, instance, from] = names
    if (topic === topics.own) {
      // If cleared, then perhaps by the broker, with the will of a connection that it gave up late.
      if (!text) return announce()
      if (state === 'unseen') {
        state = 'present'
        later(settleWithin, renew)
      }
    } else if (names.length < 3) {
      if (!text) forget(topic)
      else if (id && instance) see(topic)
      else count('malformed')
    } else if (names.length === 3 && topic.startsWith(`${topics.own}/`)) {
      if (retain) count('retained')
      else if (!from) count('malformed')
      else if (isOpen()) onMessage(from, text)
    }
  }

  const count = (reason: MqttDropReason): void => {
    counters[reason] = (counters[reason] ?? 0) + 1
  }

  const send: SignalingLink['send'] = (to, text) => {
    const found = [...others.keys()].filter((topic) => namesIn(topic)[0] === to)
    if (!isOpen() || !found[0] || unconfirmed >= maxUnconfirmed) return count('unsent')
    if (text.length > longest) return count('too-large')
    for (const topic of found) {
      publish(`${topic}/${topics.sender}`, text, false, (reason) => {
        if (reason) count(reason < 0 ? 'unsent' : 'refused')
      })
    }
  }

  const leave: Room['leave'] = () =>
    new Promise((resolve) => {
      state = 'closed'
      later(leaveWithin, () => resolve(false))
      publish(topics.own, '', true, (reason) => {
        clock.clearTimeout(timer)
        resolve(reason === 0)
      })
    })

  return {
    isPresent: () => state === 'present',
    enter,
    receive,
    lose,
    giveUp,
    leave,
    link: {
      send,
      close,
      get maxLength() {
        return longest
      },
      get trouble() {
        return trouble
      },
    },
  }
}
