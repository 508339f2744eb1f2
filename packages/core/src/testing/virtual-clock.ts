import type { Clock } from '../clock.ts'

/** A clock that stands still until the test moves it. */
export interface VirtualClock extends Clock {
  /** Moves the time by `ms`, runs each timer at its own instant, and lets every promise settle in between. */
  advance(ms: number): Promise<void>
  /**
   * Runs timers until the predicate holds, for at most `limitMs` of virtual time. The predicate is asked after each
   * timer. Resolves with whether it held; the time then stands where it first did.
   */
  runUntil(predicate: () => boolean, limitMs: number): Promise<boolean>
  /** How many timers wait. Zero after everything was closed, or something leaks. */
  readonly pending: number
}

/** How a virtual clock waits for what is not a timer. */
export interface VirtualClockOptions {
  /** Where the time starts, in milliseconds. Default 0. */
  readonly start?: number
  /**
   * Waits until no promise can move without a timer. The default waits one macrotask, which is behind every promise
   * continuation; give another one for work that another thread does, such as WebCrypto.
   */
  readonly settle?: () => Promise<void>
}

interface Timer {
  readonly at: number
  readonly run: () => void
}

/** More timers than this at one instant are an endless loop, and an error says more than a test that hangs. */
const MAX_TIMERS_PER_INSTANT = 100_000

/** Creates a clock for tests: hours pass in milliseconds, and the same way in each run. */
export const createVirtualClock = (options: VirtualClockOptions = {}): VirtualClock => {
  const settle = options.settle ?? createMacrotask()
  const timers = new Map<number, Timer>()
  let time = options.start ?? 0
  let lastId = 0
  let ranAtThisInstant = 0

  const next = (limit: number): number | undefined => {
    let earliest: number | undefined
    let at = limit
    // A Map keeps the order of insertion, so `<` alone makes timers of one instant run in the order they were set.
    for (const [id, timer] of timers) {
      if (earliest === undefined ? timer.at <= at : timer.at < at) {
        earliest = id
        at = timer.at
      }
    }
    return earliest
  }

  const fire = (id: number): void => {
    const timer = timers.get(id)
    if (timer === undefined) return
    timers.delete(id)
    ranAtThisInstant = timer.at > time ? 1 : ranAtThisInstant + 1
    if (ranAtThisInstant > MAX_TIMERS_PER_INSTANT) {
      throw new Error(
        `${MAX_TIMERS_PER_INSTANT} timers ran at ${time} ms without time passing: look for a timer of 0 ms`,
      )
    }
    time = Math.max(time, timer.at)
    timer.run()
  }

  const runUntil = async (predicate: () => boolean, limitMs: number): Promise<boolean> => {
    const limit = time + limitMs
    await settle()
    for (;;) {
      if (predicate()) return true
      const id = next(limit)
      if (id === undefined) break
      fire(id)
      await settle()
    }
    time = Math.max(time, limit)
    return predicate()
  }

  return {
    now: () => time,
    setTimeout: (run, ms) => {
      lastId += 1
      timers.set(lastId, { at: time + (ms > 0 ? ms : 0), run })
      return lastId
    },
    clearTimeout: (id) => {
      timers.delete(id as number)
    },
    advance: async (ms) => {
      await runUntil(() => false, ms)
    },
    runUntil,
    get pending() {
      return timers.size
    },
  }
}

/** A wait for the next task of the event loop. Browsers have no setImmediate and hold nested timeouts for 4 ms. */
const createMacrotask = (): (() => Promise<void>) => {
  const { setImmediate } = globalThis as { setImmediate?: (run: () => void) => unknown }
  if (setImmediate !== undefined) {
    return () =>
      new Promise((resolve) => {
        setImmediate(resolve)
      })
  }
  const { port1, port2 } = new MessageChannel()
  const waiting: (() => void)[] = []
  port1.onmessage = () => waiting.shift()?.()
  return () =>
    new Promise((resolve) => {
      waiting.push(resolve)
      port2.postMessage(undefined)
    })
}
