import { initialTransition, transition, type SnapshotFrom } from 'xstate'
import type { ReadyCandidate } from '../negotiation/candidates.ts'
import { negotiationMachine } from '../negotiation/machine.ts'
import type { ConnectionCommand, NegotiationEvent, NegotiationInput } from '../negotiation/signals.ts'
import { sessionMachine } from '../session/machine.ts'
import type { SessionEvent } from '../session/session-event.ts'
import type { Message } from '../signaling/message.ts'

export type SideId = 'alice' | 'bob'

/** One side of a call by pure transitions: nothing runs, and every operation ends when the walk says so. */
export interface Side {
  readonly id: SideId
  readonly session: SnapshotFrom<typeof sessionMachine>
  /** There is one while, and only while, the session has an RTCPeerConnection. */
  readonly negotiation: SnapshotFrom<typeof negotiationMachine> | undefined
  /** Whose call the session is: the dialog that its messages belong to. */
  readonly dialog: SideId | undefined
  /** The RTCPeerConnections that were made: each has an ICE generation of its own. */
  readonly connections: number
  readonly hasGathered: boolean
  /** A track that no offer holds yet, and whether the browser has told of it since it was last stable. */
  readonly change: 'none' | 'added' | 'told'
  readonly wasConnected: boolean
  /** Both called, and its own call stands. */
  readonly hasRefused: boolean
}

/** What a side says on the way. */
export interface Effects {
  readonly sent: Message[]
  readonly violations: string[]
}

type Action = { readonly type: string; readonly params?: unknown }

export const otherOf = (id: SideId): SideId => (id === 'alice' ? 'bob' : 'alice')

export const createSide = (id: SideId): Side => ({
  id,
  session: initialTransition(sessionMachine, { localId: id, remoteId: otherOf(id) })[0],
  negotiation: undefined,
  dialog: undefined,
  connections: 0,
  hasGathered: false,
  change: 'none',
  wasConnected: false,
  hasRefused: false,
})

/** The state of the session in one word; an end with its reason. */
export const statusOf = ({ session: { value, context } }: Side): string => {
  if (value === 'ended') return `ended as ${context.end?.reason}`
  const inner = typeof value === 'object' && 'active' in value ? value.active : value
  return typeof inner === 'object' ? (Object.keys(inner)[0] ?? '') : String(inner)
}

export const negotiationOf = ({ negotiation }: Side): string => {
  if (negotiation === undefined) return ''
  const { value } = negotiation
  return typeof value === 'string' ? value : `stable.${value.stable}`
}

/** The ICE username fragment of the present connection. */
export const ufragOf = ({ id, connections }: Side): string => `${id}${connections}`

/** The ufrag of the other side's description in force. */
export const remoteUfragOf = ({ negotiation }: Side): string | undefined => negotiation?.context.candidates.current[0]

export const tellSession = (side: Side, event: SessionEvent, effects: Effects): Side => {
  // An actor that is done takes no events; the pure function would.
  if (side.session.status !== 'active') return side
  const [session, actions] = transition(sessionMachine, side.session, event)
  return (actions as readonly Action[]).reduce<Side>(
    (now, action) => {
      switch (action.type) {
        case 'xstate.emit':
          effects.sent.push(...(action.params as { event: { messages: Message[] } }).event.messages)
          return now
        case 'xstate.stopChild':
          return { ...now, negotiation: undefined }
        case 'xstate.spawnChild':
          return open(now, (action.params as { input: NegotiationInput }).input)
        case 'toConnection':
          return tellNegotiation(now, action.params as NegotiationEvent, effects)
        default:
          return now
      }
    },
    { ...side, session },
  )
}

const open = (side: Side, input: NegotiationInput): Side => ({
  ...side,
  negotiation: initialTransition(negotiationMachine, input)[0],
  connections: side.connections + 1,
  hasGathered: false,
  // The tracks of a session go along to each connection, whose first offer holds them.
  change: side.change === 'none' ? 'none' : 'added',
})

export const tellNegotiation = (side: Side, event: NegotiationEvent, effects: Effects): Side => {
  const { negotiation: before } = side
  if (before?.status !== 'active') return side
  const [negotiation, actions] = transition(negotiationMachine, before, event)
  if (negotiation.value === 'failed') effects.violations.push(`${side.id} failed: ${String(negotiation.context.error)}`)
  const changed = withChange(side, { ...side, negotiation })
  const { localOffer: offers, candidates } = negotiation.context
  const news = {
    type: 'negotiation.changed',
    state: negotiationOf(changed),
    candidates: candidates.counters,
    offers,
  } as const
  const after = offers === before.context.localOffer ? changed : tellSession(changed, news, effects)
  return (actions as readonly Action[]).reduce<Side>((now, { type, params }) => {
    if (type === 'xstate.emit') {
      const { messages } = (
        params as { event: { messages: Extract<SessionEvent, { type: 'negotiation.signals' }>['messages'] } }
      ).event
      return tellSession(now, { type: 'negotiation.signals', messages }, effects)
    }
    // A restart asks for a negotiation as any change does; which generation comes of it is the browser's business.
    if (type !== 'toConnection') return now
    const command = params as ConnectionCommand
    if (command.type === 'restartIce') return { ...now, change: now.change === 'none' ? 'added' : now.change }
    checkCandidates(now, command.candidates, effects)
    return now
  }, after)
}

/** A change goes into the offer that is made after it; the browser tells of it anew whenever it is stable again. */
const withChange = (before: Side, after: Side): Side => {
  const state = negotiationOf(after)
  if (state === negotiationOf(before)) return after
  if (state === 'offering') return { ...after, change: 'none' }
  return state === 'applyingOffer' && after.change === 'told' ? { ...after, change: 'added' } : after
}

/** In the walk a candidate is named after its generation. */
const checkCandidates = (side: Side, candidates: readonly ReadyCandidate[], effects: Effects): void => {
  for (const { candidate, usernameFragment } of candidates)
    if (candidate !== `candidate:${remoteUfragOf(side)}` || usernameFragment !== remoteUfragOf(side))
      effects.violations.push(`${side.id} applies ${candidate} to the generation ${remoteUfragOf(side)}`)
}
