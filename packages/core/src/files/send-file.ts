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

export interface SendFileOptions {
  /** What the receiver is told that it is called, at most 1024 characters. */
  readonly name: string
  /** The label of its channel. Default: random. */
  readonly label?: string
  /** Told of the bytes that the receiver has put away. One that throws breaks the transfer off. */
  readonly onProgress?: (progress: FileProgress) => void
  /** Breaks the transfer off, on both sides. */
  readonly signal?: AbortSignal
}

/**
 * Sends a file, or any Blob, and resolves when the receiver has put it away and its digest is right. It is read block
 * by block, never more than 8 MiB ahead of the receiver, and goes on by itself on another connection of the session.
 * Rejects with `transfer-failed` and its `reason`, with `closed` when the session or the channel ends before, with the
 * reason of `signal`, with what reading the file failed with. It waits for a receiver that never answers: use `signal`.
 */
export const sendFile = async (
  session: Pick<Session, 'openChannel'>,
  blob: Blob,
  { name, label = `file ${randomName()}`, onProgress, signal }: SendFileOptions,
): Promise<void> => {
  signal?.throwIfAborted()
  if (name === '' || name.length > 1024)
    throw new ParleyError('invalid-option', `The name of a file has 1 to 1024 characters; this has ${name.length}.`)
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
  const orFail = <Value>(work: PromiseLike<Value>) => Promise.race([work, failed.promise])

  try {
    await orFail(channel.send(write({ say: 'offer', file: { name, size, type: type.slice(0, 255) } })))
    await orFail(accepted.promise)
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
    tell(channel, abortOf('aborted', String(error)))
    throw error
  } finally {
    signal?.removeEventListener('abort', onAbort)
    for (const stop of stops) stop()
    channel.close()
  }
}
