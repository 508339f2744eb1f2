import type { Clock } from '../clock.ts'

/** What travels in one direction between two connections: reliable and in order, however long the path is down. */
export interface Flow {
  readonly push: (arrive: () => void) => void
  /** Goes on after the path was down. */
  readonly resume: () => void
  readonly close: () => void
}

/** Creates a flow whose items take `latency` milliseconds and wait while the path is down. */
export const createFlow = (clock: Clock, latency: number, isUp: () => boolean): Flow => {
  const queue: { readonly at: number; readonly arrive: () => void }[] = []
  let timer: unknown

  const plan = (): void => {
    const first = queue[0]
    if (timer !== undefined || first === undefined) return
    timer = clock.setTimeout(run, Math.max(0, first.at - clock.now()))
  }

  const run = (): void => {
    timer = undefined
    if (!isUp()) return
    // One item a task, so that everything the receiver does about it happens before the next.
    queue.shift()?.arrive()
    plan()
  }

  return {
    push: (arrive) => {
      queue.push({ at: clock.now() + latency, arrive })
      plan()
    },
    resume: plan,
    close: () => {
      queue.length = 0
      if (timer !== undefined) clock.clearTimeout(timer)
      timer = undefined
    },
  }
}
