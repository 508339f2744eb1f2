import { createRandom } from './random.ts'

/** What a bad network does to messages. All faults are off by default. */
export interface FaultOptions {
  /** The same seed gives the same faults. Default 1. */
  readonly seed?: number
  /** The share of messages that are lost, 0 to 1. Default 0. */
  readonly loss?: number
  /** The share of messages that arrive twice, 0 to 1. Default 0. */
  readonly duplicate?: number
  /** The largest random delay added to each copy, in milliseconds: what lets messages overtake. Default 0. */
  readonly reorder?: number
  /** The delay of each message, in milliseconds. Default 0. */
  readonly delay?: number
}

/** The delays, in milliseconds, after which the copies of one message arrive. Empty: it is lost. */
export type Fate = readonly number[]

/** Decides what happens to each message, one after the other. */
export const createFates = (options: FaultOptions = {}): (() => Fate) => {
  const { seed = 1, loss = 0, duplicate = 0, reorder = 0, delay = 0 } = options
  const random = createRandom(seed)
  // Each message takes the same number of draws, so changing one knob keeps the fates that the others decide.
  return () => {
    const lost = random() < loss
    const doubled = random() < duplicate
    const first = delay + random() * reorder
    const second = delay + random() * reorder
    if (lost) return []
    return doubled ? [first, second] : [first]
  }
}
