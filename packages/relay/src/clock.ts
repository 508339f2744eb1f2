/** Where the relay takes its time from, so that a test can own it. */
export interface Clock {
  /** Milliseconds from an arbitrary start, never backwards. */
  now(): number
  /** Runs once after at least `ms` milliseconds, never synchronously. */
  setTimeout(run: () => void, ms: number): unknown
  /** Forgets a timer; one that is unknown or already ran is ignored. */
  clearTimeout(id: unknown): void
}

/** The time of this machine. */
export const systemClock: Clock = {
  now: () => performance.now(),
  setTimeout: (run, ms) => setTimeout(run, ms),
  clearTimeout: (id) => {
    clearTimeout(id as Parameters<typeof clearTimeout>[0])
  },
}
