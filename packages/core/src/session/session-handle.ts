import type { Channel } from '../channel/channel.ts'
import type { Listen, Unsubscribe, Warning } from '../emitter.ts'
import type { Message } from '../signaling/message.ts'
import type { SessionEnd } from './session-event.ts'
import type { SessionReport } from './report.ts'
import type { SessionSnapshot } from './session-snapshot.ts'

export interface SessionTrack {
  readonly track: MediaStreamTrack
  readonly streams: readonly MediaStream[]
  readonly transceiver: RTCRtpTransceiver
}

/** A signaling message as it went by; for a log or a sequence diagram. */
export interface SessionSignal {
  readonly direction: 'sent' | 'received'
  readonly type: Message['type']
  /** ms since the session began. */
  readonly at: number
}

export type SessionEvents = {
  /** The snapshot changed. */
  state: SessionSnapshot
  /** The other side opened a channel under a label that this side has not. */
  channel: Channel
  track: SessionTrack
  signal: SessionSignal
  /** Once. */
  ended: SessionEnd
  warning: Warning
}

/** One call with one remote peer, from the first ring to the agreed end. */
export interface Session {
  readonly id: string
  readonly remoteId: string
  /** What the caller said with its call. */
  readonly metadata: unknown
  /** Resolves with the first connection; rejects with a ParleyError `session-ended` when the session ends before. */
  readonly connected: Promise<void>
  /** Takes an incoming call. Throws `invalid-state` unless it is ringing. */
  readonly accept: () => void
  /** Refuses an incoming call: both sides end as `rejected`. Throws `invalid-state` unless it is ringing. */
  readonly reject: (message?: string) => void
  /** Ends the session in any state; idempotent. Up to 1024 characters of `message` reach the other side. */
  readonly hangup: (message?: string) => void
  /**
   * The channel of that label: a new one, or the one that is there. Where both sides open a label they meet in one
   * channel. Throws `closed` after the end, `invalid-option` for a label that is no name.
   */
  readonly openChannel: (label: string) => Channel
  /** Sends a track to the other side, on this connection and on each that replaces it. Throws `closed` after the end. */
  readonly addTrack: (track: MediaStreamTrack, ...streams: MediaStream[]) => void
  readonly on: Listen<SessionEvents>
  readonly getSnapshot: () => SessionSnapshot
  /** Calls back after each change of the snapshot; returns its unsubscribe (React's `useSyncExternalStore`). */
  readonly subscribe: (listener: () => void) => Unsubscribe
  /** Why it connected, or did not: what happened when, and what was counted. */
  readonly report: () => Promise<SessionReport>
  /** The RTCPeerConnection beneath, while there is one. The way out for what Parley does not offer. */
  readonly peerConnection: RTCPeerConnection | undefined
  readonly [Symbol.asyncDispose]: () => Promise<void>
}
