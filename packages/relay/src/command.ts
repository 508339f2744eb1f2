import { pino, type DestinationStream } from 'pino'
import { collectDefaultMetrics, Registry } from 'prom-client'
import { isLoopback } from './address.ts'
import { readConfig, type RelayConfig } from './config.ts'
import { jwtAuthorize } from './jwt.ts'
import type { RelayLogger } from './log.ts'
import { createRelay, type Relay } from './relay.ts'

/** What the command needs of its process. */
export interface RelayProcess {
  readonly argv: readonly string[]
  readonly on: (signal: 'SIGTERM' | 'SIGINT', listener: () => void) => void
  readonly exit: (code: number) => void
  /** Where the log goes. Default: the standard output. */
  readonly log?: DestinationStream
}

/** `parley-relay`: starts a relay, says where, and ends it when it is told to. */
export const runRelay = async ({ argv, on, exit, log }: RelayProcess): Promise<void> => {
  const config = readConfig(argv)
  const options = { level: config.logLevel, base: { name: 'parley-relay' } }
  const logger = log ? pino(options, log) : pino(options)
  const relay = createConfiguredRelay(config, logger)
  if (!relay) return exit(1)
  for (const warning of warningsOf(config)) logger.warn(warning)
  try {
    const address = await relay.listen()
    logger.info(address, `listening on ${address.url}`)
  } catch (error) {
    logger.error({ err: error }, `cannot listen on ${config.host}:${config.port}`)
    await relay.close()
    return exit(1)
  }
  stopOnSignals(relay, on, exit, logger)
}

const createConfiguredRelay = (config: RelayConfig, logger: RelayLogger): Relay | undefined => {
  const { jwtSecret: secret, jwtJwksUrl: jwksUrl, jwtIssuer: issuer, jwtAudience: audience, ...rest } = config
  const metrics = new Registry()
  collectDefaultMetrics({ register: metrics })
  const usesTokens = secret !== undefined || jwksUrl !== undefined
  try {
    return createRelay({
      ...rest,
      metrics,
      logger,
      ...(usesTokens && {
        authorize: jwtAuthorize({
          anyRoom: config.jwtAnyRoom,
          ...(secret !== undefined && { secret }),
          ...(jwksUrl !== undefined && { jwksUrl }),
          ...(issuer !== undefined && { issuer }),
          ...(audience !== undefined && { audience }),
        }),
      }),
    })
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const hint = code === 'EADDRINUSE' ? '; is a relay running already? Another port is --port 8788' : ''
    logger.error({ err: error }, `cannot start: ${message}${hint}`)
    return undefined
  }
}

/** What somebody should know who lets other machines in. */
export const warningsOf = ({ host, origins, jwtSecret, jwtJwksUrl }: RelayConfig): string[] => {
  if (isLoopback(host) || host === 'localhost') return []
  const warnings: string[] = []
  if (jwtSecret === undefined && jwtJwksUrl === undefined)
    warnings.push(`EVERYBODY who reaches ${host} may join every room as anybody: set --jwt-secret or --jwt-jwks-url`)
  if (origins === 'any')
    warnings.push('EVERY web page may connect with the browsers of its visitors: list yours with --origins')
  if (origins === 'loopback')
    warnings.push('only pages of this machine may connect: list the origins of yours with --origins')
  return warnings
}

const stopOnSignals = (relay: Relay, on: RelayProcess['on'], exit: RelayProcess['exit'], logger: RelayLogger): void => {
  let stops = 0
  const stop = async (): Promise<void> => {
    if (++stops === 1) {
      logger.info({}, 'stopping: sends everybody away within 15 s; a second signal stops it at once')
      await relay.drain()
    } else await relay.close()
    exit(stops === 1 ? 0 : 1)
  }
  const onSignal = (): void => {
    stop().catch((error: unknown) => {
      logger.error({ err: error }, 'the relay did not stop')
      exit(1)
    })
  }
  on('SIGTERM', onSignal)
  on('SIGINT', onSignal)
}
