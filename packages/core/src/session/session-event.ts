import type { CandidateCounters } from '../negotiation/candidates.ts'
import type { NegotiationSignal, Offer } from '../negotiation/signals.ts'
import type { EndReason, Message } from '../signaling/message.ts'

/** How a session ended. */
export interface SessionEnd {
  /** The same on both sides. */
  readonly reason: EndReason
  /** Whose act it was. */
  readonly by: 'local' | 'remote'
  /** What the side that ended it had to say. */
  readonly message?: string | undefined
}

export interface SessionInput {
  readonly localId: string
  readonly remoteId: string
}

/** From the application (`call.*`), the other side (`signal.*`, `remote.*`) and beneath (`delivery.*`, `rtc.*`). */
export type SessionEvent =
  | { readonly type: 'call.start' }
  | { readonly type: 'call.accept' }
  | { readonly type: 'call.reject'; readonly reason?: EndReason; readonly message?: string | undefined }
  | { readonly type: 'call.hangup'; readonly message?: string | undefined }
  | { readonly type: 'call.close' }
  /** Both called, and the call of the other side stands: its offer. */
  | ({ readonly type: 'call.yield' } & Offer)
  | SignalEvent
  | { readonly type: 'remote.left' }
  | { readonly type: 'remote.joined' }
  | { readonly type: 'remote.replaced' }
  /** The network of this machine came back or is another one. */
  | { readonly type: 'network.changed' }
  | { readonly type: 'page.frozen' }
  | { readonly type: 'page.woken' }
  /** The other side was heard on the control channel. */
  | { readonly type: 'control.heard' }
  | { readonly type: 'delivery.heard' }
  | { readonly type: 'delivery.settled' }
  | { readonly type: 'rtc.connected' }
  | { readonly type: 'rtc.disconnected' }
  | { readonly type: 'rtc.failed' }
  | { readonly type: 'negotiation.failed' }
  | { readonly type: 'rtc.closed' }
  | { readonly type: 'negotiation.signals'; readonly messages: readonly NegotiationSignal[] }
  | {
      readonly type: 'negotiation.changed'
      readonly state: string
      readonly candidates: CandidateCounters
      readonly offers: number
    }

type SignalOf<M extends Message> = M extends Message
  ? Omit<M, 'type'> & { readonly type: `signal.${M['type']}` }
  : never

/** What the connection takes: the signals that are forwarded, and the wish for a restart. */
export type ConnectionEvent = SessionEvent | { readonly type: 'restartIce' }

/** A message of the other side as an event. */
export type SignalEvent = SignalOf<Message>
