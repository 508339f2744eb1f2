import type { Clock } from '../clock.ts'
import type { Fabric } from './fake-fabric.ts'
import type { FakeBehavior } from './fake-profile.ts'
import type { Random } from './random.ts'

/** Everything that happened in the connections of one fake, counted. */
export interface FakeCounters {
  offers: number
  answers: number
  rollbacks: number
  candidatesApplied: number
  /** Refused with an error. */
  candidatesRefused: number
  /** Resolved without any effect, as browsers do with some. */
  candidatesLost: number
  messagesSent: number
  messagesLost: number
}

/** What a connection shares with the others of its fake. */
export interface FakeSurroundings {
  readonly behavior: FakeBehavior
  readonly clock: Clock
  readonly random: Random
  readonly latency: number
  readonly candidates: number
  readonly fabric: Fabric
  readonly counters: FakeCounters
  readonly port: number
}
