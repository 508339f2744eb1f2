import { assign, emit, fromCallback, fromPromise, sendTo } from 'xstate'
import {
  applyDescription,
  enqueue,
  noCandidates,
  readyIn,
  refuse,
  withoutReady,
  type CandidateQueue,
  type CandidateSpelling,
  type ReadyCandidate,
  type RemoteCandidate,
} from './candidates.ts'
import type { Role } from './role.ts'
import { notProvided, setup } from '../setup.ts'

/** An SDP offer with the number that its answer names. */
export interface Offer {
  readonly offer: number
  readonly sdp: string
}

export interface Answer extends Offer {
  /** The answering side has changes of its own to negotiate and asks for the floor. */
  readonly wantsFloor?: true | undefined
}

/** Candidates of one local ICE generation. */
export interface LocalCandidates {
  readonly ufrag: string
  readonly candidates: RemoteCandidate[]
}

/** What this side has to tell the other. */
export type NegotiationSignal =
  | ({ readonly type: 'offer' } & Offer)
  | ({ readonly type: 'answer' } & Answer)
  | ({ readonly type: 'candidates' } & LocalCandidates)
  | { readonly type: 'floor-request' }
  | { readonly type: 'floor-grant' }

export type NegotiationInput = (
  | { readonly role: Extract<Role, 'caller'> }
  /** The callee is made for an offer that came. */
  | { readonly role: Extract<Role, 'callee'>; readonly offer: Offer }
) & {
  /** Candidates that came before this RTCPeerConnection was made. */
  readonly candidates?: CandidateQueue
}

/** From the other side (`signal.*`) and from the RTCPeerConnection (`rtc.*`). */
export type NegotiationEvent =
  | ({ readonly type: 'signal.offer' } & Offer)
  | ({ readonly type: 'signal.answer' } & Answer)
  | { readonly type: 'signal.candidates'; readonly ufrag: string; readonly candidates: readonly CandidateSpelling[] }
  | { readonly type: 'signal.floor-request' }
  | { readonly type: 'signal.floor-grant' }
  | { readonly type: 'rtc.opened' }
  | { readonly type: 'rtc.negotiationNeeded' }
  | ({ readonly type: 'rtc.candidates' } & LocalCandidates)
  | { readonly type: 'rtc.candidateRefused' }
  | { readonly type: 'rtc.error'; readonly error: unknown }
  | { readonly type: 'restartIce' }
  | { readonly type: 'close' }

/** What the invoked `connection` takes. */
export type ConnectionCommand =
  | { readonly type: 'addCandidates'; readonly candidates: readonly ReadyCandidate[] }
  /** It asks for a negotiation of its own (W3C webrtc-pc, 4.4.2). */
  | { readonly type: 'restartIce' }

export interface NegotiationContext {
  readonly role: Role
  /** The number of the newest offer that this side made. */
  readonly localOffer: number
  /** The description of the other side that is being applied. */
  readonly remote: Answer
  /** Local changes that no offer of this side holds yet. */
  readonly pendingChanges: number
  readonly candidates: CandidateQueue
  /** Local candidates that wait for their description to be sent, so that it always goes first; at most 64 batches. */
  readonly localCandidates: readonly NegotiationSignal[]
  /** Events that had no meaning in the state they met; a correct other side causes none. */
  readonly ignored: number
  readonly error: unknown
}

/** The event of an action that only its transitions name. */
type EventOf<Type extends NegotiationEvent['type']> = Extract<NegotiationEvent, { type: Type }>

const failed = { target: 'failed', actions: 'keepError' } as const

/**
 * The life of one RTCPeerConnection.
 *
 * A state is the operation in flight, so no two descriptions ever race. Only the holder of the floor (RFC 8855) may
 * offer: the caller first, the other side on request. So offers never collide, and nothing is ever rolled back.
 */
