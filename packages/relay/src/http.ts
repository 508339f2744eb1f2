import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { addressKey, isLocalRequest } from './address.ts'
import type { RelayLimits } from './limits.ts'

/** Answers a request of Node's HTTP server; Express takes it as it is. */
export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void

/** What a relay can be asked over HTTP. */
export interface RelayHandlers {
  /** 200 as long as the process lives. */
  readonly healthz: RequestHandler
  /** 200, or 503 while the relay drains and after it closed. */
  readonly readyz: RequestHandler
  /** The metrics in Prometheus' text format. Whoever mounts it decides who may read it. */
  readonly metrics: RequestHandler
}

export interface RelayServerOptions {
  readonly handlers: RelayHandlers
  readonly servesMetrics: boolean
  readonly isBehindProxy: boolean
  readonly limits: RelayLimits
}

/** The server of a relay that stands alone: health, and the metrics for this machine. */
export const createRelayServer = ({ handlers, servesMetrics, isBehindProxy, limits }: RelayServerOptions): Server => {
  const server = createGuardedServer(limits, (request, response) => {
    const handler = handlerOf(handlers, request)
    if (handler && (handler !== handlers.metrics || (servesMetrics && isLocalRequest(request))))
      return handler(request, response)
    // The same for a path that does not exist and one that is not for everybody.
    answer(response, 426, 'This is a Parley relay: connect a WebSocket.\n', {
      Connection: 'Upgrade',
      Upgrade: 'websocket',
    })
  })
  // Twice as many as may upgrade, so that those above get their 503. Behind a proxy every socket has its address.
  if (!isBehindProxy) limitPerAddress(server, 2 * limits.connectionsPerAddress)
  return server
}

/** The server of `metricsPort`. */
export const createMetricsServer = (handlers: RelayHandlers, limits: RelayLimits): Server =>
  createGuardedServer(limits, (request, response) => {
    const handler = handlerOf(handlers, request)
    if (handler) handler(request, response)
    else answer(response, 404, 'Here are /metrics, /healthz and /readyz.\n')
  })

export const answer = (
  response: ServerResponse,
  status: number,
  body: string,
  headers: Record<string, string> = {},
): void => {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store', ...headers })
  response.end(body)
}

const handlerOf = (handlers: RelayHandlers, { method, url = '' }: IncomingMessage): RequestHandler | undefined => {
  if (method !== 'GET' && method !== 'HEAD') return undefined
  const [path] = url.split('?')
  if (path === '/healthz') return handlers.healthz
  if (path === '/readyz') return handlers.readyz
  return path === '/metrics' ? handlers.metrics : undefined
}

/** A server on which nobody holds a place by sending half a request. */
const createGuardedServer = ({ requestTimeout, connections }: RelayLimits, listener: RequestHandler): Server => {
  const server = createServer(
    {
      headersTimeout: requestTimeout,
      requestTimeout,
      keepAliveTimeout: 5_000,
      // Node looks for late requests only so often, by default every 30 s.
      connectionsCheckingInterval: Math.min(1_000, requestTimeout),
    },
    listener,
  )
  // What did not upgrade (yet) is no connection of the relay, so it has a bound of its own.
  server.maxConnections = 2 * connections
  return server
}

/** Drops sockets of an address that has too many, so that no address takes all places with requests it never ends. */
const limitPerAddress = (server: Server, most: number): void => {
  const open = new Map<string, number>()
  server.on('connection', (socket) => {
    const key = addressKey(socket.remoteAddress ?? '')
    const count = open.get(key) ?? 0
    if (count >= most) {
      socket.destroy()
      return
    }
    open.set(key, count + 1)
    socket.on('close', () => {
      const left = (open.get(key) ?? 1) - 1
      if (left === 0) open.delete(key)
      else open.set(key, left)
    })
  })
}
