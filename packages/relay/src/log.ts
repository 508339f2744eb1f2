import { createHmac, randomBytes } from 'node:crypto'
import type { RelayCounters } from './counters.ts'

/** What the relay needs of a logger; that of pino fits, and so does Fastify's. */
export interface RelayLogger {
  readonly debug: LogMethod
  readonly info: LogMethod
  readonly warn: LogMethod
  readonly error: LogMethod
}

type LogMethod = (fields: object, message: string) => void

export const silentLogger: RelayLogger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/**
 * Names an id or a room in the log without telling it: equal names look equal within one process, and no list of names
 * can be tried on the log afterwards, because the salt is gone with the process.
 */
export const createPseudonyms = (): ((name: string) => string) => {
  const salt = randomBytes(32)
  return (name) => createHmac('sha256', salt).update(name).digest('base64url').slice(0, 12)
}

/**
 * Says what was dropped or refused, once a minute at most and only when there is something new: a line for each would
 * let an attacker fill the disk.
 */
export const createReport = (logger: RelayLogger, { dropped, refused, ended }: RelayCounters) => {
  let before = new Map<string, number>()
  let last = Number.NEGATIVE_INFINITY
  return (now: number): void => {
    if (now - last < reportInterval) return
    last = now
    const counts = Object.entries({ ...dropped, ...refused, ...ended }).filter(([name]) => !usual.has(name))
    const news = counts.map(([name, count]) => [name, count - (before.get(name) ?? 0)] as const)
    before = new Map(counts)
    const fields = Object.fromEntries(news.filter(([, count]) => count > 0))
    if (Object.keys(fields).length > 0) logger.warn(fields, 'dropped, refused or ended in the last minute')
  }
}

const reportInterval = 60_000

/** What happens on any good day. */
const usual = new Set<string>(['left', 'lost', 'replaced', 'stopping', 'closing'])
