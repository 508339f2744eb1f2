import type { StateValueFrom } from 'xstate'
import type { ChannelState } from '../channel/channel-handle.ts'
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
  | 'recovering'
  | 'ending'
  | 'ended'

/** What there is to render. Immutable, and the same object until something in it changes. */
export interface SessionSnapshot {
  readonly status: SessionStatus
  /** Who called; where both did, whose call stands. */
  readonly role: Role
  readonly remoteId: string
  /** The state of the negotiation machine while there is a connection, such as `awaitingAnswer` or `stable.holdingFloor`. */
  readonly negotiation: string | undefined
  /** Why it is ending or has ended. */
  readonly endReason: EndReason | undefined
  /**
   * What is known of the other side. While calling: `unheard` without a sign of life, `heard` once it has the call, so that
   * it rings there. While connected: `live`; `silent` when it did not answer, although the path is there; `frozen` when its
   * page was, as browsers do to hidden ones.
   */
  readonly liveness: 'unheard' | 'heard' | 'live' | 'silent' | 'frozen' | undefined
  /** Which RTCPeerConnection of the session this is, from 1. */
  readonly connection: number
  /**
   * What carries signaling now: the transport, the control channel of the connection, or both while that may be dead. It
   * waits with `none`, without a link to the room, and with `unaddressed`, while nobody has the id that is called.
   */
  readonly signaling: Carrier
  /** The channels that have not closed. */
  readonly channels: readonly { readonly label: string; readonly state: ChannelState }[]
  /** Candidates of the other side. */
  readonly candidates: CandidateCounters
}

/** What the state below `calling` or `connected` says of the other side. */
export const livenessOf = (value: StateValueFrom<typeof sessionMachine>): SessionSnapshot['liveness'] => {
  const { calling, connected } = ((value as { readonly active?: object }).active ?? {}) as {
    readonly calling?: 'unheard' | 'heard'
    readonly connected?: string
  }
  if (connected === undefined) return calling
  if (connected === 'frozen') return 'frozen'
  return connected === 'doubted' || connected === 'moved' ? 'silent' : 'live'
}

/** Whether the control channel may be dead. */
export const isInDoubt = ({ status, liveness }: SessionSnapshot): boolean =>
  status === 'interrupted' || status === 'recovering' || liveness === 'silent'

/** Whether nothing can be done with a session any more. */
export const isOver = (status: SessionStatus): boolean => status === 'ending' || status === 'ended'

/** The state below `active`, else the outermost. */
export const statusOf = (value: StateValueFrom<typeof sessionMachine>): SessionStatus => {
  const { active = value } = value as { readonly active?: object | string }
  const [name] = typeof active === 'object' ? Object.keys(active) : [active]
  return name as SessionStatus
}
