import { assign, emit, fromCallback, fromPromise } from 'xstate'
import { applyDescription, enqueue, refuse, withoutReady, type CandidateQueue } from './candidates.ts'
import type { Role } from './role.ts'
import type {
  Answer,
  ConnectionCommand,
  LocalCandidates,
  NegotiationEvent,
  NegotiationInput,
  NegotiationSignal,
  Offer,
} from './signals.ts'
import { notProvided, setup, toConnection } from '../setup.ts'

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
  /** Signals without meaning in the state they met: doubled, late or hostile, or a floor request that crossed an offer. */
  readonly ignored: number
  readonly error: unknown
}

/** The event of an action that only its transitions name. */
type EventOf<Type extends NegotiationEvent['type']> = Extract<NegotiationEvent, { type: Type }>

/** What the negotiation machine is made of: its actors, and its guards and actions by their names. */
export const negotiationSetup = setup({
  types: {} as {
    input: NegotiationInput
    context: NegotiationContext
    events: NegotiationEvent
    emitted: { type: 'signals'; messages: readonly NegotiationSignal[] }
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
    toConnection: toConnection<ConnectionCommand>,
    forgetAppliedCandidates: assign({ candidates: ({ context }) => withoutReady(context.candidates) }),
    countRefusedCandidate: assign({ candidates: ({ context }) => refuse(context.candidates) }),
    ignore: assign({ ignored: ({ context }) => context.ignored + 1 }),
    keepError: assign({ error: ({ event }) => (event as { error?: unknown }).error ?? 'The browser took too long.' }),
  },
})

const toSignal = (candidates: LocalCandidates): NegotiationSignal => ({ ...candidates, type: 'candidates' })
