import type { Clock } from './clock.ts'
import { keepNewest } from './keep-newest.ts'
import type { Dialog } from './signaling/dialog.ts'

/** ms for which an ended dialog still repeats and confirms its end, and a half-open one waits for its offer. */
const linger = 30_000

/** The dialogs of a peer by their session, and which of them are over. */
export const createDialogBook = (clock: Clock) => {
  const dialogs = new Map<string, Dialog>()
  const timers = new Map<string, unknown>()
  const ended = new Set<string>()

  /** Takes back `forgetLater`. */
  const keep = (session: string): void => {
    clock.clearTimeout(timers.get(session))
    timers.delete(session)
  }
  const forget = (session: string): void => {
    keep(session)
    dialogs.get(session)?.close()
    dialogs.delete(session)
    ended.add(session)
    keepNewest(ended)
  }
  const forgetLater = (session: string): void => {
    keep(session)
    const timer = clock.setTimeout(() => forget(session), linger)
    timers.set(session, timer)
  }
  return { dialogs, hasEnded: (session: string) => ended.has(session), keep, forget, forgetLater }
}
