import type { Authorize } from './authorize.ts'
import type { Connection } from './connection.ts'
import type { RelayCounters } from './counters.ts'
import type { RelayLimits } from './limits.ts'
import type { RelayLogger } from './log.ts'
import type { Rooms } from './rooms.ts'

/** What the parts of one relay share. */
export interface RelayContext {
  readonly limits: RelayLimits
  readonly rooms: Rooms<Connection>
  readonly counters: RelayCounters
  readonly connections: Set<Connection>
  readonly logger: RelayLogger
  /** Names an id or a room for the log. */
  readonly pseudonym: (name: string) => string
  readonly authorize: Authorize | undefined
  readonly observeJoin: (seconds: number) => void
  /** The time as of the last sweep, in ms: asking the clock for each frame would cost more than routing it. */
  now: number
}
