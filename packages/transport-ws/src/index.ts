/**
 * Signaling over a WebSocket to the Parley relay.
 *
 * A socket is one peer in one room. When it is lost it is opened again, with the same id, and whoever waited for a
 * message of this peer meanwhile does not notice.
 *
 * @packageDocumentation
 */
import type { SignalingJoin, SignalingLink, SignalingTransport } from '@parley-rtc/core'
import { codedError } from './coded-error.ts'
import { createLink } from './link.ts'
import type { WebSocketCounters, WebSocketTransportOptions } from './options.ts'
import type { WebSocketConstructor } from './web-socket.ts'

export type { WebSocketCounters, WebSocketTransportOptions } from './options.ts'
export type { WebSocketConstructor, WebSocketLike } from './web-socket.ts'

/** A transport that counts what it had to drop, of all its joins together. */
export interface WebSocketTransport extends SignalingTransport {
  /** Since the transport was made; they go on counting. */
  readonly counters: Readonly<WebSocketCounters>
}

/**
 * A transport over the Parley relay at `url`. Throws `invalid-option` at once if that is no address; joining throws
 * `unsupported` where there is no WebSocket. The relay may refuse the room with `unauthorized`, `id-taken`, `room-full` or
 * `incompatible`.
 */
export const webSocketTransport = (options: WebSocketTransportOptions): WebSocketTransport => {
  const url = toAddress(options?.url)
  const counters = { unsent: 0 }
  const transport = (join: SignalingJoin): SignalingLink => {
    const { WebSocket = globalThis.WebSocket as WebSocketConstructor | undefined } = options
    if (WebSocket) return createLink(url, WebSocket, options, join, counters)
    throw codedError('unsupported', 'No WebSocket here: pass the class of the package "ws".')
  }
  return Object.assign(transport, { counters })
}

const toAddress = (text: string | URL): URL => {
  try {
    const url = new URL(String(text).replace(/^http/i, 'ws'))
    if (/^wss?:$/.test(url.protocol)) return url
  } catch {
    // Said below.
  }
  throw codedError('invalid-option', `webSocketTransport needs a url like "wss://relay.example", not "${text}".`)
}
