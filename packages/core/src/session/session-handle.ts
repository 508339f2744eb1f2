import type { Channel } from '../channel/channel-handle.ts'
import type { ChannelOptions } from '../channel/channel-options.ts'
import type { Listen, Unsubscribe, Warning } from '../emitter.ts'
import type { Message } from '../signaling/message.ts'
import type { SessionEnd } from './session-event.ts'
import type { SessionReport } from './report.ts'
import type { SessionSnapshot } from './session-snapshot.ts'
import type { SessionTransceiver } from './tracks.ts'

/** A track of the other side. */
export interface SessionTrack {
  /** What arrives: the object of this RTCPeerConnection. */
  readonly track: MediaStreamTrack
  /** With the ids that they have on the other side. */
  readonly streams: readonly MediaStream[]
  readonly transceiver: RTCRtpTransceiver
  /** Whether the other side says that it is muted (`setMuted`); `track.muted` only says that no media comes. */
  readonly muted: boolean
}

/** The other side muted a track, or does so no longer. */
export interface SessionMute {
  readonly track: MediaStreamTrack
  readonly muted: boolean
}

/** A signaling message as it went by; for a log or a sequence diagram. */
export interface SessionSignal {
  readonly direction: 'sent' | 'received'
  readonly type: Message['type']
  /** ms since the session began. */
  readonly at: number
}

/** What a session tells, by the names of `on`. */
export type SessionEvents = {
  /** The snapshot changed. */
  state: SessionSnapshot
  /** The other side opened a channel under a label that this side has not. */
  channel: Channel
  /**
   * The other side sends a track. It comes again when the track does after a pause, and when the RTCPeerConnection was
   * replaced: a remote track belongs to its connection, so there it is another object.
   */
  track: SessionTrack
  /** The other side sends it no more, or its RTCPeerConnection is gone. */
  'track-removed': SessionTrack
  /** The other side muted a track that it sends (`setMuted`), or does so no longer. */
  mute: SessionMute
  /** A signaling message was sent, or taken in its turn. */
  signal: SessionSignal
  /** Once. */
  ended: SessionEnd
  /** Something went wrong that does not end the session, such as a track that cannot be sent. */
  warning: Warning
}

/** One call with one remote peer, from the first ring to the agreed end. */
export interface Session {
  /** The same on both sides. Where both called at once it is that of the call that stands, from when it does. */
  readonly id: string
  /** Who is on the other side. */
  readonly remoteId: string
  /** What the caller said with its call. */
  readonly metadata: unknown
  /**
   * Resolves with the first connection; rejects with a ParleyError `session-ended` when the session ends before. Its `cause`
   * is what the negotiation threw, where something was thrown.
   */
  readonly connected: Promise<void>
  /** Takes an incoming call. Throws `invalid-state` unless it is ringing. */
  readonly accept: () => void
  /** Refuses an incoming call: both sides end as `rejected`. Throws `invalid-state` unless it is ringing. */
  readonly reject: (message?: string) => void
  /** Ends the session in any state; idempotent. Up to 1024 characters of `message` reach the other side. */
  readonly hangup: (message?: string) => void
  /**
   * The channel of that label: a new one, or the one that is there, whatever the options. Where both sides open a
   * label they meet in one channel. Throws `closed` after the end, `invalid-option` for a label that is no name or
   * options that do not go together, `invalid-state` while a channel of that label is closing, `buffer-full` for the
   * 1001st channel.
   */
  readonly openChannel: (label: string, options?: ChannelOptions) => Channel
  /**
   * Sends a track to the other side, on this connection and on each that replaces it. Throws `closed` after the end,
   * and here and below `invalid-option` for a track that has ended, is in the session already, or is not in it.
   */
  readonly addTrack: (track: MediaStreamTrack, ...streams: MediaStream[]) => void
  /** Sends a track that was added no longer, which is negotiated. That of a transceiver is replaced by `null` instead. */
  readonly removeTrack: (track: MediaStreamTrack) => void
  /**
   * Sends another track of the same kind in its place, without a negotiation; the place goes by that name then. With
   * `null` it sends nothing until it is replaced again. A browser that cannot makes a `warning` `media-failed`.
   */
  readonly replaceTrack: (track: MediaStreamTrack, withTrack: MediaStreamTrack | null) => void
  /**
   * Mutes a track, or ends that: sets `enabled`, and tells the other side (`mute`). What replaces it stays muted.
   */
  readonly setMuted: (track: MediaStreamTrack, muted: boolean) => void
  /**
   * Makes room for a track: to receive only, to send later, or with encodings. On a connection for which the other
   * side offers, a section of its offer is taken where one of the kind is free. Direction, encodings and streams are
   * carried over to a connection that replaces this one.
   */
  readonly addTransceiver: (
    trackOrKind: MediaStreamTrack | 'audio' | 'video',
    init?: RTCRtpTransceiverInit,
  ) => SessionTransceiver
  /** Listens to an event until what it returns is called. What a listener throws comes as `warning`. */
  readonly on: Listen<SessionEvents>
  /** What there is to render: the same object until something in it changes. */
  readonly getSnapshot: () => SessionSnapshot
  /** Calls back after each change of the snapshot; returns its unsubscribe (React's `useSyncExternalStore`). */
  readonly subscribe: (listener: () => void) => Unsubscribe
  /** Why it connected, or did not: what happened when, and what was counted. */
  readonly report: () => Promise<SessionReport>
  /** The RTCPeerConnection beneath, while there is one. The way out for what Parley does not offer. */
  readonly peerConnection: RTCPeerConnection | undefined
  /** `hangup()`, and resolves when both sides agree that it is over; for `await using`. */
  readonly [Symbol.asyncDispose]: () => Promise<void>
}
