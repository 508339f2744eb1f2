import type { Channel } from '../channel/channel-handle.ts'
import { ParleyError } from '../errors.ts'

/** The `protocol` of a channel that carries one file. */
export const fileProtocol = 'parley-file'

/** Bytes of the messages that a file is sent in, each of which is hashed and confirmed. */
export const blockSize = 2 ** 18
/** Bytes that the sender may be ahead of what the receiver has put away. */
export const maxAhead = 2 ** 23

/** How far a transfer is, in bytes that the receiver has put away. */
export interface FileProgress {
  /** So far. */
  readonly bytes: number
  /** Of the whole file. */
  readonly size: number
}

/** What stands in front of a file. `type` is a MIME type, or empty. */
export interface FileOffer {
  readonly name: string
  readonly size: number
  readonly type: string
}

/**
 * What the two sides say beside the blocks of the file, as JSON: the sender `offer`, later `end`; the receiver
 * `accept`, `got` after each block, and `done`; either of them `abort`.
 */
export type FileMessage =
  | { readonly say: 'offer'; readonly file: FileOffer }
  | { readonly say: 'accept' }
  | { readonly say: 'got'; readonly bytes: number }
  | { readonly say: 'end'; readonly digest: string }
  | { readonly say: 'done' }
  | { readonly say: 'abort'; readonly reason: AbortReason; readonly note: string }

/** `rejected` and `aborted` by the other side, `damaged` on the way, `invalid` as it was sent. */
export type AbortReason = 'rejected' | 'aborted' | 'damaged' | 'invalid'

/** Also `unanswered`, which nobody says: the other side neither accepted nor rejected the offer in time. */
export type FailureReason = AbortReason | 'unanswered'

const maxNote = 1024

export const write = (message: FileMessage): string => JSON.stringify(message)

export const abortOf = (reason: AbortReason, note = ''): string =>
  write({ say: 'abort', reason, note: note.slice(0, maxNote) })

/** Says a last word, where there is still somebody to hear it. */
export const tell = (channel: Channel, text: string): void => {
  if (channel.state === 'open' || channel.state === 'connecting') channel.send(text)
}

/** The message in a text of the other side, or undefined where it makes no sense. */
export const read = (data: unknown): FileMessage | undefined => {
  const message = parse(data)
  const isGood =
    message['say'] === 'accept' ||
    message['say'] === 'done' ||
    (message['say'] === 'got' && isSize(message['bytes'])) ||
    (message['say'] === 'end' && isText(message['digest'], 64)) ||
    (message['say'] === 'abort' && isReason(message['reason']) && isText(message['note'], maxNote)) ||
    (message['say'] === 'offer' && isOffer(Object(message['file'])))
  return isGood ? (message as unknown as FileMessage) : undefined
}

const parse = (data: unknown): Record<string, unknown> => {
  try {
    return typeof data === 'string' ? Object(JSON.parse(data)) : {}
  } catch {
    return {}
  }
}

const isSize = (value: unknown) => Number.isSafeInteger(value) && Number(value) >= 0
const isText = (value: unknown, most: number) => typeof value === 'string' && value.length <= most
const isReason = (value: unknown) => /^(rejected|aborted|damaged|invalid)$/.test(String(value))
const isOffer = ({ name, size, type }: Partial<Record<keyof FileOffer, unknown>>) =>
  isText(name, 1024) && name !== '' && isSize(size) && isText(type, 255)

const sentences: Record<FailureReason, string> = {
  rejected: 'The other side did not take it.',
  aborted: 'The other side broke it off.',
  damaged: 'What arrived is not what was sent.',
  invalid: 'The other side does not keep to the protocol.',
  unanswered: 'The other side did not answer: it has to call receiveFiles before accept(), and accept or reject.',
}

export const transferError = (name: string, reason: FailureReason, note = ''): ParleyError =>
  new ParleyError('transfer-failed', `The file "${name}" did not arrive. ${sentences[reason]} ${note}`.trimEnd(), {
    reason,
  })
