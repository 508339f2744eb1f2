import { ParleyError } from '../errors.ts'
import type { ChannelData } from './channel-handle.ts'

/**
 * How messages lie on an RTCDataChannel. A message that fits goes as it is, so that any other program reads it. What
 * only Parley understands is a string that begins with U+0000 and goes on with JSON; a string of the application that
 * begins so gets a second U+0000 in front.
 */
export const mark = '\0'

/** What a string after the mark can say. */
export interface Notice {
  /** The next message comes in pieces: so many bytes of binary messages, one after the other. */
  readonly length?: number
  /** It is a string, in UTF-8. */
  readonly text?: true | undefined
  /** The message whose pieces came last ends here, incomplete. */
  readonly cancel?: boolean
  /** So many messages before the next are gone, and count as if they had come. */
  readonly lost?: number
}

export const notice = (content: Notice): string => mark + JSON.stringify(content)

/** What an RTCDataChannel takes; a Blob is to be read before. */
export type Frame = string | ArrayBuffer | ArrayBufferView<ArrayBuffer>

/**
 * Bytes. A message above 256 KiB is cut even where the other side would take more (Firefox: 1 GiB); the pieces are
 * small, since a piece holds up every other channel of its connection, signaling included, until it is through.
 */
const maxWhole = 2 ** 18
const pieceSize = 2 ** 16
/** What is read of a Blob at once: each read is a trip to another process. */
const readSize = 2 ** 20

/**
 * The frames of a message. For a Blob that it yields it is given the bytes. `maxMessageSize` is that of the connection;
 * pieces need order and reliability, so where these are missing a message that does not fit throws `too-large`.
 */
export const framesOf = function* (
  data: ChannelData,
  maxMessageSize: number,
  isDurable: boolean,
): Generator<Frame | Blob, void, ArrayBuffer> {
  const limit = isDurable ? Math.min(maxMessageSize, maxWhole) : maxMessageSize
  const whole = typeof data === 'string' && data.startsWith(mark) ? mark + data : data
  if (fits(whole, limit)) {
    yield whole instanceof Blob ? yield whole : whole
    return
  }
  if (!isDurable)
    throw new ParleyError('too-large', `More than ${limit} bytes; only a reliable, ordered channel cuts a message.`)
  const text = typeof data === 'string' || undefined
  const content = typeof data === 'string' ? new TextEncoder().encode(data) : data
  yield notice({ length: sizeOf(content), text })
  if (!(content instanceof Blob)) return yield* piecesOf(bytesOf(content), limit)
  for (let at = 0; at < content.size; at += readSize)
    yield* piecesOf(new Uint8Array(yield content.slice(at, at + readSize)), limit)
}

const piecesOf = function* (bytes: Uint8Array<ArrayBuffer>, limit: number): Generator<Frame, void> {
  const size = Math.min(pieceSize, limit)
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

// A UTF-16 code unit takes 3 bytes at most.
const fits = (data: ChannelData, limit: number): boolean =>
  typeof data === 'string'
    ? data.length * 3 <= limit || new TextEncoder().encode(data).length <= limit
    : sizeOf(data) <= limit

const sizeOf = (data: Exclude<ChannelData, string>): number => (data instanceof Blob ? data.size : data.byteLength)

/** The bytes of a buffer or view, not copied. */
export const bytesOf = (data: ArrayBuffer | ArrayBufferView<ArrayBuffer>): Uint8Array<ArrayBuffer> =>
  ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data)
