import { mark, type Notice } from './frames.ts'

export interface InboxOptions {
  /** The longest message in bytes. */
  readonly maxMessage: number
  /** A message of so many bytes came whole: it is delivered next, or refused. */
  readonly onMessage: (bytes: number) => void
  readonly deliver: (message: string | ArrayBuffer) => void
  /** The message was longer than that, and let pass by. */
  readonly refuse: () => void
  /** The other side says that it could not keep so many messages. */
  readonly skip: (messages: number) => void
  /** A frame makes no sense. */
  readonly complain: (what: string) => void
}

/** Makes messages of the frames of one RTCDataChannel. What is incomplete when it goes is sent again on the next. */
export const createInbox = ({ maxMessage, onMessage, deliver, refuse, skip, complain }: InboxOptions) => {
  let pieces: Uint8Array[] = []
  /** Bytes of the long message that comes, 0 for none; and how many of them are still to come. */
  let length = 0
  let missing = 0
  let isText = false

  const take = (bytes: number, message: () => string | ArrayBuffer): void => {
    onMessage(bytes)
    if (bytes > maxMessage) refuse()
    else deliver(message())
  }

  const takePiece = (piece: ArrayBuffer): void => {
    if (piece.byteLength === 0) return complain('an empty piece of a message')
    missing -= piece.byteLength
    // Nothing is kept of what will be refused.
    if (length <= maxMessage) pieces.push(new Uint8Array(piece))
    if (missing > 0) return
    const whole = pieces
    const isWhole = missing === 0
    const bytes = length
    reset()
    if (isWhole) take(bytes, () => (isText ? join(whole, bytes).text() : join(whole, bytes).buffer))
    else complain('the pieces of a message are longer than it')
  }

  const reset = (): void => {
    pieces = []
    length = 0
  }

  const heed = (content: Notice | undefined): void => {
    if (isCount(content?.length)) {
      length = content.length
      missing = length
      isText = content.text === true
    } else if (isCount(content?.lost)) skip(content.lost)
    else if (content?.cancel !== true) complain('a notice that cannot be read')
  }

  return (frame: string | ArrayBuffer): void => {
    if (typeof frame !== 'string') return length > 0 ? takePiece(frame) : take(frame.byteLength, () => frame)
    // Pieces follow each other, so a string says that no more of them come.
    reset()
    if (!frame.startsWith(mark)) take(frame.length, () => frame)
    else if (frame.startsWith(mark + mark)) take(frame.length - 1, () => frame.slice(1))
    else heed(parse(frame.slice(1)))
  }
}

const join = (pieces: readonly Uint8Array[], length: number) => {
  const bytes = new Uint8Array(length)
  let at = 0
  for (const piece of pieces) {
    bytes.set(piece, at)
    at += piece.length
  }
  return { buffer: bytes.buffer, text: () => new TextDecoder().decode(bytes) }
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) > 0

const parse = (text: string): Notice | undefined => {
  try {
    return Object(JSON.parse(text)) as Notice
  } catch {
    return undefined
  }
}
