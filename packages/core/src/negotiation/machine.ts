import { noCandidates, readyIn } from './candidates.ts'
import { negotiationSetup, type NegotiationContext } from './machine-setup.ts'
import type { ConnectionCommand } from './signals.ts'

export type * from './signals.ts'

/** Hands the candidates to the connection that may be applied now. */
const applyCandidates = [
  {
    type: 'toConnection',
    params: ({ context }: { context: NegotiationContext }): ConnectionCommand => ({
      type: 'addCandidates',
      candidates: readyIn(context.candidates),
    }),
  },
  'forgetAppliedCandidates',
] as const

const failed = { target: 'failed', actions: 'keepError' } as const

/**
 * The life of one RTCPeerConnection.
 *
 * A state is the operation in flight, so no two descriptions ever race. Only the holder of the floor (RFC 8855) may
 * offer: the caller first, the other side on request. So offers never collide, and nothing is ever rolled back.
 */
export const negotiationMachine = negotiationSetup.createMachine({
  id: 'negotiation',
  context: ({ input }) => ({
    role: input.role,
    localOffer: input.offers ?? 0,
    remote: input.role === 'callee' ? input.offer : { offer: 0, sdp: '' },
    pendingChanges: 0,
    candidates: input.candidates ?? noCandidates,
    localCandidates: [],
    ignored: 0,
    error: undefined,
  }),
  invoke: { id: 'connection', src: 'connection' },
  on: {
    'signal.candidates': { actions: ['enqueueCandidates', ...applyCandidates] },
    'rtc.candidates': { actions: 'sendCandidates' },
    'rtc.candidateRefused': { actions: 'countRefusedCandidate' },
    // A change made while a description is open comes again when signaling is stable (W3C webrtc-pc, 4.7.3), so only
    // the states that are about to be stable, or are, keep it; elsewhere the description in work may hold it already.
    'rtc.negotiationNeeded': {},
    restartIce: { actions: { type: 'toConnection', params: { type: 'restartIce' } } },
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
            actions: ['claimCandidates', ...applyCandidates, 'grantFloor'],
          },
          { target: 'stable.holdingFloor', actions: ['claimCandidates', ...applyCandidates] },
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
        onDone: { target: 'answering', actions: ['claimCandidates', ...applyCandidates] },
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
