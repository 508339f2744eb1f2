/** What went wrong, for code that wants to react; the message says it to people. */
export type ParleyErrorCode =
  /** An id is empty, longer than 128 characters, not well-formed text, or holds control characters. */
  | 'invalid-id'
  /** A room name is empty, longer than 128 characters, not well-formed text, or holds control characters. */
  | 'invalid-room'
  /** An option or argument is of the wrong kind or out of its range. */
  | 'invalid-option'
  /** A peer called itself. */
  | 'self-call'
  /** The call does not fit the state that the session is in, such as a second `accept()`. */
  | 'invalid-state'
  /** The peer or the session was closed before. */
  | 'closed'
  /** This runtime has no RTCPeerConnection and none was given. */
  | 'no-webrtc'
  /** The page is not served from https or localhost, and what was asked for exists only there. */
  | 'insecure-context'
  /** This runtime lacks something that the transport is made of. */
  | 'unsupported'
  /** The transport could not join the room. */
  | 'transport-failed'
  /** Whoever runs the signaling does not let this peer in: its token, its id, this room or this page's origin. */
  | 'unauthorized'
  /** Somebody else is in the room under this id. */
  | 'id-taken'
  /** The room has as many peers as it may have, or there are too many rooms. */
  | 'room-full'
  /** The other end of the transport speaks no version of its protocol that this one speaks. */
  | 'incompatible'
  /** Too much is waiting to be sent. */
  | 'buffer-full'
  /** A file did not arrive; `reason` says why: `rejected`, `unanswered`, `aborted`, `damaged` or `invalid`. */
  | 'transfer-failed'
  /** A message is longer than a channel takes that cannot cut it: one that is unordered or gives messages up. */
  | 'too-large'
  /** The session ended before it connected; `reason` says why. */
  | 'session-ended'

const marker = Symbol.for('parley-rtc.error')

/** The one error class of Parley. Misuse throws it at once; what comes from the network is an event instead. */
export class ParleyError extends Error {
  override readonly name = 'ParleyError'
  /** For code that reacts; the message is for people. */
  readonly code: ParleyErrorCode
  /** With the code `session-ended`: the session's end reason. With `transfer-failed`: that of the transfer. */
  readonly reason: string | undefined
  readonly [marker] = true

  constructor(code: ParleyErrorCode, message: string, options?: { cause?: unknown; reason?: string }) {
    super(message, options)
    this.code = code
    this.reason = options?.reason
  }
}

/** Whether a value is a ParleyError, also when it comes from another copy of this package. */
export const isParleyError = (value: unknown): value is ParleyError =>
  typeof value === 'object' && value !== null && marker in value

const refusals = /^(insecure-context|unsupported|unauthorized|id-taken|room-full|incompatible)$/

/** Why a transport could not join, as a ParleyError. It names its code, since it cannot import the class. */
export const toTransportError = (cause: unknown, what = ''): ParleyError => {
  const { code, message } = (cause ?? {}) as Partial<ParleyError>
  return new ParleyError(code && refusals.test(code) ? code : 'transport-failed', what + (message ?? String(cause)), {
    cause,
  })
}
