import type { Listen } from '../emitter.ts'

/** What can be sent. Strings arrive as strings, everything binary as an ArrayBuffer. */
export type ChannelData = string | ArrayBuffer | ArrayBufferView<ArrayBuffer> | Blob

/** `closing`: closed here, and what was sent before is on its way. */
export type ChannelState = 'connecting' | 'open' | 'closing' | 'closed'

/** Messages that did not arrive. */
export interface ChannelLoss {
  /**
   * `unconfirmed`: sent here, and longer unconfirmed than `resendWindow` could keep them when the connection went.
   * `skipped`: of the other side, which says the same. `too-large`: of the other side, above `maxMessage`.
   * `unheard`: of the other side, while nobody listened for messages, and too many.
   */
  readonly reason: 'unconfirmed' | 'skipped' | 'too-large' | 'unheard'
  /** How many. */
  readonly messages: number
}

/** What a channel tells, by the names of `on`. */
export type ChannelEvents = {
  /** It is open, also again on another RTCPeerConnection. */
  open: undefined
  /** A message, whole. */
  message: string | ArrayBuffer
  /** Messages did not arrive, here or there. */
  lost: ChannelLoss
  /** Once: closed by either side, or with its session. */
  close: undefined
}

/**
 * A data channel of a session, known by its label. It exists before the connection does and outlives it: the
 * RTCDataChannel beneath is replaced with the RTCPeerConnection, the channel stays. A reliable, ordered one delivers
 * each message exactly once all the same.
 */
export interface Channel {
  /** Its name in the session. */
  readonly label: string
  /** What is spoken here, as the side said that opened it. */
  readonly protocol: string
  /** `connecting` also while its RTCPeerConnection is replaced. */
  readonly state: ChannelState
  /** Bytes that were sent and wait to go. Of a Blob, what was read of it. */
  readonly bufferedAmount: number
  /** Messages that were lost, for whatever reason. */
  readonly lost: number
  /**
   * Sends a message, in order, at any time before the close. Wait for what it returns to send no faster than the
   * network takes it: it resolves when the RTCDataChannel has the message, with less than 1 MiB before it, and rejects
   * with `closed` when the channel ends before, `too-large` when the channel cannot cut it. Nobody has to wait for it,
   * which is why it is no `Promise` to a linter; it is one.
   * A buffer of 16 KiB or more is not copied, since it may have to go again: do not write to it any more.
   * Throws `closed` after the close, `buffer-full` when more than `maxWaiting` waits.
   */
  readonly send: (data: ChannelData) => PromiseLike<void>
  /** What comes before the first listener for messages waits for it, up to 4 MiB. */
  readonly on: Listen<ChannelEvents>
  /** Closes the channel on both sides, after what was sent. Idempotent. */
  readonly close: () => void
}
