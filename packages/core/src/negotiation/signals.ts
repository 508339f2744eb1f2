import type { CandidateQueue, CandidateSpelling, ReadyCandidate, RemoteCandidate } from './candidates.ts'
import type { Role } from './role.ts'

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
  /** The number of the newest offer that this side made on a connection before this one. */
  readonly offers?: number
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
