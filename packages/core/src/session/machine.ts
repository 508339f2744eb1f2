import { assign, emit, fromCallback, sendTo, stateIn } from 'xstate'
import { enqueue, noCandidates, type CandidateCounters, type CandidateQueue } from '../negotiation/candidates.ts'
import type { NegotiationInput, NegotiationSignal, Offer } from '../negotiation/machine.ts'
import { standsOver, type Role } from '../negotiation/role.ts'
import type { EndReason, Message } from '../signaling/message.ts'
import { notProvided, setup } from '../setup.ts'

/** How a session ended. */
export interface SessionEnd {
  /** The same on both sides. */
  readonly reason: EndReason
  /** Whose act it was. */
  readonly by: 'local' | 'remote'
  /** What the side that ended it had to say. */
  readonly message?: string | undefined
}

/** ms, each from the moment its wait begins. */
export const defaultDeadlines = {
  /** For a sign of life of the other instance: `unreachable`. Default 15 000. */
  reach: 15_000,
  /** For the person who is called: `unanswered`. Default 60 000. */
  answer: 60_000,
  /** From the answer to a connection: `failed`. Below 39 500, checks that would succeed are cut off (RFC 8863). */
  connect: 40_000,
  /** For an interrupted connection to come back: `failed`. Default 15 000. */
  recover: 15_000,
  /** For the other side to confirm the end. Default 5 000. */
  end: 5_000,
}

export type SessionDeadlines = Readonly<typeof defaultDeadlines>

export interface SessionInput {
  readonly localId: string
  readonly remoteId: string
}

/** From the application (`call.*`), the other side (`signal.*`, `remote.*`) and beneath (`delivery.*`, `rtc.*`). */
export type SessionEvent =
  | { readonly type: 'call.start' }
  | { readonly type: 'call.accept' }
  | { readonly type: 'call.reject'; readonly reason: EndReason; readonly message?: string | undefined }
  | { readonly type: 'call.hangup'; readonly message?: string | undefined }
  | { readonly type: 'call.close' }
  /** Both called, and the call of the other side stands: its offer. */
  | ({ readonly type: 'call.yield' } & Offer)
  | SignalEvent
  | { readonly type: 'remote.left' }
  | { readonly type: 'remote.joined' }
  | { readonly type: 'remote.replaced' }
  | { readonly type: 'delivery.heard' }
  | { readonly type: 'delivery.settled' }
  | { readonly type: 'rtc.connected' }
  | { readonly type: 'rtc.disconnected' }
  | { readonly type: 'rtc.failed'; readonly message?: string }
  | { readonly type: 'negotiation.failed'; readonly message?: string }
  | { readonly type: 'rtc.closed' }
  | { readonly type: 'negotiation.signals'; readonly messages: readonly NegotiationSignal[] }
  | { readonly type: 'negotiation.changed'; readonly state: string; readonly candidates: CandidateCounters }

type SignalOf<M extends Message> = M extends Message
  ? Omit<M, 'type'> & { readonly type: `signal.${M['type']}` }
  : never

/** The event of an action that only its transitions name. */
type EventOf<Type extends SessionEvent['type']> = Extract<SessionEvent, { type: Type }>

/** What the connection takes: the signals that are forwarded, and the wish for a restart. */
export type ConnectionEvent = SessionEvent | { readonly type: 'restartIce' }

/** A message of the other side as an event. */
export type SignalEvent = SignalOf<Message>

export interface SessionContext {
  readonly localId: string
  readonly remoteId: string
  readonly role: Role
  /** As callee: the offer that the connection is made for. */
  readonly offer: Offer
  /** Candidates that came before the call was accepted. */
  readonly early: CandidateQueue
  /** The state of the negotiation below, once there is one. */
  readonly negotiation: string | undefined
  readonly candidates: CandidateCounters
  /** Events without meaning in the state they met. */
  readonly ignored: number
  readonly end: SessionEnd | undefined
}

const sessionSetup = setup({
  types: {
    input: {} as SessionInput,
    context: {} as SessionContext,
    events: {} as SessionEvent,
    emitted: {} as { type: 'signals'; messages: readonly Message[] },
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
    isCalling: stateIn({ active: 'calling' }),
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
    forward: sendTo('connection', ({ event }) => event),
    restartIce: sendTo('connection', { type: 'restartIce' }),
    sendSignals: emit(({ event }) => ({
      type: 'signals',
      messages: (event as EventOf<'negotiation.signals'>).messages,
    })),
    keepNegotiation: assign(({ event }) => {
      const { state, candidates } = event as EventOf<'negotiation.changed'>
      return { negotiation: state, candidates }
    }),
    /** Ends by an act of this side; what it says goes with it. */
    endLocally: assign(({ event }, reason: EndReason) => {
      const { message } = event as { message?: string }
      return { end: { reason, by: 'local' as const, message } }
    }),
    sendEnd: emit(({ context: { end } }) => {
      const reason = end?.reason ?? 'closed'
      const type = reason === 'rejected' || reason === 'busy' ? 'reject' : 'hangup'
      return { type: 'signals', messages: [{ type, reason, message: end?.message }] }
    }),
    /** Ends by an act of the other side. */
    endRemotely: assign(({ event }) => {
      const { reason, message } = event as EventOf<'signal.hangup' | 'signal.reject'>
      return { end: { reason, by: 'remote' as const, message } }
    }),
    endReplaced: assign({ end: { reason: 'replaced', by: 'remote' } }),
    forgetNegotiation: assign({ negotiation: undefined }),
    ignore: assign({ ignored: ({ context }) => context.ignored + 1 }),
  },
})

/** An end by this side, for a reason. */
const endAs = (reason: EndReason) => ({ type: 'endLocally', params: reason }) as const

