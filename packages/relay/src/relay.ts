import type { IncomingMessage, Server } from 'node:http'
import type { Server as SecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { Registry } from 'prom-client'
import { createAdmission } from './admission.ts'
import type { Authorize } from './authorize.ts'
import { systemClock, type Clock } from './clock.ts'
import type { Connection } from './connection.ts'
import type { RelayContext } from './context.ts'
import { createCounters, type RelayCounters } from './counters.ts'
import { drainConnections } from './drain.ts'
import { answer, createMetricsServer, createRelayServer, type RelayHandlers } from './http.ts'
import { resolveLimits, type RelayLimits } from './limits.ts'
import { listenOn, stopServer } from './listen.ts'
import { createPseudonyms, createReport, silentLogger, type RelayLogger } from './log.ts'
import { registerMetrics } from './metrics.ts'
import { originTest, type AllowedOrigins } from './origin.ts'
import { createRooms } from './rooms.ts'
import { createSweep } from './sweep.ts'
import { createUpgradeHandler } from './upgrade.ts'
import { closeCodes } from './wire.ts'

/** Options of {@link createRelay}. */
export interface RelayOptions {
  /** A server of your own: the relay takes the WebSocket upgrades of `path`, and leaves the rest to you. */
  readonly server?: Server | SecureServer
  /** Port of a server of the relay's own. Default 8787; 0 takes a free one. */
  readonly port?: number
  /** Address that it binds. Default `127.0.0.1`. */
  readonly host?: string
  /** Path of the WebSocket. Default `/`. */
  readonly path?: string
  /** Serves the metrics on a port of their own, on the same host, instead of to this machine on the main one. */
  readonly metricsPort?: number
  /** Which pages may connect: `loopback` (default), `any`, or exact origins such as `https://app.example`. */
  readonly origins?: AllowedOrigins
  /** Says who may join as whom, and where. Default: everybody who gets here, as whoever is not taken. */
  readonly authorize?: Authorize
  /** Other limits than the defaults. */
  readonly limits?: Partial<RelayLimits>
  /** How many proxies of yours stand before the relay and append to `X-Forwarded-For`. Default 0. */
  readonly trustProxy?: number
  /** A logger, such as pino's. Default: silence. */
  readonly logger?: RelayLogger
  /** The registry that the metrics go to. Default: one of the relay's own. */
  readonly metrics?: Registry
  /** Where time comes from. Default: this machine. */
  readonly clock?: Clock
  /** Random numbers from 0 to below 1, for spreading reconnects. Default `Math.random`. */
  readonly random?: () => number
}

/** Where a relay listens. */
export interface RelayAddress {
  readonly host: string
  readonly port: number
  /** What a client connects to. */
  readonly url: string
  /** The port of the metrics, if they have one of their own. */
  readonly metricsPort: number | undefined
}

/** A relay that runs, or will when it listens. */
export interface Relay {
  /** Binds the server of the relay's own. Rejects when it was given yours: that one you start yourself. */
  readonly listen: () => Promise<RelayAddress>
  /** Ends everything at once. Idempotent. A server of yours goes on without the relay. */
  readonly close: () => Promise<void>
  /** Refuses newcomers, asks the clients to come back later, closes them over 10 s, then everything. At most 15 s. */
  readonly drain: () => Promise<void>
  /** For servers that route upgrades themselves; a relay that was given a `server` takes them on its own. */
  readonly handleUpgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void
  /** For servers of yours: mount them where you like. */
  readonly handlers: RelayHandlers
  /** What happened since the relay was made. Live. */
  readonly counters: Readonly<RelayCounters>
}

/** Makes a relay. Throws a TypeError when an option cannot be. */
export const createRelay = (options: RelayOptions = {}): Relay => {
  const { server: yours, host = '127.0.0.1', port = 8787, path = '/', metricsPort, trustProxy = 0 } = options
  const { clock = systemClock, random = Math.random, logger = silentLogger, metrics = new Registry() } = options
  const limits = resolveLimits(options.limits)
  const counters = createCounters()
  const rooms = createRooms<Connection>(limits)
  const admission = createAdmission(limits)
  const connections = new Set<Connection>()
  const gauges = () => ({ connections: connections.size, ...rooms.counts() })
  const context: RelayContext = {
    limits,
    rooms,
    counters,
    connections,
    logger,
    pseudonym: createPseudonyms(),
    authorize: options.authorize,
    observeJoin: registerMetrics(metrics, { counters, gauges }),
    now: clock.now(),
  }
  const report = createReport(logger, counters)
  const sweep = createSweep(context, clock, () => {
    admission.sweep(context.now)
    report(context.now)
  })
  let state: 'running' | 'draining' | 'closed' = 'running'
  let closing: Promise<void> | undefined

  const upgrade = createUpgradeHandler({
    context,
    admission,
    allowsOrigin: originTest(options.origins ?? 'loopback'),
    allowsPrograms: options.origins === 'any' || options.authorize !== undefined,
    trustProxy,
    isDraining: () => state !== 'running',
    wake: sweep.start,
  })
  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    if (request.url?.split('?')[0] === path) upgrade(request, socket, head)
    // Somebody else may serve other paths of this server. If nobody does, the socket would stay open for nothing.
    else if (server.listenerCount('upgrade') === 1) socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n')
  }

  const handlers: RelayHandlers = {
    healthz: (_request, response) => answer(response, 200, 'ok\n'),
    readyz: (_request, response) =>
      state === 'running' ? answer(response, 200, 'ready\n') : answer(response, 503, `${state}\n`),
    metrics: (_request, response) => {
      metrics.metrics().then(
        (text) => answer(response, 200, text, { 'Content-Type': metrics.contentType }),
        (error: unknown) => {
          logger.error({ err: error }, 'the metrics cannot be read')
          answer(response, 500, 'The metrics cannot be read.\n')
        },
      )
    },
  }
  const own = { handlers, servesMetrics: metricsPort === undefined, isBehindProxy: trustProxy > 0, limits }
  const server = yours ?? createRelayServer(own)
  const metricsServer = metricsPort === undefined ? undefined : createMetricsServer(handlers, limits)
  server.on('upgrade', onUpgrade)

  const close = async (): Promise<void> => {
    state = 'closed'
    sweep.stop()
    server.off('upgrade', onUpgrade)
    for (const { socket } of connections) {
      socket.close(closeCodes.stopping, 'the relay stops')
      socket.terminate()
    }
    await Promise.all([yours ? undefined : stopServer(server), metricsServer && stopServer(metricsServer)])
  }

  return {
    listen: async () => {
      if (yours) throw new Error('This relay was given a server: call listen() of that one.')
      await listenOn(server, port, host)
      if (metricsServer && metricsPort !== undefined) await listenOn(metricsServer, metricsPort, host)
      const bound = (server.address() as AddressInfo).port
      const shown = host.includes(':') ? `[${host}]` : host
      const metricsBound = (metricsServer?.address() as AddressInfo | undefined)?.port
      return { host, port: bound, url: `ws://${shown}:${bound}${path}`, metricsPort: metricsBound }
    },
    close: () => (closing ??= close()),
    drain: async () => {
      if (state === 'running') {
        state = 'draining'
        logger.info(gauges(), 'draining')
        await drainConnections(context, clock, random)
      }
      await (closing ??= close())
    },
    handleUpgrade: upgrade,
    handlers,
    counters,
  }
}
