import type { Clock } from '../clock.ts'
import type { CandidateCounters } from '../negotiation/candidates.ts'
import type { DeliveryCounters } from '../signaling/delivery.ts'
import type { SessionContext } from './machine-setup.ts'
import type { SessionEnd } from './session-event.ts'
import type { SessionSnapshot } from './session-snapshot.ts'

/** One step of a session or of its negotiation. */
export interface SessionPhase {
  readonly name: string
  /** ms since the session began. */
  readonly at: number
}

/** Why a session connected, or did not. Plain data, to log or to attach to a bug report. */
export interface SessionReport {
  readonly snapshot: SessionSnapshot
  readonly end: SessionEnd | undefined
  /** The states of the session and, with the prefix `negotiation.`, of its negotiation; the last 128. */
  readonly phases: readonly SessionPhase[]
  readonly candidates: CandidateCounters
  /** What signaling did over a medium that may lose, double and reorder. */
  readonly delivery: Readonly<DeliveryCounters>
  /** Events that had no meaning in the state they met. */
  readonly ignored: number
}

const maxPhases = 128

/** Writes down what a session goes through. */
export const createReport = (clock: Clock) => {
  const begin = clock.now()
  const phases: SessionPhase[] = []
  let last: Partial<SessionSnapshot> = {}

  const elapsed = () => clock.now() - begin
  const add = (name: string) => {
    phases.push({ name, at: elapsed() })
    if (phases.length > maxPhases) phases.shift()
  }
  return {
    elapsed,
    phase: (next: SessionSnapshot): void => {
      if (next.status !== last.status) add(next.status)
      if (next.negotiation && next.negotiation !== last.negotiation) add(`negotiation.${next.negotiation}`)
      last = next
    },
    create: (
      snapshot: SessionSnapshot,
      { end, candidates, ignored }: SessionContext,
      delivery: Readonly<DeliveryCounters>,
    ): SessionReport => ({
      snapshot,
      end,
      phases: [...phases],
      candidates,
      delivery: { ...delivery },
      ignored,
    }),
  }
}
