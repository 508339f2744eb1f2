import type { Clock } from '../clock.ts'
import { createCandidate, createEndOfCandidates, type FakeIceCandidate } from './fake-candidates.ts'
import type { FakeBehavior } from './fake-profile.ts'

/** What a gatherer tells its connection. */
export interface GathererOptions {
  readonly behavior: FakeBehavior
  readonly clock: Clock
  /** How many host candidates each generation has. */
  readonly count: number
  /** Milliseconds between two candidates. */
  readonly latency: number
  readonly port: number
  readonly onState: (state: RTCIceGatheringState) => void
  readonly onCandidate: (candidate: FakeIceCandidate | null) => void
}

/** Gathers the candidates of one ICE generation after the other. */
export interface Gatherer {
  /** Starts with a generation, unless it is the one that was gathered last. */
  readonly gather: (ufrag: string, mid: string) => void
  /** The candidate lines of a generation so far, and whether that is all. */
  readonly gathered: (ufrag: string) => { readonly lines: readonly string[]; readonly complete: boolean }
  /** Forgets what was gathered: the description was rolled back. */
  readonly reset: () => void
  readonly stop: () => void
}

/** Creates a gatherer that has gathered nothing. */
export const createGatherer = (options: GathererOptions): Gatherer => {
  const { behavior, clock, count, latency, port, onState, onCandidate } = options
  const lines = new Map<string, string[]>()
  let current: string | undefined
  let complete = false
  let timer: unknown

  const stop = (): void => {
    if (timer !== undefined) clock.clearTimeout(timer)
    timer = undefined
  }

  const next = (ufrag: string, mid: string, index: number): void => {
    timer = clock.setTimeout(() => {
      if (index < count) {
        const candidate = createCandidate(behavior, { ufrag, mid, port }, index)
        lines.get(ufrag)?.push(candidate.candidate)
        next(ufrag, mid, index + 1)
        onCandidate(candidate)
        return
      }
      timer = undefined
      complete = true
      if (behavior.emptyCandidateFirst) onCandidate(createEndOfCandidates(ufrag, mid))
      if (current !== ufrag) return
      onState('complete')
      onCandidate(null)
    }, latency)
  }

  return {
    gather: (ufrag, mid) => {
      if (current === ufrag) return
      stop()
      current = ufrag
      complete = false
      lines.set(ufrag, [])
      timer = clock.setTimeout(() => {
        next(ufrag, mid, 0)
        onState('gathering')
      }, 0)
    },
    gathered: (ufrag) => ({ lines: lines.get(ufrag) ?? [], complete: current !== ufrag || complete }),
    reset: () => {
      stop()
      current = undefined
      complete = false
    },
    stop,
  }
}
