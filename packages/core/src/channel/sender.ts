import { ParleyError } from '../errors.ts'
import { withResolvers } from '../with-resolvers.ts'
import type { ChannelData } from './channel-handle.ts'
import type { ResolvedOptions } from './channel-options.ts'
import { bytesOf, framesOf, notice, type Frame } from './frames.ts'
import { createOutbox } from './outbox.ts'

/** Bytes in the buffer of an RTCDataChannel above which nothing more is put there, and where that goes on. */
const highWater = 2 ** 20
const lowWater = 2 ** 18
/** ms between two looks at the buffer where no event tells of it (@roamhq/wrtc). */
const pollInterval = 10
/** Bytes that keeping a message costs, whatever is in it. */
const overhead = 64
/** Bytes below which a copy is cheaper than the mistake of an application that uses its buffer again. */
const maxCopy = 2 ** 14

/** Whether an RTCDataChannel keeps the order and gives nothing up. @roamhq/wrtc says 65535 for "without end". */
export const isDurable = ({ ordered, maxRetransmits, maxPacketLifeTime }: RTCDataChannel): boolean =>
  ordered && (maxRetransmits ?? 65_535) === 65_535 && (maxPacketLifeTime ?? 65_535) === 65_535

/** The sending half of a channel: in order, across the RTCDataChannels that come and go beneath it. */
export const createSender = (label: string, { resendWindow, maxWaiting }: ResolvedOptions) => {
  const outbox = createOutbox(resendWindow)
  let current: RTCDataChannel | undefined
  let maxMessageSize = 0
  let durable = false
  /** Of the message that is next: the frames to come, the one that waits for room, and whether any went before. */
  let frames: ReturnType<typeof framesOf> | undefined
  let frame: Frame | undefined
  let isBegun = false
  let isReading = false
  let onFlushed: (() => void) | undefined
  let poll: ReturnType<typeof setTimeout> | undefined

  const send = (data: ChannelData): PromiseLike<void> => {
    const isKept = typeof data === 'string' || data instanceof Blob
    // A Blob stays where it is until it is read.
    const cost = overhead + (!isKept ? data.byteLength : typeof data === 'string' ? data.length : 0)
    if (outbox.waiting() > 0 && outbox.waiting() + cost > maxWaiting)
      throw new ParleyError('buffer-full', `More than ${maxWaiting} bytes wait for the channel "${label}".`)
    const { promise, ...settle } = withResolvers<void>()
    outbox.push({ data: isKept || cost > maxCopy ? data : bytesOf(data).slice(), cost, settle })
    pump()
    return promise
  }

  /** Hands over what there is room for; goes on when there is more, when a Blob was read, with an RTCDataChannel. */
  const pump = (read?: ArrayBuffer): void => {
    for (let bytes = read; current?.readyState === 'open' && !isReading; bytes = undefined) {
      const entry = outbox.next()
      if (!entry || (frame !== undefined && current.bufferedAmount >= highWater)) return waitOn(current, !entry)
      try {
        if (frame === undefined) prepare(entry.data, bytes)
        else {
          // The overloads of send take each kind alone; every kind goes through unchanged.
          current.send(frame as string)
          frame = undefined
          isBegun = true
        }
      } catch (error) {
        // It is closing, and its state does not say so yet (@roamhq/wrtc): the message goes to the next.
        if ((error as Error).name === 'InvalidStateError') return
        giveUp(error)
      }
    }
  }

  /** The next frame of a message, or its end. */
  const prepare = (data: ChannelData, bytes: ArrayBuffer | undefined): void => {
    frames ??= framesOf(data, maxMessageSize, durable)
    // Bytes come with the call that follows the Blob they are of, and only with that.
    const { done, value } = frames.next(bytes as ArrayBuffer)
    if (value instanceof Blob) readBlob(value)
    else frame = value ?? undefined
    if (!done) return
    outbox.next()?.settle?.resolve()
    outbox.take(durable)
    forget()
  }

  const readBlob = (blob: Blob): void => {
    const mine = frames
    const goOn = (act: () => void) => {
      // The RTCDataChannel was replaced meanwhile, and the message begun anew.
      if (frames !== mine) return
      isReading = false
      act()
    }
    isReading = true
    blob.arrayBuffer().then(
      (bytes) => goOn(() => pump(bytes)),
      (error: unknown) => goOn(() => (giveUp(error), pump())),
    )
  }

  /** A Blob cannot be read, or the RTCDataChannel does not take something; the channel goes on without it. */
  const giveUp = (error: unknown): void => {
    const settle = outbox.next()?.settle
    outbox.cancel()
    if (isBegun && current?.readyState === 'open') current.send(notice({ cancel: true }))
    forget()
    const message = `The channel "${label}" did not take a message: ${String(error)}`
    settle?.reject(error instanceof ParleyError ? error : new ParleyError('buffer-full', message, { cause: error }))
  }

  const forget = (): void => {
    frames = undefined
    frame = undefined
    isBegun = false
    isReading = false
  }

  /** Waits for room in the buffer, or for the end of it where nothing else is left to do. */
  const waitOn = (dataChannel: RTCDataChannel, isEmpty: boolean): void => {
    if (isEmpty && !onFlushed) return
    if (isEmpty && dataChannel.bufferedAmount === 0) return onFlushed?.()
    if ('bufferedAmountLowThreshold' in dataChannel) dataChannel.bufferedAmountLowThreshold = isEmpty ? 0 : lowWater
    else poll ??= setTimeout(look, pollInterval)
  }

  const look = (): void => {
    poll = undefined
    pump()
  }

  const close = (): void => {
    current = undefined
    clearTimeout(poll)
    poll = undefined
    forget()
    outbox.rewind()
  }

  return {
    send,
    isEmpty: () => outbox.next() === undefined,
    confirm: outbox.confirm,
    /** Bytes that wait, here and in the RTCDataChannel. */
    bufferedAmount: () => outbox.waiting() + (current?.bufferedAmount ?? 0),
    /** Begins on an RTCDataChannel that is open. Returns how many messages are lost that were not before. */
    open: (dataChannel: RTCDataChannel, maxSize: number): number => {
      current = dataChannel
      maxMessageSize = maxSize
      durable = isDurable(current)
      const { missing, news } = outbox.resume()
      if (durable && missing > 0) current.send(notice({ lost: missing }))
      pump()
      return durable ? news : 0
    },
    /** The buffer of the RTCDataChannel has room again. */
    goOn: () => pump(),
    /**
     * Runs when everything was sent and no buffer holds any of it, here and on any RTCDataChannel that follows.
     * Browsers send their buffer before they close (W3C webrtc-pc, 6.2); werift throws it away.
     */
    whenFlushed: (run: () => void): void => {
      onFlushed = run
      pump()
    },
    /** The RTCDataChannel is gone: what it took and nobody has confirmed goes to the next. */
    close,
    end: (): void => {
      close()
      for (const { settle } of outbox.clear())
        settle?.reject(new ParleyError('closed', `The channel "${label}" closed before this was sent.`))
    },
  }
}
