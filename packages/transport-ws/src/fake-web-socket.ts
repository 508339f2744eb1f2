import type { WebSocketConstructor, WebSocketLike } from './web-socket.ts'

/** The other end of a socket, for tests that play the relay by hand. */
export interface FakeSocket {
  readonly url: string
  readonly protocols: readonly string[]
  /** What the client sent. */
  readonly sent: readonly string[]
  /** The codes that the client closed with; undefined is a close without one. */
  readonly closes: readonly (number | undefined)[]
  readonly isTerminated: () => boolean
  /** The connection stands. */
  readonly open: () => void
  /** Gives the client a frame, also one that no WebSocket would bring. */
  readonly deliver: (data: unknown) => void
  /** The connection is closed by the relay, or lost with 1006. */
  readonly end: (code: number, reason?: string) => void
  /** How many bytes wait to be sent, as the client sees it. */
  readonly buffer: (bytes: number) => void
}

/** A `WebSocket` that connects to nothing, and every socket that was made of it. */
export const createFakeWebSocket = ({ canTerminate = false } = {}) => {
  const sockets: FakeSocket[] = []
  const create = (url: string, protocols: string[]): WebSocketLike => {
    const sent: string[] = []
    const closes: (number | undefined)[] = []
    const state = { readyState: 0, bufferedAmount: 0, isTerminated: false }
    const socket: WebSocketLike = {
      get bufferedAmount() {
        return state.bufferedAmount
      },
      onopen: null,
      onmessage: null,
      onerror: null,
      onclose: null,
      send: (data) => {
        // As the standard says: before it is open it throws, and after that it drops.
        if (state.readyState === 0) throw new DOMException('Still in CONNECTING state', 'InvalidStateError')
        if (state.readyState === 1) sent.push(data)
      },
      close: (code) => {
        closes.push(code)
        state.readyState = 2
      },
      ...(canTerminate && { terminate: () => (state.isTerminated = true) }),
    }
    const call = (handler: keyof WebSocketLike, event: object): void => {
      const listener = socket[handler] as ((event: object) => void) | null
      listener?.(event)
    }
    sockets.push({
      url,
      protocols,
      sent,
      closes,
      isTerminated: () => state.isTerminated,
      open: () => {
        if (state.readyState !== 0) return
        state.readyState = 1
        call('onopen', {})
      },
      deliver: (data) => call('onmessage', { data }),
      end: (code, reason = '') => {
        state.readyState = 3
        if (code === 1006) call('onerror', {})
        call('onclose', { code, reason })
      },
      buffer: (bytes) => {
        state.bufferedAmount = bytes
      },
    })
    return socket
  }
  // Not an arrow function, because those cannot be called with `new`.
  const WebSocket = function (url: string, protocols: string[]) {
    return create(url, protocols)
  } as unknown as WebSocketConstructor
  return { WebSocket, sockets }
}
