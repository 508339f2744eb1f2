import type { StateValueFrom } from 'xstate'
import type { ChannelState } from '../channel/channel.ts'
import type { CandidateCounters } from '../negotiation/candidates.ts'
import type { Role } from '../negotiation/role.ts'
import type { Carrier } from '../signaling/dialog.ts'
import type { EndReason } from '../signaling/message.ts'
import type { sessionMachine } from './machine.ts'

/** Where a session stands; each is a state of the session machine. */
export type SessionStatus =
  | 'idle'
  | 'calling'
  | 'ringing'
  | 'connecting'
  | 'connected'
  | 'interrupted'
  | 'ending'
  | 'ended'

/** What there is to render. Immutable, and the same object until something in it changes. */
export interface SessionSnapshot {
  readonly status: SessionStatus
  readonly role: Role
  readonly remoteId: string
  /** The state of the negotiation machine while there is a connection, such as `awaitingAnswer` or `stable.holdingFloor`. */
  readonly negotiation: string | undefined
  readonly endReason: EndReason | undefined
  /** What carries signaling now: the transport, the control channel of the connection, or nothing, so that it waits. */
  readonly signaling: Carrier
  readonly channels: readonly { readonly label: string; readonly state: ChannelState }[]
  /** Candidates of the other side. */
  readonly candidates: CandidateCounters
}

/** Whether nothing can be done with a session any more. */
export const isOver = (status: SessionStatus): boolean => status === 'ending' || status === 'ended'

/** The state below `active`, else the outermost. */
export const statusOf = (value: StateValueFrom<typeof sessionMachine>): SessionStatus => {
  const { active = value } = value as { readonly active?: object | string }
  const [name] = typeof active === 'object' ? Object.keys(active) : [active]
  return name as SessionStatus
}
