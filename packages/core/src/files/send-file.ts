import { longestWait, systemClock, type Clock } from '../clock.ts'
import { ParleyError } from '../errors.ts'
import { randomName } from '../name.ts'
import type { Session } from '../session/session-handle.ts'
import { withResolvers } from '../with-resolvers.ts'
import { createDigest } from './digest.ts'
import {
  abortOf,
  blockSize,
  fileProtocol,
  maxAhead,
  read,
  tell,
  transferError,
  write,
  type FileProgress,
} from './file-protocol.ts'

/** What `sendFile` takes beside the file. */
export interface SendFileOptions {
  /** What the receiver is told that it is called, at most 1024 characters. Default: the name of a File. */
  readonly name?: string
  /** The label of its channel. Default: random. */
  readonly label?: string
  /** Told of the bytes that the receiver has put away; not for an empty file. If it throws, the transfer breaks off. */
  readonly onProgress?: (progress: FileProgress) => void
  /** Breaks the transfer off, on both sides. */
  readonly signal?: AbortSignal
  /**
   * ms that the other side has to accept or reject the offer, from when it was sent: `unanswered`. 1 to 2 ** 31 - 1.
   * Default 60 000. How long the transfer may take after that is up to `signal`.
   */
  readonly deadline?: number
  /** For tests that own the time. */
  readonly clock?: Clock
}

/** Characters of a name. */
const maxName = 1024

/**
 * Sends a file, or any Blob, and resolves when the receiver has put it away and its digest is right. It is read block
 * by block, never more than 8 MiB ahead of the receiver, and goes on by itself on another connection of the session.
 * Rejects with `transfer-failed` and its `reason`, with `closed` when the session or the channel ends before, with the
 * reason of `signal`, with what reading the file failed with, with `invalid-option` for what is no Blob or no name. The
 * other side has to call `receiveFiles` before `accept()`, or nobody answers and the reason is `unanswered`.
 */
export const sendFile = async (
  session: Pick<Session, 'openChannel' | 'getSnapshot'>,
  blob: Blob,
  options: SendFileOptions = {},
): Promise<void> => {
  const name = check(blob, options)
  const { label = `file ${randomName()}`, onProgress, signal, deadline = 60_000, clock = systemClock } = options
  // What is said on a channel that is there already is no file, and it would be closed.
  if (session.getSnapshot().channels.some((other) => other.label === label))
    throw new ParleyError('invalid-option', `sendFile: another channel of this session has the label "${label}".`)
  signal?.throwIfAborted()
  const { size, type } = blob
  const digest = createDigest()
  // All that can be on its way fits, so that no change of the connection loses any of it.
  const channel = session.openChannel(label, { protocol: fileProtocol, resendWindow: 2 * maxAhead })
  const accepted = withResolvers<void>()
  const done = withResolvers<void>()
  const failed = withResolvers<never>()
  let sent = 0
  let stored = 0
  let wake = () => {}

  const take = (data: unknown) => {
    const message = read(data)
    if (message?.say === 'accept') accepted.resolve()
    else if (message?.say === 'done') done.resolve()
    else if (message?.say === 'abort') failed.reject(transferError(name, message.reason, message.note))
    else if (message?.say === 'got' && message.bytes <= sent) {
      stored = message.bytes
      wake()
      onProgress?.({ bytes: stored, size })
    } else throw transferError(name, 'invalid')
  }
  const stops = [
    channel.on('message', (data) => {
      try {
        take(data)
      } catch (error) {
        failed.reject(error)
      }
    }),
    channel.on('lost', () => failed.reject(transferError(name, 'damaged'))),
    channel.on('close', () => failed.reject(new ParleyError('closed', `The channel closed before "${name}" arrived.`))),
  ]
  const onAbort = () => failed.reject(signal?.reason)
  signal?.addEventListener('abort', onAbort)
  const orFail = async <Value>(work: PromiseLike<Value>): Promise<Value> => {
    let value: Value | undefined
    // What a race gives is kept for as long as any of its promises, and one of these lasts until the end.
    await Promise.race([work.then((result) => void (value = result)), failed.promise])
    return value as Value
  }
  const answer = async () => {
    const giveUp = () => failed.reject(transferError(name, 'unanswered', `It had ${deadline} ms.`))
    const timer = clock.setTimeout(giveUp, deadline)
    try {
      await orFail(accepted.promise)
    } finally {
      clock.clearTimeout(timer)
    }
  }

  try {
    await orFail(channel.send(write({ say: 'offer', file: { name, size, type: type.slice(0, 255) } })))
    // Only now: until the offer can be sent, the deadlines of the session run.
    await answer()
    while (sent < size) {
      const block = await orFail(blob.slice(sent, sent + blockSize).arrayBuffer())
      await orFail(digest.add(block))
      sent += block.byteLength
      while (sent - stored > maxAhead) await orFail(new Promise<void>((resolve) => (wake = resolve)))
      await orFail(channel.send(block))
    }
    await orFail(channel.send(write({ say: 'end', digest: digest.text() })))
    await orFail(done.promise)
  } catch (error) {
    // What went wrong here is for here: an error can hold a secret.
    tell(channel, abortOf('aborted'))
    throw error
  } finally {
    signal?.removeEventListener('abort', onAbort)
    for (const stop of stops) stop()
    channel.close()
  }
}

/** The name to send it under. Not all who call this have a compiler to tell them what is wrong. */
const check = (blob: unknown, options: unknown): string => {
  const { size, slice, name: ownName } = Object(blob) as Partial<File>
  const { name = ownName, deadline = 1 } = Object(options) as Partial<Record<keyof SendFileOptions, unknown>>
  // Not instanceof: a Blob of another window is good too.
  if (typeof size !== 'number' || typeof slice !== 'function')
    throw invalid('what it sends is a File or a Blob, such as new Blob([data])', blob)
  if (typeof name !== 'string' || name === '' || name.length > maxName)
    throw invalid(`a Blob needs a \`name\` of 1 to ${maxName} characters, such as { name: "notes.txt" }`, name)
  if (typeof deadline !== 'number' || !(deadline >= 1 && deadline <= longestWait))
    throw invalid(`\`deadline\` is a number of ms from 1 to ${longestWait}`, deadline)
  return name
}

const invalid = (rule: string, value: unknown) => {
  const kind = Object.prototype.toString.call(value).slice(8, -1)
  const found = typeof value === 'number' ? value : typeof value === 'string' ? `a text of ${value.length}` : kind
  return new ParleyError('invalid-option', `sendFile: ${rule}; this is ${found}.`)
}
