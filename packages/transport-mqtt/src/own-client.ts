import type { Clock } from '@parley-rtc/core'
import type { Broker } from './connect-to.ts'
import type { MqttClient, ServerProperties } from './mqtt-client.ts'
import { once } from './once.ts'
import type { RefusalCode, Room } from './room.ts'
import type { Topics } from './topics.ts'

/** What every connection of this transport is made with; a client that is made with less may not keep the contract. */
export interface MqttConnectOptions {
  readonly protocolVersion: 4 | 5
  readonly clientId: string
  /** The broker keeps nothing for a client that is gone. */
  readonly clean: true
  readonly resubscribe: false
  /** No reconnecting by the client: the transport makes a new one. */
  readonly reconnectPeriod: 0
  /** Seconds without a packet, after which the client asks for a sign of life. */
  readonly keepalive: number
  /** ms in which the broker must let the client in. */
  readonly connectTimeout: number
  readonly properties: { readonly sessionExpiryInterval: number; readonly maximumPacketSize: number }
  /** Clears the presence of a client that is gone without a word. */
  readonly will: { readonly topic: string; readonly payload: ''; readonly qos: 1; readonly retain: true }
}

export type MakeClient = (options: MqttConnectOptions) => MqttClient | Promise<MqttClient>

interface OwnClientOptions extends Broker {
  /** In place of `url`. */
  readonly connect?: MakeClient
  /** Absent: 5, and 3.1.1 where the broker does not speak it. */
  readonly protocolVersion?: 4 | 5
  readonly clock?: Clock
  /** From 0 up to 1. */
  readonly random?: () => number
}

/** Reason codes after which another try would end the same way: MQTT 5, section 2.4, and 3.1.1, section 3.2.2.3. */
const refusals: ReadonlyMap<unknown, RefusalCode> = new Map([
  ...[2, 4, 5, 133, 134, 135, 138, 140].map((reason) => [reason, 'unauthorized'] as const),
  ...[1, 129, 130, 132, 143, 144, 149, 154, 155, 162].map((reason) => [reason, 'incompatible'] as const),
  [142, 'id-taken'],
])

/** ms that a room must have been open until the next loss counts as the first. */
const stableAfter = 30_000
/** Connections in a row that the broker closes before the presence has come back. */
const maxDismissals = 5
/** Bytes; more than a message of core can be. */
const maximumPacketSize = 1024 * 1024

/**
 * Keeps a room on clients of its own: one after the other, each new. Returns what ends the last one, with
 * a farewell if `isPolite`; without it the broker publishes the will.
 */
export const keepConnected = (
  room: Room,
  options: OwnClientOptions,
  { own, clientId }: Topics,
): ((isPolite: boolean) => void) => {
  const { connect: makeClient = viaMqttJs(options), clock = systemClock, random = Math.random } = options
  let version = options.protocolVersion ?? 5
  let client: MqttClient | undefined
  let isStopped = false
  let attempt = 0
  let dismissals = 0
  let timer: unknown

  const connect = async (): Promise<void> => {
    try {
      const next = await makeClient({
        protocolVersion: version,
        clientId,
        clean: true,
        resubscribe: false,
        reconnectPeriod: 0,
        keepalive: 15,
        connectTimeout: 10_000,
        properties: { sessionExpiryInterval: 0, maximumPacketSize },
        will: { topic: own, payload: '', qos: 1, retain: true },
      })
      if (isStopped) next.end(true)
      else watch(next)
    } catch (error) {
      if (isStopped) return
      const { code, message } = error as { code?: unknown; message: string }
      if (code === 'unsupported') return room.giveUp(code, message)
      room.lose(message)
      connectLater()
    }
  }

  const watch = (next: MqttClient): void => {
    let connectedAt: number | undefined
    let reason: unknown
    let why = 'it does not answer'
    client = next
    next.on('connect', (packet: { readonly properties?: ServerProperties }) => {
      connectedAt = clock.now()
      room.enter(next, packet.properties)
    })
    next.on('message', room.receive)
    next.on('disconnect', (packet: { readonly reasonCode?: number }) => (reason = packet.reasonCode))
    next.on('error', (error: { readonly code?: unknown; readonly message: string }) => {
      reason ??= error.code
      why = error.message
    })
    next.on('close', () => {
      if (client !== next) return
      client = undefined
      next.end(true)
      if (room.isPresent()) dismissals = 0
      else if (connectedAt !== undefined) dismissals += 1
      if (connectedAt !== undefined && clock.now() - connectedAt >= stableAfter) attempt = 0
      recover(reason, why)
    })
  }

  const recover = (reason: unknown, why: string): void => {
    if (version === 5 && !options.protocolVersion && (reason === 1 || reason === 132)) {
      version = 4
      return void connect()
    }
    // Some brokers close the connection over what their access list forbids, and it would be the same each time.
    const code = refusals.get(reason) ?? (dismissals < maxDismissals ? undefined : 'unauthorized')
    if (code) {
      const what = `The MQTT broker refuses the client ${clientId} (reason ${reason}, ${code}).`
      return room.giveUp(code, `${what} See its log, and its list of users.`)
    }
    room.lose(why)
    connectLater()
  }

  // Full jitter, so that a broker that comes back is not run over by all of its clients in the same second.
  const connectLater = (): void => {
    if (isStopped) return
    timer = clock.setTimeout(connectNow, random() * (attempt === 0 ? 250 : Math.min(30_000, 500 * 2 ** attempt)))
    attempt += 1
  }

  const connectNow = (): void => {
    if (timer === undefined) return
    clock.clearTimeout(timer)
    timer = undefined
    void connect()
  }

  globalThis.addEventListener?.('online', connectNow)
  void connect()

  return (isPolite) => {
    isStopped = true
    globalThis.removeEventListener?.('online', connectNow)
    clock.clearTimeout(timer)
    timer = undefined
    client?.end(!isPolite)
    client = undefined
  }
}

const loadMqttJs = once(() => import('./connect-to.ts'))

/** mqtt.js is loaded only where nobody brings a way to make clients. */
const viaMqttJs =
  (broker: Broker): MakeClient =>
  async (options) => {
    const { connectTo } = await loadMqttJs().catch((cause: unknown) => {
      throw Object.assign(new Error(`mqtt.js cannot be loaded, is the package mqtt installed? ${cause}`), {
        code: 'unsupported',
      })
    })
    return connectTo(broker)(options)
  }

const systemClock: Clock = {
  now: () => performance.now(),
  setTimeout: (run, ms) => setTimeout(run, ms),
  clearTimeout: (id) => clearTimeout(id as Parameters<typeof clearTimeout>[0]),
}