export const negotiationMachine = setup({
  types: {
    input: {} as NegotiationInput,
    context: {} as NegotiationContext,
    events: {} as NegotiationEvent,
    emitted: {} as { type: 'signals'; messages: readonly NegotiationSignal[] },
  },
  actors: {
    /** Opens the RTCPeerConnection, tells of its events, applies candidates, and closes it when stopped. */
    connection: fromCallback<ConnectionCommand>(notProvided),
    createOffer: fromPromise<string>(notProvided),
    applyOffer: fromPromise<void, Offer>(notProvided),
    createAnswer: fromPromise<string>(notProvided),
    applyAnswer: fromPromise<void, Offer>(notProvided),
  },
  delays: {
    /** ms. A browser needs a few, but its promises never settle once the connection is closed. */
    operationDeadline: 20_000,
  },
  guards: {
    isCaller: ({ context }) => context.role === 'caller',
    hasPendingChanges: ({ context }) => context.pendingChanges > 0,
    floorIsWanted: ({ context }) => context.remote.wantsFloor === true,
    namesOurOffer: ({ context, event }) => (event as EventOf<'signal.answer'>).offer === context.localOffer,
  },
  actions: {
    nextOffer: assign({ localOffer: ({ context }) => context.localOffer + 1, pendingChanges: 0 }),
    keepRemote: assign({ remote: ({ event }) => event as EventOf<'signal.offer' | 'signal.answer'> }),
    keepFloorRequest: assign({ remote: ({ context }) => ({ ...context.remote, wantsFloor: true as const }) }),
    keepPendingChange: assign({ pendingChanges: ({ context }) => context.pendingChanges + 1 }),
    sendOffer: emit(({ context: { localOffer, localCandidates } }, sdp: string) => ({
      type: 'signals',
      messages: [{ type: 'offer', offer: localOffer, sdp }, ...localCandidates],
    })),
    sendAnswer: emit(({ context: { remote, pendingChanges, localCandidates } }, sdp: string) => ({
      type: 'signals',
      messages: [
        { type: 'answer', offer: remote.offer, sdp, wantsFloor: pendingChanges > 0 || undefined },
        ...localCandidates,
      ],
    })),
    sendCandidates: emit(({ event }) => ({
      type: 'signals',
      messages: [toSignal(event as EventOf<'rtc.candidates'>)],
    })),
    holdCandidates: assign({
      localCandidates: ({ context, event }) =>
        [...context.localCandidates, toSignal(event as EventOf<'rtc.candidates'>)].slice(-64),
    }),
    forgetHeldCandidates: assign({ localCandidates: [] }),
    requestFloor: emit({ type: 'signals', messages: [{ type: 'floor-request' }] }),
    grantFloor: emit({ type: 'signals', messages: [{ type: 'floor-grant' }] }),
    enqueueCandidates: assign({
      candidates: ({ context, event }) => {
        const { ufrag, candidates } = event as EventOf<'signal.candidates'>
        return enqueue(context.candidates, ufrag, candidates)
      },
    }),
    claimCandidates: assign({ candidates: ({ context }) => applyDescription(context.candidates, context.remote.sdp) }),
    applyCandidates: sendTo('connection', ({ context }) => ({
      type: 'addCandidates',
      candidates: readyIn(context.candidates),
    })),
    forgetAppliedCandidates: assign({ candidates: ({ context }) => withoutReady(context.candidates) }),
    restartIce: sendTo('connection', { type: 'restartIce' }),
    countRefusedCandidate: assign({ candidates: ({ context }) => refuse(context.candidates) }),
    ignore: assign({ ignored: ({ context }) => context.ignored + 1 }),
    keepError: assign({ error: ({ event }) => (event as { error?: unknown }).error ?? 'The browser took too long.' }),
  },
}).createMachine({
  id: 'negotiation',
  context: ({ input }) => ({
    role: input.role,
    localOffer: 0,
    remote: input.role === 'callee' ? input.offer : { offer: 0, sdp: '' },
    pendingChanges: 0,
    candidates: input.candidates ?? noCandidates,
    localCandidates: [],
    ignored: 0,
    error: undefined,
  }),
  invoke: { id: 'connection', src: 'connection' },
  on: {
    'signal.candidates': { actions: ['enqueueCandidates', 'applyCandidates', 'forgetAppliedCandidates'] },
    'rtc.candidates': { actions: 'sendCandidates' },
    'rtc.candidateRefused': { actions: 'countRefusedCandidate' },
    // A change made while a description is open comes again when signaling is stable (W3C webrtc-pc, 4.7.3), so only
    // the states that are about to be stable, or are, keep it; elsewhere the description in work may hold it already.
    'rtc.negotiationNeeded': {},
    restartIce: { actions: 'restartIce' },
    'rtc.error': { target: '.failed', actions: 'keepError' },
    close: '.closed',

    // Doubled, late or hostile, in a state that does not take it: an offer of a side that has not the floor, an answer
    // to no open offer, a grant that nobody asked for. A request that crosses an offer is repeated by its answer.
    'signal.*': { actions: 'ignore' },
  },
  initial: 'opening',
  states: {
    opening: {
      on: {
        'rtc.opened': [{ guard: 'isCaller', target: 'offering' }, { target: 'applyingOffer' }],
        'rtc.candidates': { actions: 'holdCandidates' },
      },
      after: { operationDeadline: failed },
    },

    // The side that holds the floor
    offering: {
      entry: 'nextOffer',
      invoke: {
        id: 'createOffer',
        src: 'createOffer',
        onDone: {
          target: 'awaitingAnswer',
          actions: [{ type: 'sendOffer', params: ({ event }) => event.output }, 'forgetHeldCandidates'],
        },
        onError: failed,
      },
      on: { 'rtc.candidates': { actions: 'holdCandidates' } },
      after: { operationDeadline: failed },
    },
    awaitingAnswer: {
      // No deadline of its own: the session bounds the first answer, and a later one may wait for signaling to return.
      on: { 'signal.answer': { guard: 'namesOurOffer', target: 'applyingAnswer', actions: 'keepRemote' } },
    },
    applyingAnswer: {
      invoke: {
        id: 'applyAnswer',
        src: 'applyAnswer',
        input: ({ context }) => context.remote,
        onDone: [
          {
            guard: 'floorIsWanted',
            target: 'stable.listening',
            actions: ['claimCandidates', 'applyCandidates', 'forgetAppliedCandidates', 'grantFloor'],
          },
          { target: 'stable.holdingFloor', actions: ['claimCandidates', 'applyCandidates', 'forgetAppliedCandidates'] },
        ],
        onError: failed,
      },
      on: {
        'signal.candidates': { actions: 'enqueueCandidates' },
        'rtc.negotiationNeeded': { actions: 'keepPendingChange' },
        'signal.floor-request': { actions: 'keepFloorRequest' }, // sent behind the answer, so nothing repeats it
      },
      after: { operationDeadline: failed },
    },

    // The side that does not
    applyingOffer: {
      invoke: {
        id: 'applyOffer',
        src: 'applyOffer',
        input: ({ context }) => context.remote,
        onDone: { target: 'answering', actions: ['claimCandidates', 'applyCandidates', 'forgetAppliedCandidates'] },
        onError: failed,
      },
      on: { 'signal.candidates': { actions: 'enqueueCandidates' } },
      after: { operationDeadline: failed },
    },
    answering: {
      invoke: {
        id: 'createAnswer',
        src: 'createAnswer',
        onDone: [
          {
            guard: 'hasPendingChanges',
            target: 'stable.requestingFloor',
            actions: [{ type: 'sendAnswer', params: ({ event }) => event.output }, 'forgetHeldCandidates'],
          },
          {
            target: 'stable.listening',
            actions: [{ type: 'sendAnswer', params: ({ event }) => event.output }, 'forgetHeldCandidates'],
          },
        ],
        onError: failed,
      },
      on: {
        'rtc.candidates': { actions: 'holdCandidates' },
        'rtc.negotiationNeeded': { actions: 'keepPendingChange' },
      },
      after: { operationDeadline: failed },
    },

    // No description is open (signalingState "stable"); the three differ in who may offer next
    stable: {
      on: { 'rtc.negotiationNeeded': { actions: 'keepPendingChange' } },
      initial: 'listening',
      states: {
        holdingFloor: {
          always: { guard: 'hasPendingChanges', target: '#negotiation.offering' },
          on: { 'signal.floor-request': { target: 'listening', actions: 'grantFloor' } },
        },
        listening: {
          always: { guard: 'hasPendingChanges', target: 'requestingFloor', actions: 'requestFloor' },
          on: {
            'signal.offer': { target: '#negotiation.applyingOffer', actions: 'keepRemote' },
            'signal.floor-grant': 'holdingFloor',
          },
        },
        requestingFloor: {
          on: {
            'signal.offer': { target: '#negotiation.applyingOffer', actions: 'keepRemote' },
            'signal.floor-grant': '#negotiation.offering',
          },
        },
      },
    },

    failed: { type: 'final' },
    closed: { type: 'final' },
  },
})

const toSignal = ({ ufrag, candidates }: LocalCandidates): NegotiationSignal => ({
  type: 'candidates',
  ufrag,
  candidates,
})
