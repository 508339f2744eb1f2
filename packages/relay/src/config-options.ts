import { InvalidArgumentError, Option } from 'commander'
import { defaultLimits, type RelayLimits } from './limits.ts'
import type { AllowedOrigins } from './origin.ts'

/** The options of the command line, in the order of its help. New ones at each call: commander keeps state in them. */
export const createOptions = (): Option[] =>
  [
    ...grouped('Listening:', [
      new Option('--port <port>', 'port; 0 takes a free one').default(8787).argParser(port),
      new Option('--host <address>', 'address to bind; 0.0.0.0 or :: is every one').default('127.0.0.1'),
      new Option('--path <path>', 'path of the WebSocket').default('/').argParser(path),
      new Option('--metrics-port <port>', '/metrics on a port of its own, instead of for this machine only').argParser(
        port,
      ),
      new Option('--trust-proxy <count>', 'how many proxies of yours append to X-Forwarded-For')
        .default(0)
        .argParser(wholeNumber(0)),
    ]),
    ...grouped('Who may connect:', [
      new Option('--origins <list>', 'pages that may: "loopback", "any", or origins with commas between')
        .default('loopback')
        .argParser(origins),
      new Option('--jwt-secret <text>', 'checks tokens by a shared secret; better in the environment than in a flag'),
      new Option('--jwt-jwks-url <url>', 'checks tokens by the public keys that are published there'),
      new Option('--jwt-issuer <text>', 'the "iss" that tokens must have'),
      new Option('--jwt-audience <text>', 'the "aud" that tokens must have'),
      new Option('--jwt-any-room [yes|no]', 'lets tokens without the claim "rooms" into every room')
        .default(false)
        .preset('yes')
        .argParser(yesOrNo),
    ]),
    ...grouped('Limits:', limitOptions()),
    ...grouped('Other:', [
      new Option('--log-level <level>', 'what is logged, as JSON lines')
        .choices(['debug', 'info', 'warn', 'error', 'silent'])
        .default('info'),
      new Option('--config <file>', 'a JSON file with any of these options'),
    ]),
  ].map((option) => option.env(variableOf(option)))

const grouped = (group: string, options: readonly Option[]): Option[] =>
  options.map((option) => option.helpGroup(group))

const variableOf = (option: Option): string => `PARLEY_RELAY_${option.name().replaceAll('-', '_').toUpperCase()}`

const limitOptions = (): Option[] =>
  (Object.keys(defaultLimits) as (keyof RelayLimits)[]).map((name) => {
    const [unit, text] = limitTexts[name]
    const flag = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
    return new Option(`--${flag} <${unit}>`, text).default(defaultLimits[name]).argParser(wholeNumber(1))
  })

const limitTexts: Record<keyof RelayLimits, readonly [unit: string, text: string]> = {
  frameBytes: ['bytes', 'longest frame; a longer one closes the connection with 1009'],
  helloBytes: ['bytes', 'longest first frame'],
  helloTimeout: ['ms', 'time for the first frame and its authorization'],
  fragments: ['count', 'fragments of one message'],
  bufferedChunks: ['count', 'pieces in which an unfinished frame may wait'],
  requestTimeout: ['ms', 'time for an HTTP request'],
  peersPerRoom: ['count', 'peers of one room'],
  rooms: ['count', 'rooms'],
  connections: ['count', 'connections in all'],
  connectionsPerAddress: ['count', 'connections of one address (IPv6: of one /64)'],
  connectsPerSecond: ['count', 'new connections a second of one address'],
  connectBurst: ['count', 'new connections of one address at once'],
  messagesPerSecond: ['count', 'frames a second of one connection'],
  messageBurst: ['count', 'frames of one connection at once'],
  bytesPerSecond: ['bytes', 'bytes a second of one connection'],
  byteBurst: ['bytes', 'bytes of one connection at once'],
  slowDowns: ['count', 'times over the rate within 10 s that close with 4429'],
  malformedFrames: ['count', 'malformed frames that close with 1008'],
  bufferedBytes: ['bytes', 'what may wait for a slow reader; more closes with 1013'],
  holdTime: ['ms', 'how long the id of a lost peer is held for it'],
  holdFrames: ['count', 'frames that wait for one held id'],
  holdBytes: ['bytes', 'bytes that wait for one held id'],
  heldBytes: ['bytes', 'bytes that wait for all held ids'],
  pingInterval: ['ms', 'time between two pings'],
  pingTimeout: ['ms', 'silence after a ping that ends a connection'],
  proofTimeout: ['ms', 'time for a sign of life when somebody asks for an id'],
}

const wholeNumber =
  (least: number) =>
  (text: string): number => {
    const value = Number(text)
    if (text.trim() !== '' && Number.isInteger(value) && value >= least) return value
    throw new InvalidArgumentError(`It must be a whole number from ${least} on.`)
  }

const port = (text: string): number => {
  const value = wholeNumber(0)(text)
  if (value <= 65_535) return value
  throw new InvalidArgumentError('A port is at most 65535.')
}

const path = (text: string): string => {
  if (text.startsWith('/')) return text
  throw new InvalidArgumentError('A path begins with a slash.')
}

const yesOrNo = (text: string): boolean => {
  if (['true', 'yes', '1'].includes(text)) return true
  if (['false', 'no', '0'].includes(text)) return false
  throw new InvalidArgumentError('It must be yes or no.')
}

const origins = (text: string): AllowedOrigins =>
  text === 'any' || text === 'loopback'
    ? text
    : text
        .split(',')
        .map((origin) => origin.trim())
        .filter(Boolean)
