import type { Clock, PeerAddress, SignalingJoin, SignalingLink } from '@parley-rtc/core'
import { idHeld, refusals } from './close-codes.ts'
import { codedError } from './coded-error.ts'
import { openConnection, type Connection, type RelayFrame } from './connection.ts'
import { onWake } from './on-wake.ts'
import type { WebSocketCounters, WebSocketTransportOptions } from './options.ts'
import type { WebSocketConstructor } from './web-socket.ts'

const systemClock: Clock = {
  now: () => performance.now(),
  setTimeout: (run, ms) => setTimeout(run, ms),
  clearTimeout: (id) => clearTimeout(id as number),
}

/**
 * The next attempt waits a random time up to such a bound, in ms: the first is soon, since most losses concern one client
 * only; then they grow fast, so that those who lost one relay do not come back together; then slower, for a call that
 * waits for the other side does so for 15 s.
 */
const backoff = [250, 1_000, 4_000, 8_000, 8_000, 16_000]
const maxBackoff = 30_000
/** A link that lived this long, in ms, has done with the trouble before it. */
const stableAfter = 30_000
/** The longest wait that a relay may ask for, in ms. */
const maxWait = 60_000
/**
 * The relay takes frames of 128 KiB in UTF-8. A character (a UTF-16 code unit) is at most three bytes of it, and the
 * address before the text at most 128 characters and a line feed.
 */
const maxLength = 43_500

/** One peer in one room, over as many sockets as it takes. */
export const createLink = (
  url: URL,
  WebSocket: WebSocketConstructor,
  options: WebSocketTransportOptions,
  join: SignalingJoin,
  counters: WebSocketCounters,
): SignalingLink => {
  const { token, protocols = [], clock = systemClock, random = Math.random } = options
  const { instance } = join.self
  /** Nobody, once the link was closed or refused. */
  let listener: SignalingJoin | undefined = join
  const present = new Map<string, PeerAddress>()
  let connection: Connection | undefined
  /** Never, while the room is not joined. */
  let openedAt = Infinity
  let failures = 0
  let retryTimer: unknown
  /** Whether the wait for the next attempt is our own, and may be cut short. */
  let mayHurry = false
  /** Gives this instance its id back. */
  let resume: unknown
  /** Before this time the relay would drop what is sent. */
  let quietUntil = 0
  /** How long a relay that stops wants us to wait, in ms. */
  let drain = 0
  let closed: Promise<void> | undefined

  const connect = (): void => {
    clock.clearTimeout(retryTimer)
    connection = openConnection({
      clock,
      hello,
      openSocket: () => new WebSocket(url.href, ['parley.1', ...protocols]),
      onRelay: takeFrame,
      onMessage: (from, text) => listener?.onMessage(from, text),
      onEnd: lose,
    })
  }

  const hello = async (): Promise<string> => {
    const given = typeof token === 'function' ? await token() : token
    return JSON.stringify({ room: join.room, ...join.self, token: given, resume })
  }

  const takeFrame = (frame: RelayFrame): void => {
    const { type, peer, to } = frame
    if (type === 'welcome') enter(frame)
    if (type === 'joined' || type === 'left') tell(type, peer)
    if (type === 'unreachable') listener?.onUnreachable(String(to))
    if (type === 'slow-down') quietUntil = clock.now() + toWait(frame['retryAfter'])
    if (type === 'drain') drain = toWait(frame['after'])
  }

  const enter = (welcome: RelayFrame): void => {
    const before = new Map(present)
    present.clear()
    resume = welcome['resume']
    openedAt = clock.now()
    listener?.onOpen()
    for (const peer of [welcome['peers']].flat()) tell('joined', peer)
    for (const peer of before.values()) if (!present.has(peer.instance)) listener?.onPresence({ type: 'left', peer })
  }

  const tell = (type: 'joined' | 'left', peer: unknown): void => {
    if (!isAddress(peer) || peer.instance === instance) return
    if (type === 'joined') present.set(peer.instance, peer)
    else if (!present.delete(peer.instance)) return
    listener?.onPresence({ type, peer })
  }

  const lose = (code: number, reason: string | undefined): void => {
    const livedFor = clock.now() - openedAt
    openedAt = Infinity
    connection = undefined
    if (livedFor >= stableAfter) failures = 0
    const told = listener
    const refusal = refusals[code]
    link.trouble = `${url.host}: ${reason || refusal || 'no answer'} (${code}).`
    const error = refusal ? codedError(refusal, link.trouble) : undefined
    if (error) stop()
    if (error || livedFor >= 0) told?.onClose(error)
    if (!listener) return
    const asked = code === idHeld ? toWait(/\d+/.exec(`${reason}`)) : drain
    drain = 0
    mayHurry = asked === 0
    retryTimer = clock.setTimeout(connect, asked + random() * (backoff[failures++] ?? maxBackoff))
  }

  const stop = (): void => {
    listener = undefined
    stopWaking()
    clock.clearTimeout(retryTimer)
  }

  const stopWaking = onWake((isNetwork) => {
    if (isNetwork) failures = 0 // what went wrong before, went wrong on another network
    if (connection) connection.probe(isNetwork)
    else if (mayHurry) connect()
  })
  const link = {
    maxLength,
    trouble: undefined as string | undefined,
    send: (to: string, text: string) => {
      if (clock.now() < quietUntil || !connection?.send(`${to}\n${text}`)) counters.unsent += 1
    },
    close: async () => {
      stop()
      await (closed ??= connection?.close())
    },
  } satisfies SignalingLink
  connect()
  return link
}

const isAddress = (value: unknown): value is PeerAddress => {
  const { id, instance } = Object(value) as Record<string, unknown>
  return typeof id === 'string' && typeof instance === 'string'
}

/** Milliseconds out of whatever came. */
const toWait = (value: unknown): number => Math.min(Math.max(Number(value) || 0, 0), maxWait)
