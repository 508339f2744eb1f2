import type { Channel, ChannelData } from './channel/channel-handle.ts'
import { ParleyError } from './errors.ts'

/** A message of the other side. */
export type ChannelMessage = string | ArrayBuffer

/** What `readableOf` takes beside the channel. */
export interface ReadableOptions {
  /**
   * Bytes that may wait to be read. A data channel cannot be told to wait, so the stream fails with `buffer-full` above
   * that, and with it whoever reads it. Default 64 MiB.
   */
  readonly maxUnread?: number
}

/** Bytes that keeping a message costs, whatever is in it. */
const overhead = 64

/**
 * What is sent on a channel, as a stream: each chunk is a message, and `write` resolves as `channel.send` does, so a
 * pipe sends no faster than the network takes it. Closing or aborting the stream closes the channel; the stream fails
 * with `closed` when the channel ends before.
 */
export const writableOf = (channel: Channel): WritableStream<ChannelData> => {
  let stop = () => {}
  const close = () => {
    stop()
    channel.close()
  }
  return new WritableStream<ChannelData>({
    start: (controller) => {
      stop = channel.on('close', () => controller.error(closedError(channel)))
      if (channel.state === 'closed') controller.error(closedError(channel))
    },
    write: (chunk) => channel.send(chunk),
    close,
    abort: close,
  })
}

/**
 * The messages of a channel, as a stream that ends with the channel. Messages are read once: make one stream of a
 * channel, or listen to it. Cancelling the stream only stops listening.
 */
export const readableOf = (
  channel: Channel,
  { maxUnread = 2 ** 26 }: ReadableOptions = {},
): ReadableStream<ChannelMessage> => {
  let stop = () => {}
  return new ReadableStream<ChannelMessage>(
    {
      start: (controller) => {
        let isOver = false
        const close = () => {
          if (isOver) return // it was cancelled, or has failed
          stop()
          controller.close()
        }
        const stops = [
          channel.on('message', (message) => {
            controller.enqueue(message)
            if ((controller.desiredSize ?? 0) >= 0) return
            stop()
            controller.error(unreadError(channel, maxUnread))
          }),
          channel.on('close', close),
        ]
        stop = () => {
          isOver = true
          stops.forEach((each) => each())
        }
        // What came before it closed is delivered first, in a moment of its own.
        if (channel.state === 'closed') queueMicrotask(close)
      },
      cancel: () => stop(),
    },
    { highWaterMark: maxUnread, size: sizeOf },
  )
}

/**
 * The messages of a channel for `for await`; it ends with the channel, and leaving the loop stops listening. What comes
 * while the loop works waits, as in `readableOf`.
 */
export const messagesOf = async function* (
  channel: Channel,
  options: ReadableOptions = {},
): AsyncGenerator<ChannelMessage, void> {
  // Not the iterator of the stream itself, which Safari does not have.
  const reader = readableOf(channel, options).getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      yield value
    }
  } finally {
    await reader.cancel()
  }
}

const sizeOf = (message: ChannelMessage): number =>
  overhead + (typeof message === 'string' ? message.length : message.byteLength)

const closedError = ({ label }: Channel) => new ParleyError('closed', `The channel "${label}" closed.`)
const unreadError = ({ label }: Channel, most: number) =>
  new ParleyError('buffer-full', `More than ${most} bytes of the channel "${label}" wait to be read.`)
