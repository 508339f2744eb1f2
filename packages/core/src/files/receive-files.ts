import type { Channel } from '../channel/channel-handle.ts'
import type { Unsubscribe } from '../emitter.ts'
import { ParleyError } from '../errors.ts'
import type { Session } from '../session/session-handle.ts'
import { messagesOf } from '../streams.ts'
import { withResolvers } from '../with-resolvers.ts'
import { createDigest } from './digest.ts'
import {
  abortOf,
  fileProtocol,
  maxAhead,
  read,
  tell,
  transferError,
  write,
  type FileOffer,
  type FileProgress,
} from './file-protocol.ts'

/** What `accept` and `pipeTo` take. */
export interface ReceiveFileOptions {
  /** Told of the bytes that are put away. One that throws breaks the transfer off. */
  readonly onProgress?: (progress: FileProgress) => void
  /** Breaks the transfer off, on both sides. */
  readonly signal?: AbortSignal
}

/** A file that the other side wants to send. Its name is whatever they say: no path to write to. */
export interface IncomingFile extends FileOffer {
  /**
   * Takes it and resolves with it, once its digest is right. Throws `invalid-state` after another answer. Rejects with
   * `transfer-failed` and its `reason`, `closed` when the channel ends before, or the reason of `signal`.
   */
  readonly accept: (options?: ReceiveFileOptions) => Promise<Blob>
  /**
   * The same, written block by block to a stream, such as one of `FileSystemFileHandle.createWritable()`: the sender
   * waits for it. The stream is closed at the end, and aborted when the transfer fails.
   */
  readonly pipeTo: (stream: WritableStream<Uint8Array<ArrayBuffer>>, options?: ReceiveFileOptions) => Promise<void>
  /** Refuses it: `sendFile` rejects with the reason `rejected`. */
  readonly reject: (message?: string) => void
}

/**
 * Tells of each file that `sendFile` offers on the other side, until the subscription that it returns ends. Call it
 * before `accept()` or right after `call()`: what is offered before is not told. The callback may answer later, within
 * the `deadline` of the sender. One that throws, or rejects, without an answer rejects the file, and is a `warning`
 * `listener-failed` of the session.
 */
export const receiveFiles = (session: Pick<Session, 'on'>, onFile: (file: IncomingFile) => unknown): Unsubscribe =>
  session.on('channel', async (channel) => {
    if (channel.protocol !== fileProtocol) return
    const messages = messagesOf(channel, { maxUnread: 2 * maxAhead })
    const { value: first } = await messages.next()
    const message = read(first)
    if (message?.say === 'offer') return offerTo(onFile, createIncomingFile(channel, messages, message.file))
    tell(channel, abortOf('invalid'))
    return channel.close()
  })

/** The sender is not told what the error says: that may be nothing for others. */
const offerTo = async (onFile: (file: IncomingFile) => unknown, { file, isAnswered }: Incoming): Promise<void> => {
  try {
    await onFile(file)
  } catch (error) {
    if (!isAnswered()) file.reject('Its callback for files failed.')
    throw error
  }
}

type Messages = AsyncGenerator<string | ArrayBuffer, void>

interface Incoming {
  readonly file: IncomingFile
  /** Whether it was accepted or rejected. */
  readonly isAnswered: () => boolean
}

/** Where the blocks of a file go. */
interface Sink {
  readonly write: (block: ArrayBuffer) => unknown
  readonly close: () => unknown
  readonly abort: (error: unknown) => void
}

const createIncomingFile = (channel: Channel, messages: Messages, offer: FileOffer): Incoming => {
  let isAnswered = false
  const answer = () => {
    if (isAnswered) throw new ParleyError('invalid-state', `The file "${offer.name}" was accepted or rejected before.`)
    isAnswered = true
  }
  const receive = async (sink: Sink, options: ReceiveFileOptions) => {
    answer()
    const { signal } = options
    const failed = withResolvers<never>()
    const onAbort = () => failed.reject(signal?.reason)
    if (signal?.aborted) onAbort()
    signal?.addEventListener('abort', onAbort)
    try {
      await Promise.race([receiveBlocks(channel, messages, offer, sink, options), failed.promise])
    } catch (error) {
      sink.abort(error)
      const { reason } = error as { readonly reason?: unknown }
      tell(channel, abortOf(reason === 'damaged' || reason === 'invalid' ? reason : 'aborted'))
      channel.close()
      throw error
    } finally {
      signal?.removeEventListener('abort', onAbort)
      // Not awaited: a read that never ends would hold it.
      void messages.return()
    }
  }

  const file: IncomingFile = {
    ...offer,
    accept: async (options = {}) => {
      // A Blob in a Blob is kept by the browser, on disk where it is long, and not in the memory of the page.
      const blocks: Blob[] = []
      const write = (block: ArrayBuffer) => blocks.push(new Blob([block]))
      await receive({ write, close: () => {}, abort: () => blocks.splice(0) }, options)
      return new Blob(blocks, { type: offer.type })
    },
    pipeTo: async (stream, options = {}) => {
      const writer = stream.getWriter()
      const abort = (error: unknown) => void writer.abort(error).catch(() => {})
      const write = (block: ArrayBuffer) => writer.write(new Uint8Array(block))
      await receive({ write, close: () => writer.close(), abort }, options)
    },
    reject: (message) => {
      answer()
      tell(channel, abortOf('rejected', message))
      channel.close()
    },
  }
  return { file, isAnswered: () => isAnswered }
}

const receiveBlocks = async (
  channel: Channel,
  messages: Messages,
  { name, size }: FileOffer,
  sink: Sink,
  { onProgress }: ReceiveFileOptions,
): Promise<void> => {
  const digest = createDigest()
  let bytes = 0
  tell(channel, write({ say: 'accept' }))
  for (;;) {
    const { value, done } = await messages.next()
    if (done) throw new ParleyError('closed', `The channel closed before "${name}" arrived.`)
    if (typeof value !== 'string') {
      bytes += value.byteLength
      if (bytes > size) throw transferError(name, 'invalid')
      await digest.add(value)
      await sink.write(value)
      tell(channel, write({ say: 'got', bytes }))
      onProgress?.({ bytes, size })
      continue
    }
    const message = read(value)
    if (message?.say === 'abort') throw transferError(name, message.reason, message.note)
    if (message?.say !== 'end') throw transferError(name, 'invalid')
    if (bytes !== size || message.digest !== digest.text()) throw transferError(name, 'damaged')
    await sink.close()
    tell(channel, write({ say: 'done' }))
    return
  }
}
