/**
 * Signaling over the MQTT broker that is already there: MQTT 5 or 3.1.1, over TCP, TLS or WebSocket.
 *
 * Each instance has one topic, `prefix/room/id/instance`. Retained there is who it is, cleared by the Last Will; beneath
 * it is its inbox, one level for each sender. docs/mqtt.md has the layout, and access lists for it.
 *
 * @packageDocumentation
 */
import type { Clock, SignalingJoin, SignalingLink, SignalingTransport } from '@parley-rtc/core'
import type { MqttCounters, MqttDropReason } from './drop-reason.ts'
import { followClient } from './follow-client.ts'
import { once } from './once.ts'
import type { MqttClient } from './mqtt-client.ts'
import type { MqttConnectOptions } from './own-client.ts'
import { createRoom } from './room.ts'
import { topicsOf } from './topics.ts'

export type { MqttClient, MqttConnectOptions, MqttCounters, MqttDropReason }

/** Options of {@link mqttTransport}. One of `url`, `connect` and `client` is needed; the last of them counts. */
export interface MqttTransportOptions {
  /** The broker: `mqtt`, `mqtts`, `ws` or `wss`, in a browser one of the last two. Loads the package `mqtt`. */
  readonly url?: string
  /** With `url`. */
  readonly username?: string
  /** With `url`. */
  readonly password?: string
  /** With `url`: more options of `mqtt.connect()`, such as `ca`, `cert`, `wsOptions`, or `keepalive` (s, default 15). */
  readonly options?: Readonly<Record<string, unknown>>
  /**
   * In place of `url`: makes a client for each attempt to connect, such as
   * `(options) => mqtt.connect(url, { ...options, password: await freshToken() })`. The transport ends what it gets.
   * A rejection counts as a failed attempt.
   */
  readonly connect?: (options: MqttConnectOptions) => MqttClient | Promise<MqttClient>
  /** In place of `url`: your own client of mqtt.js, shared with whatever else uses it. It is never ended. */
  readonly client?: MqttClient
  /** What all topics begin with; may have several levels, each encoded like an id. Default `parley`. */
  readonly prefix?: string
  /** 5, or 4 for MQTT 3.1.1. Default: 5 where the broker speaks it, else 4. Of no meaning with `client`. */
  readonly protocolVersion?: 4 | 5
  /** Characters of the longest message, 512 or more; a broker that tells its limit (MQTT 5) lowers it. Default 65 536. */
  readonly maxLength?: number
  /** How many others of a room are known at a time; more are not seen. Default 1000. */
  readonly maxPeers?: number
  /** Where time comes from. Default: this machine's. */
  readonly clock?: Clock
  /** From 0 up to 1, for the waits between attempts. Default `Math.random`. */
  readonly random?: () => number
}

const loadOwnClient = once(() => import('./own-client.ts'))

/** A transport that counts what it had to drop, of all its joins together. */
export interface MqttTransport extends SignalingTransport {
  /** Since the transport was made; they go on counting. */
  readonly counters: Readonly<MqttCounters>
}

/**
 * A transport over any MQTT broker. What the broker refuses ends with the code `unauthorized`, `incompatible` or
 * `id-taken`, a URL that is missing or cannot be used here with `unsupported`; everything else is tried again.
 */
export const mqttTransport = (options: MqttTransportOptions): MqttTransport => {
  const { client, prefix = 'parley' } = options
  const counters: MqttCounters = {}

  const transport = (join: SignalingJoin): SignalingLink => {
    let closing: Promise<void> | undefined
    const close = (): Promise<void> =>
      (closing ??= Promise.all([connection, room.leave()]).then(([end, isPolite]) => end?.(isPolite)))

    const topics = topicsOf(prefix, join)
    const room = createRoom(join, topics, options, counters, close)
    const connection = client
      ? followClient(room, client, topics)
      : // Nothing of it, and not mqtt.js, is loaded where somebody brings a client.
        loadOwnClient().then(
          ({ keepConnected }) => keepConnected(room, options, topics),
          (cause) => room.giveUp('unsupported', `${cause}`),
        )
    return room.link
  }
  return Object.assign(transport, { counters })
}