/** An end by this side that the other has not confirmed yet. Without an answer it is over after a short wait. */
const ending = sessionSetup.createStateConfig({
  entry: 'sendEnd',
  on: {
    'delivery.settled': '#ended',
    // Both ended at once. Where this end stands it still has to be confirmed, for the other to report it too.
    'signal.hangup': [{ guard: 'yieldsEnd', target: '#ended', actions: 'endRemotely' }, {}],
    'signal.reject': [{ guard: 'yieldsEnd', target: '#ended', actions: 'endRemotely' }, {}],
    'remote.replaced': '#ended', // nobody is left to confirm
    'rtc.closed': {}, // the other side has heard, or ended by itself: its message says which
    'rtc.failed': {},
    'negotiation.failed': {},
    'negotiation.signals': {}, // nothing is said behind the end, which would wait for its confirmation too
    'call.hangup': {}, // it is ending already, for an earlier reason
    'call.close': {},
  },
  after: { end: '#ended' },
})

/**
 * One call with one remote peer.
 *
 * The callee has no RTCPeerConnection, and so shows no address of its own, before `call.accept`. The side that
 * ends waits in `ending` for the other to confirm it, so both report the same reason even when both end at once.
 */
export const sessionMachine = sessionSetup.createMachine({
  id: 'session',
  context: ({ input }) => ({
    ...input,
    role: 'callee',
    offer: { offer: 0, sdp: '' },
    early: noCandidates,
    negotiation: undefined,
    candidates: noCandidates.counters,
    ignored: 0,
    end: undefined,
  }),
  on: {
    'signal.hangup': { target: '.ended', actions: 'endRemotely' },
    'signal.reject': { target: '.ended', actions: 'endRemotely' },
    'remote.replaced': { target: '.ended', actions: 'endReplaced' },
    'call.close': { target: '.ending', actions: endAs('closed') },

    // Without meaning in the states that do not take them.
    'signal.*': { actions: 'ignore' },
  },
  initial: 'idle',
  states: {
    idle: {
      on: {
        'call.start': { target: 'active', actions: 'becomeCaller' },
        'call.hangup': { target: 'ended', actions: endAs('cancelled') },
        'signal.offer': { target: 'ringing', actions: 'becomeCallee' },
      },
    },

    ringing: {
      on: {
        'signal.candidates': { actions: 'enqueueEarly' },
        'call.accept': 'active.connecting',
        'call.reject': {
          target: 'ending',
          actions: { type: 'endLocally', params: ({ event }) => event.reason },
        },
        'call.hangup': { target: 'ending', actions: endAs('rejected') },
      },
      after: { ring: { target: 'ending', actions: endAs('unanswered') } },
      initial: 'present',
      states: {
        /** The caller is there, as far as the transport knows. */
        present: { on: { 'remote.left': 'absent' } },
        absent: {
          on: { 'remote.joined': 'present' },
          after: {
            reach: {
              target: '#session.ending',
              actions: endAs('unreachable'),
            },
          },
        },
      },
    },

    // An RTCPeerConnection exists while, and only while, the session is in one of these.
    active: {
      invoke: {
        id: 'connection',
        src: 'connection',
        input: ({ context: { role, offer, early } }) =>
          role === 'caller' ? { role } : { role, offer, candidates: early },
      },
      exit: 'forgetNegotiation',
      on: {
        'signal.*': { actions: 'forward' },
        'signal.hangup': { target: 'ended', actions: 'endRemotely' },
        'signal.reject': { target: 'ended', actions: 'endRemotely' },
        'negotiation.signals': { actions: 'sendSignals' },
        'negotiation.changed': { actions: 'keepNegotiation' },
        // Left and entered again: a callee needs a connection of its own.
        'call.yield': { guard: 'isCalling', target: '.connecting', reenter: true, actions: 'becomeCallee' },
        'call.hangup': { target: '.ending', actions: endAs('hangup') },
        'call.close': { target: '.ending', actions: endAs('closed') },
        'rtc.failed': { target: '.ending', actions: endAs('failed') },
        'negotiation.failed': { target: '.ending', actions: endAs('failed') },
      },
      initial: 'calling',
      states: {
        calling: {
          on: {
            'signal.answer': { target: 'connecting', actions: 'forward' },
            'call.hangup': { target: 'ending', actions: endAs('cancelled') },
          },
          after: {
            answer: { target: 'ending', actions: endAs('unanswered') },
          },
          initial: 'unheard',
          states: {
            /** No sign of life of the instance that is called. */
            unheard: {
              on: { 'delivery.heard': 'heard', 'signal.ringing': 'heard' },
              after: {
                reach: {
                  target: '#session.active.ending',
                  actions: endAs('unreachable'),
                },
              },
            },
            heard: { on: { 'remote.left': 'unheard' } },
          },
        },
        connecting: {
          initial: 'attempting',
          states: {
            /** Firefox gives up 5 s after the callee's answer, when that is late; a restart of ICE mends it, once. */
            attempting: { on: { 'rtc.failed': { target: 'restarting', actions: 'restartIce' } } },
            restarting: {},
          },
          on: { 'rtc.connected': 'connected' },
          after: {
            connect: { target: 'ending', actions: endAs('failed') },
          },
        },
        connected: {
          on: { 'rtc.disconnected': 'interrupted', 'rtc.closed': 'interrupted' },
        },
        interrupted: {
          on: { 'rtc.connected': 'connected' },
          after: {
            recover: { target: 'ending', actions: endAs('failed') },
          },
        },
        /** The RTCPeerConnection stays meanwhile, since the control channel carries the end even without a transport. */
        ending,
      },
    },

    ending,

    ended: { id: 'ended', type: 'final' },
  },
})
