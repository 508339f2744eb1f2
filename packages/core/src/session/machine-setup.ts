import { assign, emit, fromCallback } from 'xstate'
import { enqueue, noCandidates, type CandidateCounters, type CandidateQueue } from '../negotiation/candidates.ts'
import { standsOver, type Role } from '../negotiation/role.ts'
import type { NegotiationInput, Offer } from '../negotiation/signals.ts'
import { notProvided, setup, toConnection } from '../setup.ts'
import type { EndReason, Message } from '../signaling/message.ts'
import { defaultDeadlines } from './deadlines.ts'
import type { ConnectionEvent, SessionEnd, SessionEvent, SessionInput } from './session-event.ts'

/** The event of an action that only its transitions name. */
type EventOf<Type extends SessionEvent['type']> = Extract<SessionEvent, { type: Type }>

/** RTCPeerConnections that are made in a row for one that was lost. */
const maxRenewals = 3

export interface SessionContext {
  readonly localId: string
  readonly remoteId: string
  readonly role: Role
  /** As callee: the offer that the connection is made for. */
  readonly offer: Offer
  /** Candidates that came before the call was accepted. */
  readonly early: CandidateQueue
  /** Which RTCPeerConnection of the session this is, from 1. */
  readonly connection: number
  /** How many were made since one connected. */
  readonly renewals: number
  /** The number of the newest offer of this side, on whichever connection. */
  readonly offers: number
  /** The state of the negotiation below, once there is one. */
  readonly negotiation: string | undefined
  readonly candidates: CandidateCounters
  /** Events without meaning in the state they met. */
  readonly ignored: number
  readonly end: SessionEnd | undefined
}

/** What the session machine is made of: its actor, its waits, and its guards and actions by their names. */
export const sessionSetup = setup({
  types: {} as {
    input: SessionInput
    context: SessionContext
    events: SessionEvent
    emitted: { type: 'signals'; messages: readonly Message[] }
  },
  actors: {
    /** One RTCPeerConnection and its negotiation. Takes `signal.*`, sends `negotiation.*` and `rtc.*`. */
    connection: fromCallback<ConnectionEvent, NegotiationInput>(notProvided),
  },
  delays: {
    ...defaultDeadlines,
    /** The caller gives up first and says so; this one is for a caller that cannot. */
    ring: defaultDeadlines.answer + defaultDeadlines.reach,
  },
  guards: {
    isCaller: ({ context }) => context.role === 'caller',
    /** On another connection media would have other tracks, which only a lost path is worth. */
    isDataOnly: (): boolean => true,
    mayRenew: ({ context }) => context.renewals < maxRenewals,
    /** The caller has made another RTCPeerConnection. */
    isForNext: ({ context, event }) =>
      context.end === undefined &&
      context.role === 'callee' &&
      ((event as EventOf<'signal.offer'>).connection ?? 1) > context.connection,
    /** It may cross the offer that answers it. */
    isAskedForNext: ({ context, event }) =>
      context.end === undefined &&
      context.role === 'caller' &&
      (event as EventOf<'signal.reconnect'>).connection === context.connection,
    /** Both sides ended at once, and the other's reason is the one that both report. */
    yieldsEnd: ({ context }) => !standsOver(context.localId, context.remoteId),
  },
  actions: {
    becomeCaller: assign({ role: 'caller' }),
    becomeCallee: assign({
      role: 'callee',
      offer: ({ event }) => event as EventOf<'signal.offer' | 'call.yield'>,
      early: noCandidates,
    }),
    enqueueEarly: assign(({ context, event }) => {
      const { ufrag, candidates } = event as EventOf<'signal.candidates'>
      const early = enqueue(context.early, ufrag, candidates)
      return { early, candidates: early.counters }
    }),
    toConnection: toConnection<ConnectionEvent>,
    nextConnection: assign({
      connection: ({ context }) => context.connection + 1,
      renewals: ({ context }) => context.renewals + 1,
    }),
    forgetRenewals: assign({ renewals: 0 }),
    sendSignals: emit(({ context: { connection }, event }) => ({
      type: 'signals',
      messages: (event as EventOf<'negotiation.signals'>).messages.map((message) =>
        message.type === 'offer' && connection > 1 ? { ...message, connection } : message,
      ),
    })),
    sendPing: emit({ type: 'signals', messages: [{ type: 'ping' }] }),
    sendFrozen: emit({ type: 'signals', messages: [{ type: 'frozen' }] }),
    sendReconnect: emit(({ context: { connection } }) => ({
      type: 'signals',
      messages: [{ type: 'reconnect', connection }],
    })),
    keepNegotiation: assign(({ event }) => {
      const { state, candidates, offers } = event as EventOf<'negotiation.changed'>
      return { negotiation: state, candidates, offers }
    }),
    /** Ends by an act of one side; an event that knows the reason says it, and what that side has to say. */
    end: assign(({ event }, usual: Pick<SessionEnd, 'reason' | 'by'>) => {
      const { reason = usual.reason, message } = event as Partial<EventOf<'call.reject' | 'signal.hangup'>>
      return { end: { reason, by: usual.by, message } }
    }),
    sendEnd: emit(({ context: { end } }) => {
      const reason = end?.reason ?? 'closed'
      const type = reason === 'rejected' || reason === 'busy' ? 'reject' : 'hangup'
      return { type: 'signals', messages: [{ type, reason, message: end?.message }] }
    }),
    forgetNegotiation: assign({ negotiation: undefined }),
    ignore: assign({ ignored: ({ context }) => context.ignored + 1 }),
  },
})

/** An end by this side, for a reason. */
export const endAs = (reason: EndReason) => ({ type: 'end', params: { reason, by: 'local' } }) as const

export const restartIce = { type: 'toConnection', params: { type: 'restartIce' } } as const
