import type { Clock } from '@parley-rtc/core'
import type { WebSocketConstructor } from './web-socket.ts'

/** Options of `webSocketTransport`. */
export interface WebSocketTransportOptions {
  /** Address of the relay, such as `wss://relay.example`. With `https:` it is taken as `wss:`, with `http:` as `ws:`. */
  readonly url: string | URL
  /**
   * What the relay's `authorize` gets. A function is asked again before each attempt, so that a token may expire; when it
   * rejects, later.
   */
  readonly token?: string | (() => string | undefined | Promise<string | undefined>)
  /** Subprotocols to offer after Parley's own, for a proxy or a framework that wants one. Default none. */
  readonly protocols?: readonly string[]
  /** Default the global one of browsers and Node 22. In Node 20, the class of `ws`. */
  readonly WebSocket?: WebSocketConstructor
  /** Default the time of this machine. */
  readonly clock?: Clock
  /** Numbers of at least 0 and below 1, to spread attempts over time. Default `Math.random`. */
  readonly random?: () => number
}

/** What a transport dropped. */
export interface WebSocketCounters {
  /** The link was not open, the relay had asked for less, or too much waited in the socket. Core sends again. */
  unsent: number
}
