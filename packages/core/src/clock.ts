/** ms; the longest that a timer can wait. What is longer fires at once (WHATWG HTML, 8.6). */
export const longestWait = 2 ** 31 - 1

/** Where time comes from. Everything in Parley that waits takes one, so that a test can own the time. */
export interface Clock {
  /** Milliseconds from an arbitrary start. Never goes backwards, unlike the date. */
  now(): number
  /** Runs once after at least `ms` milliseconds, never synchronously. */
  setTimeout(run: () => void, ms: number): unknown
  /** Forgets a timer. A timer that already ran, or is unknown, is ignored. */
  clearTimeout(id: unknown): void
}

/** The time of this machine. Touches globals only when it is called, so it can be imported anywhere. */
export const systemClock: Clock = {
  now: () => performance.now(),
  setTimeout: (run, ms) => setTimeout(run, ms),
  clearTimeout: (id) => {
    clearTimeout(id as Parameters<typeof clearTimeout>[0])
  },
}
