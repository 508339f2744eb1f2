/** The part of a WebSocket that the transport uses; browsers, Node 22 and the package `ws` have it alike. */
export interface WebSocketLike {
  /** Bytes that were sent and have not left yet. */
  readonly bufferedAmount: number
  onopen: ((event: never) => unknown) | null
  onmessage: ((event: never) => unknown) | null
  onerror: ((event: never) => unknown) | null
  onclose: ((event: never) => unknown) | null
  send(data: string): void
  close(code?: number): void
  /** Only in `ws`: lets go of the connection without waiting for the other side. */
  terminate?(): void
}

/** The global `WebSocket`, the class of `ws`, or one of your own that extends them. */
export type WebSocketConstructor = new (url: string, protocols: string[]) => WebSocketLike
