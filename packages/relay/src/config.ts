import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { createOptions } from './config-options.ts'
import { defaultLimits, type RelayLimits } from './limits.ts'
import type { AllowedOrigins } from './origin.ts'

/** Everything that the command line can be told. */
export interface RelayConfig {
  readonly port: number
  readonly host: string
  readonly path: string
  readonly metricsPort?: number
  readonly trustProxy: number
  readonly origins: AllowedOrigins
  readonly jwtSecret?: string
  readonly jwtJwksUrl?: string
  readonly jwtIssuer?: string
  readonly jwtAudience?: string
  readonly jwtAnyRoom: boolean
  readonly logLevel: string
  readonly limits: RelayLimits
}

/**
 * Reads the configuration: a flag beats its environment variable, which beats the file of `--config`, which beats the
 * default. Ends the process with a message when something is wrong, and after `--help`.
 */
export const readConfig = (argv: readonly string[], command: Command = createCommand()): RelayConfig => {
  command.parse(argv, { from: 'user' })
  const file: unknown = command.getOptionValue('config')
  if (typeof file === 'string') applyFile(command, file)
  const values = command.opts<Omit<RelayConfig, 'limits'> & RelayLimits>()
  const names = Object.keys(defaultLimits) as (keyof RelayLimits)[]
  return { ...values, limits: Object.fromEntries(names.map((name) => [name, values[name]])) as unknown as RelayLimits }
}

/** The command, unused; separate so that a test can keep it from ending the process. */
export const createCommand = (): Command => {
  const command = new Command('parley-relay')
    .description('The WebSocket relay of Parley. Without options it serves this machine only.')
    .configureHelp({ helpWidth: 110 })
    .helpOption('-h, --help', 'show this')
    .addHelpText('after', helpEnd)
  for (const option of createOptions()) command.addOption(option)
  return command
}

const helpEnd = `
Each option is also an environment variable, as shown, and a key of the file of --config, in camel case:
  { "port": 8787, "origins": ["https://app.example"], "peersPerRoom": 16 }
A flag beats the environment, the environment beats the file, and the file beats the default.

Examples:
  parley-relay
  parley-relay --host 0.0.0.0 --origins https://app.example --jwt-jwks-url https://id.example/jwks.json`

const applyFile = (command: Command, file: string): void => {
  for (const [key, value] of Object.entries(readFile(command, file))) {
    const option = command.options.find((candidate) => candidate.attributeName() === key && key !== 'config')
    if (!option) command.error(`error: ${file} has an unknown key ${JSON.stringify(key)}`)
    if (command.getOptionValueSource(key) !== 'default' && command.getOptionValueSource(key) !== undefined) continue
    try {
      const text = String(value)
      command.setOptionValueWithSource(key, option.parseArg ? option.parseArg(text, undefined) : text, 'config')
    } catch (error) {
      command.error(`error: ${file}: ${key} is ${JSON.stringify(value)}. ${(error as Error).message}`)
    }
  }
}

const readFile = (command: Command, file: string): object => {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'))
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
    command.error(`error: ${file} must hold one JSON object`)
  } catch (error) {
    command.error(`error: the file of --config cannot be read: ${(error as Error).message}`)
  }
}
