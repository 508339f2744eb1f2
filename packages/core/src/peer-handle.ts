import type { Clock } from './clock.ts'
import type { Listen, Warning } from './emitter.ts'
import type { ConfigurationSource, PeerConnectionConstructor } from './rtc/peer-connection.ts'
import type { SessionDeadlines } from './session/deadlines.ts'
import type { Session } from './session/session-handle.ts'
import type { DropReason } from './signaling/message.ts'
import type { PeerAddress, SignalingTransport } from './signaling/transport.ts'

/** What `createPeer` takes. */
export interface PeerOptions {
  /** This peer's name in the room: 1 to 128 printable characters. Default: 128 random bits. */
  readonly id?: string
  /** 1 to 128 printable characters. */
  readonly room: string
  /** What carries the signaling, such as `webSocketTransport({ url })`. One may serve several peers. */
  readonly transport: SignalingTransport
  /** What connections are made with. */
  readonly rtc?: {
    /** ICE servers and the like; a function is asked again for each connection. Default: none, which suits one LAN. */
    readonly configuration?: ConfigurationSource
    /** Default: that of the runtime. In Node: `@roamhq/wrtc` or werift. */
    readonly RTCPeerConnection?: PeerConnectionConstructor
  }
  /** Sessions at a time; a further call ends as `busy`. Default 256. */
  readonly maxSessions?: number
  /**
   * ms. Defaults: join 40 000 (`ready`; longer than a relay holds the id of a page that crashed), reach 15 000, answer
   * 60 000, connect 40 000, probe 30 000, silence 2000, grace 1000, restart 6000, recover 15 000, end 5000.
   */
  readonly deadlines?: Partial<SessionDeadlines> & { readonly join?: number }
  /** For tests that own the time. */
  readonly clock?: Clock
  /** Between 0 and 1, for jitter; for tests that are repeatable. */
  readonly random?: () => number
}

/** What `call` takes. */
export interface CallOptions {
  /** Goes with the call: JSON, at most 8 levels deep and 65 536 characters long. The callee reads it as `session.metadata`. */
  readonly metadata?: unknown
}

/**
 * The link of a peer to its room: `joining` until it is open for the first time, `lost` while it is tried again, `refused`
 * when nobody tries any more.
 */
export type PeerSignaling = 'joining' | 'open' | 'lost' | 'refused'

/** What a peer tells, by the names of `on`. */
export type PeerEvents = {
  /** Somebody calls: `accept()` or `reject()`. */
  call: Session
  /** Somebody else is in the room: after `ready`, whoever was there before, too. */
  'peer-joined': PeerAddress
  /** An instance has left the room, or its link was lost for longer than the transport waits. Sessions do not end by it. */
  'peer-left': PeerAddress
  /** The link to the room. Sessions that are connected do not need it. */
  signaling: Exclude<PeerSignaling, 'joining'>
  /** Something went wrong that ends no session, such as a transport that is refused, or a listener that throws. */
  warning: Warning
}

/** What came from the network and was not taken, by its reason. */
export type PeerCounters = Readonly<Partial<Record<PeerDropReason, number>>>

/** Why something that came from the network was not taken. */
export type PeerDropReason =
  | DropReason
  /** For another instance of this id, such as the page before it was loaded again. */
  | 'misaddressed'
  /** Its sender is not the one that its session is with. */
  | 'misrouted'
  /** Its session is over. */
  | 'late'
  /** More sessions began at once than this peer looks at. */
  | 'flood'

/** One identity in one room. */
export interface Peer {
  /** As given to `createPeer`, or 128 random bits in 22 characters. */
  readonly id: string
  /** New for each peer: tells a reloaded page from the one before. */
  readonly instance: string
  readonly room: string
  /**
   * Resolves when the room is joined; rejects with a ParleyError, `transport-failed` when that took too long. The
   * transport goes on trying then, and what was called waits for it.
   */
  readonly ready: Promise<void>
  /** The link to the room now. Without one for 5 s, a `warning` `transport-failed` says why, as far as that is known. */
  readonly signaling: PeerSignaling
  /** Who else is in the room now, as far as heard; with some transports that is a moment after `ready`. */
  readonly peers: readonly PeerAddress[]
  /** The sessions that have not ended. */
  readonly sessions: readonly Session[]
  /** What was dropped, and why. */
  readonly counters: PeerCounters
  /**
   * Calls somebody. There is one session at a time between two peers: one that is there already is returned, and one
   * that rings is accepted, so that two who call each other at once always meet.
   * Throws `self-call`, `invalid-id`, `invalid-option` (metadata), `closed`, or that with which `ready` was rejected when
   * the room refused this peer.
   */
  readonly call: (remoteId: string, options?: CallOptions) => Session
  /** Listens to an event until what it returns is called. What a listener throws comes as `warning`. */
  readonly on: Listen<PeerEvents>
  /** Ends every session as `closed` and leaves the room. Idempotent. */
  readonly close: () => Promise<void>
  /** `close()`, for `await using`. */
  readonly [Symbol.asyncDispose]: () => Promise<void>
}
