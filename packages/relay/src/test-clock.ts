import type { Clock } from './clock.ts'

/** A clock for tests: time passes when `advance` says so. */
export interface TestClock extends Clock {
  readonly advance: (ms: number) => void
}

export const createTestClock = (): TestClock => {
  const timers = new Map<object, { readonly at: number; readonly run: () => void }>()
  let now = 1_000_000
  return {
    now: () => now,
    setTimeout: (run, ms) => {
      const id = {}
      timers.set(id, { at: now + ms, run })
      return id
    },
    clearTimeout: (id) => void timers.delete(id as object),
    advance: (ms) => {
      const end = now + ms
      for (;;) {
        const due = [...timers].filter(([, { at }]) => at <= end)
        const [next] = due.sort(([, a], [, b]) => a.at - b.at)
        if (!next) break
        const [id, { at, run }] = next
        timers.delete(id)
        now = Math.max(now, at)
        run()
      }
      now = end
    },
  }
}
