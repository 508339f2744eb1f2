import type { Clock } from '../clock.ts'
import type { Warning } from '../emitter.ts'
import { listen } from '../listen.ts'
import type { CandidateCounters } from '../negotiation/candidates.ts'
import { readPair, statesOf, type ConnectionReport } from '../rtc/connection-stats.ts'
import type { DeliveryCounters } from '../signaling/delivery.ts'
import type { Message } from '../signaling/message.ts'
import { withResolvers } from '../with-resolvers.ts'
import type { SessionContext } from './machine-setup.ts'
import type { SessionEnd } from './session-event.ts'
import type { SessionSnapshot } from './session-snapshot.ts'

/** One step of a session or of its negotiation. */
export interface SessionPhase {
  readonly name: string
  /** ms since the session began. */
  readonly at: number
}

/** How many there were of each kind. */
export type Counts = Readonly<Record<string, number>>

/** Something of each side. */
interface BothWays<Value> {
  readonly sent: Value
  readonly received: Value
}

/** Why a session connected, or did not. Plain data without addresses and keys, to log or to attach to a bug report. */
export interface SessionReport {
  readonly snapshot: SessionSnapshot
  readonly end: SessionEnd | undefined
  /** The states of the session and, with the prefix `negotiation.`, of its negotiation; the last 128. */
  readonly phases: readonly SessionPhase[]
  /** Signaling messages by their types. */
  readonly signals: BothWays<Counts>
  readonly candidates: CandidateCounters
  /**
   * Candidates that were signaled, by type and protocol, such as `host udp`. One that is `prflx` never is; it can be in
   * `connection.pair`.
   */
  readonly candidateTypes: BothWays<Counts>
  /** What gathering candidates met, by STUN error codes: 401 is a refused credential, 701 a server that is silent. */
  readonly iceErrors: Counts
  /** Warnings of the session by their codes. */
  readonly warnings: Counts
  /**
   * The newest RTCPeerConnection: its states as they are, or were when it was closed, and the pair as it is now. After
   * the end, that is the pair of when it connected, was interrupted or began to end.
   */
  readonly connection: ConnectionReport | undefined
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
  const signals = { sent: {}, received: {} }
  const candidateTypes = { sent: {}, received: {} }
  const iceErrors = {}
  const warnings = {}
  let last: Partial<SessionSnapshot> = {}
  let connection: ConnectionReport | undefined
  let present: RTCPeerConnection | undefined
  let stopListening: (() => void) | undefined
  let closed = withResolvers<void>()

  const elapsed = () => clock.now() - begin
  const add = (name: string) => {
    phases.push({ name, at: elapsed() })
    if (phases.length > maxPhases) phases.shift()
  }
  const readStates = (pc: RTCPeerConnection): void => {
    connection = { ...statesOf(pc), pair: connection?.pair }
  }
  /** Reads what the present connection tells. A stack without statistics leaves them out. */
  const read = async (): Promise<void> => {
    const pc = present
    if (!pc) return
    readStates(pc)
    const pair = await Promise.race([readPair(pc), closed.promise]).catch(() => {})
    if (pair && connection && pc === present) connection = { ...connection, pair }
  }
  return {
    elapsed,
    phase: (next: SessionSnapshot): void => {
      if (next.status !== last.status) {
        add(next.status)
        if (next.status !== 'connecting') void read()
      }
      if (next.negotiation && next.negotiation !== last.negotiation) add(`negotiation.${next.negotiation}`)
      last = next
    },
    signal: (direction: 'sent' | 'received', message: Message): void => {
      count(signals[direction], message.type)
      if (message.type !== 'candidates') return
      for (const { candidate } of message.candidates) {
        const [, protocol, type] = /^\S+ \d+ (udp|tcp) .* typ (host|srflx|prflx|relay)/i.exec(candidate) ?? []
        if (protocol) count(candidateTypes[direction], `${type} ${protocol}`.toLowerCase())
      }
    },
    warning: ({ code }: Warning): void => count(warnings, code),
    open: (pc: RTCPeerConnection): void => {
      present = pc
      closed = withResolvers()
      connection = undefined
      stopListening = listen<RTCPeerConnectionEventMap>(pc, {
        icecandidateerror: ({ errorCode }) => count(iceErrors, String(errorCode)),
      })
    },
    /** The connection is about to be closed. */
    close: (): void => {
      if (present) readStates(present)
      present = undefined
      stopListening?.()
      closed.resolve()
    },
    create: async (
      rest: () => readonly [SessionSnapshot, SessionContext, DeliveryCounters],
    ): Promise<SessionReport> => {
      await read()
      const [snapshot, { end, candidates, ignored }, delivery] = rest()
      const counts = { signals, candidateTypes, iceErrors, warnings }
      return {
        snapshot,
        end,
        phases: [...phases],
        candidates,
        ...(JSON.parse(JSON.stringify(counts)) as typeof counts),
        connection,
        delivery: { ...delivery },
        ignored,
      }
    },
  }
}

const count = (counts: Record<string, number>, key: string): void => {
  counts[key] = (counts[key] ?? 0) + 1
}
