import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type RawData } from 'ws'
import { addressKey, addressOf, isLocalRequest } from './address.ts'
import type { Admission } from './admission.ts'
import { closeConnection, createConnection, markEnded, type Connection } from './connection.ts'
import type { RelayContext } from './context.ts'
import type { RefuseReason } from './counters.ts'
import { depart, fail } from './membership.ts'
import { receive, receivePing, receivePong } from './routing.ts'
import { subprotocol } from './wire.ts'

export interface UpgradeOptions {
  readonly context: RelayContext
  readonly admission: Admission
  readonly allowsOrigin: (origin: string) => boolean
  /** Whether a request without `Origin`, so one of a program, may come from another machine. */
  readonly allowsPrograms: boolean
  readonly trustProxy: number
  readonly isDraining: () => boolean
  /** Runs before anything else, so that the time is right and somebody looks after the deadlines. */
  readonly wake: () => void
}

export type UpgradeHandler = (request: IncomingMessage, socket: Duplex, head: Buffer) => void

/** Makes a connection of an HTTP upgrade, or refuses it. */
export const createUpgradeHandler = (options: UpgradeOptions): UpgradeHandler => {
  const { context, admission, trustProxy, isDraining } = options
  const { limits, counters } = context
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: limits.frameBytes,
    maxFragments: limits.fragments,
    maxBufferedChunks: limits.bufferedChunks,
    // An option of ws that its types do not know: how long a closing handshake may take, in ms.
    ...{ closeTimeout: 2_000 },
    // A browser gives up without a close code when none of its subprotocols is chosen; so one is, to be refused then.
    handleProtocols: (offered) => (offered.has(subprotocol) ? subprotocol : ([...offered][0] ?? false)),
  })

  return (request, socket, head) => {
    if (socket.destroyed) return
    options.wake()
    socket.on('error', ignore) // whoever resets the connection now ends nothing but it
    const address = addressOf(request, trustProxy)
    const key = addressKey(address)
    const verdict = isDraining() ? 'draining' : admission.admit(key, context.now)
    if (verdict !== 'ok') {
      counters.refused[verdict]++
      return refuse(socket, verdict)
    }
    let isOpen = false
    server.handleUpgrade(request, socket, head, (webSocket) => {
      isOpen = true
      socket.off('error', ignore)
      counters.accepted++
      const connection = createConnection(webSocket, address, request, limits, context.now)
      context.connections.add(connection)
      listen(context, admission, connection)
      check(options, connection, request)
    })
    // The callback runs at once, or not at all: then `ws` has answered what was no upgrade.
    if (!isOpen) admission.release(key)
  }
}

const ignore = (): void => {}

const check = ({ allowsOrigin, allowsPrograms }: UpgradeOptions, connection: Connection, request: IncomingMessage) => {
  const { origin } = request.headers
  const allowed = origin === undefined ? allowsPrograms || isLocalRequest(request) : allowsOrigin(origin)
  if (!allowed) closeConnection(connection, 'foreignOrigin', 'this origin may not connect here')
  else if (connection.socket.protocol !== subprotocol)
    closeConnection(connection, 'noCommonVersion', `this relay speaks ${subprotocol}`)
}

// Not inside the handler: there each listener would keep the request in memory.
const listen = (context: RelayContext, admission: Admission, connection: Connection): void => {
  const { socket } = connection
  const guarded =
    <Arguments extends unknown[]>(run: (...given: Arguments) => void) =>
    (...given: Arguments): void => {
      try {
        run(...given)
      } catch (error) {
        fail(context, connection, error)
      }
    }
  // `binaryType` is `nodebuffer`, so a message is one Buffer.
  socket.on(
    'message',
    guarded((data: RawData, isBinary: boolean) => receive(context, connection, data as Buffer, isBinary)),
  )
  socket.on(
    'ping',
    guarded(() => receivePing(context, connection)),
  )
  socket.on(
    'pong',
    guarded(() => receivePong(context, connection)),
  )
  socket.on(
    'error',
    guarded((error: Error & { code?: string }) => {
      // `ws` closes by itself what breaks RFC 6455 or a limit. Everything else is a lost socket: `close` follows.
      if (!error.code?.startsWith('WS_ERR')) return
      depart(context, connection, 'lost')
      markEnded(connection, error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH' ? 'too-large' : 'invalid')
    }),
  )
  socket.on(
    'close',
    guarded((code: number) => end(context, admission, connection, code)),
  )
}

const end = (context: RelayContext, admission: Admission, connection: Connection, code: number): void => {
  const left = connection.phase !== 'closing' && (code === 1000 || code === 1001)
  context.connections.delete(connection)
  admission.release(addressKey(connection.address))
  depart(context, connection, left ? 'left' : 'lost')
  markEnded(connection, left ? 'left' : 'lost')
  context.counters.ended[connection.endedAs ?? 'lost']++
  context.logger.debug({ reason: connection.endedAs, code, address: connection.address }, 'ended')
}

const retryAfter: Record<RefuseReason, number> = { draining: 5, connections: 30, address: 10, 'address-rate': 10 }

const refuse = (socket: Duplex, reason: RefuseReason): void => {
  const body = reason === 'draining' ? 'The relay stops.\n' : 'Too many connections.\n'
  socket.once('finish', () => socket.destroy())
  socket.end(
    `HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: ${retryAfter[reason]}\r\n` +
      `Content-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  )
}
