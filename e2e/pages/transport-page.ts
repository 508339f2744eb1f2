import type { SignalingLink } from '@parley-rtc/core'
import { transportChecks, type TransportCheck } from '@parley-rtc/core/testing'
import { broadcastChannelTransport } from '@parley-rtc/transport-broadcastchannel'

/** One call of a transport, with the time of the machine in milliseconds. */
export interface LoggedCall {
  readonly type: 'open' | 'message' | 'joined' | 'left' | 'unreachable' | 'close'
  readonly at: number
  readonly id?: string
  readonly instance?: string
  readonly text?: string
}

/** A link of this page, with all that its transport called. */
export interface LoggedLink extends SignalingLink {
  readonly log: LoggedCall[]
}

const links: Record<string, LoggedLink> = {}

const join = (room: string, id: string, instance: string): LoggedLink => {
  const log: LoggedCall[] = []
  const note = (type: LoggedCall['type'], what: Omit<LoggedCall, 'type' | 'at'> = {}): void => {
    log.push({ type, at: performance.timeOrigin + performance.now(), ...what })
  }
  const link = broadcastChannelTransport()({
    room,
    self: { id, instance },
    onOpen: () => note('open'),
    onMessage: (from, text) => note('message', { id: from, text }),
    onPresence: ({ type, peer }) => note(type, { ...peer }),
    onUnreachable: (to) => note('unreachable', { id: to }),
    onClose: () => note('close'),
  })
  return (links[instance] = { ...link, log })
}

const checks: readonly TransportCheck[] = transportChecks({
  transport: () => broadcastChannelTransport(),
  // The one way to lose a lock that is held.
  disconnect: ({ id, instance }, room) =>
    navigator.locks.request(['parley', room, id, instance].join('\n'), { steal: true }, () => {}),
})

/** What tests reach through `window.e2e`. */
const driver = {
  checks: (): readonly string[] => checks.map((check) => check.name),
  /** Runs one check; returns why it failed, or an empty text. */
  check: (name: string): Promise<string> => {
    const run = checks.find((check) => check.name === name)?.run ?? (() => Promise.reject(new Error('no such check')))
    return run().then(() => '', String)
  },
  join,
  /** What the link of an instance of this page was told; nothing for an unknown one. */
  log: (instance: string): readonly LoggedCall[] => links[instance]?.log ?? [],
  send: (instance: string, to: string, text: string): void => links[instance]?.send(to, text),
  close: (instance: string): Promise<void> | undefined => links[instance]?.close(),
  /** Starts a worker that joins and answers each message with the same text in capitals. */
  startWorker: (kind: 'dedicated' | 'shared', room: string, id: string, instance: string): void => {
    const name = JSON.stringify({ room, id, instance })
    if (kind === 'dedicated') {
      worker = new Worker(new URL('./echo-worker.ts', import.meta.url), { type: 'module', name })
      worker.onerror = ({ message }) => console.error(message)
    } else {
      shared = new SharedWorker(new URL('./echo-worker.ts', import.meta.url), { type: 'module', name })
      shared.onerror = () => console.error('The shared worker failed.')
    }
  },
  stopWorker: (): void => worker?.terminate(),
  /** The names of all locks of this origin, waiting ones too. */
  locks: async (): Promise<readonly string[]> => {
    const { held = [], pending = [] } = await navigator.locks.query()
    return [...held, ...pending].map(({ name }) => String(name))
  },
  broadcastChannelTransport,
}

let worker: Worker | undefined
let shared: SharedWorker | undefined

/** The driver of the page `transport`. */
export type TransportDriver = typeof driver

Object.assign(window, { e2e: driver })
document.documentElement.setAttribute('data-ready', '')
