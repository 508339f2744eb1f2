import { createEmitter, type Warning } from '../emitter.ts'
import { ParleyError } from '../errors.ts'
import { listen } from '../listen.ts'
import type { Channel, ChannelEvents, ChannelLoss, ChannelState } from './channel-handle.ts'
import type { ResolvedOptions } from './channel-options.ts'
import { createEarly } from './early.ts'
import { createInbox } from './inbox.ts'
import { createSender, isDurable } from './sender.ts'

/** What a channel has to know of the RTCPeerConnection. */
export interface ConnectionBeneath {
  readonly maxMessageSize: () => number
  /** Whether it still connects. When it closes, so do its RTCDataChannels, and mean nothing by it. */
  readonly isAlive: () => boolean
}

/** The session's side of a channel. */
export interface ChannelControl {
  readonly channel: Channel
  readonly options: ResolvedOptions
  /** Whether this side opened it, and so opens it again on a new connection. */
  readonly isLocal: boolean
  /** How many messages have arrived whole on reliable, ordered RTCDataChannels; undefined before one was ever open. */
  readonly received: () => number | undefined
  /** Puts an RTCDataChannel beneath: the one that this side opened, or that of the other. Either one delivers. */
  readonly attach: (dataChannel: RTCDataChannel, connection: ConnectionBeneath, isOwn: boolean) => void
  /** Takes the RTCDataChannels away because their connection goes; the channel waits for the next. */
  readonly detach: () => void
  /** The other side has so many messages of this one, or has no such channel. */
  readonly confirm: (received: number | undefined) => void
  /** Ends the channel with its session. */
  readonly end: () => void
}

/** Bytes of messages, with the cost of each, after which the other side is told what has arrived. */
const progressSize = 2 ** 20
const overhead = 64

export const createChannel = ({
  label,
  options,
  isLocal,
  onChange,
  onProgress,
  warn,
}: {
  readonly label: string
  readonly options: ResolvedOptions
  readonly isLocal: boolean
  readonly onChange: () => void
  /** So much has arrived that the other side should be told. */
  readonly onProgress: () => void
  readonly warn: (warning: Warning) => void
}): ChannelControl => {
  const events = createEmitter<ChannelEvents>(['open', 'message', 'lost', 'close'], warn)
  /** By RTCDataChannel: whether this side opened it, and what stops listening to it. */
  const attached = new Map<RTCDataChannel, { readonly isOwn: boolean; readonly stop: () => void }>()
  let state: ChannelState = 'connecting'
  let wasOpen = false
  let isClosedHere = false
  let isFlushed = false
  let lostMessages = 0
  let received = 0
  let untold = 0

  const become = (next: ChannelState) => {
    if (state === next || state === 'closed') return
    state = next
    onChange()
    if (next === 'open' || next === 'closed') events.emit(next === 'open' ? 'open' : 'close', undefined)
  }

  const lose = (reason: ChannelLoss['reason'], messages = 1) => {
    lostMessages += messages
    events.emit('lost', { reason, messages })
  }

  const early = createEarly(
    (message) => events.emit('message', message),
    (isFirst) => {
      lose('unheard')
      const message = `Nobody listens to the messages of the channel "${label}", and too many wait for it.`
      if (isFirst) warn({ code: 'message-lost', message })
    },
  )

  const sender = createSender(label, options)

  /** Everything was sent. The `close` of an RTCDataChannel tells that it has arrived. */
  const closeBeneath = () => {
    isFlushed = true
    for (const dataChannel of attached.keys()) dataChannel.close()
  }

  const letGo = (dataChannel: RTCDataChannel) => {
    attached.get(dataChannel)?.stop()
    attached.delete(dataChannel)
  }

  const detach = () => {
    for (const dataChannel of attached.keys()) letGo(dataChannel)
    sender.close()
    // A close that the other side has begun is begun again on the next connection.
    if (!isClosedHere) become('connecting')
  }

  const end = () => {
    for (const dataChannel of attached.keys()) {
      letGo(dataChannel)
      dataChannel.close()
    }
    sender.end()
    become('closed')
  }

  const close = () => {
    if (state === 'closing' || state === 'closed') return
    // Nobody can know of it yet, and there is nothing to say.
    if (!wasOpen && sender.isEmpty()) return end()
    isClosedHere = true
    become('closing')
    sender.whenFlushed(closeBeneath)
  }

  /** An RTCDataChannel closed by itself. Of two, the one that the other side sends on may still bring something. */
  const onClose = (dataChannel: RTCDataChannel, { isAlive }: ConnectionBeneath, isOwn: boolean) => {
    if (!isAlive()) return detach()
    letGo(dataChannel)
    if (attached.size === 0 || !(isOwn || isClosedHere)) end()
    else become('closing')
  }

  const attach: ChannelControl['attach'] = (dataChannel, connection, isOwn) => {
    const onOpen = () => {
      if (dataChannel.readyState !== 'open') return
      wasOpen = true
      // Each side sends on its own if it has one, so that each direction keeps its order.
      if (isOwn === isLocal) {
        const lost = sender.open(dataChannel, connection.maxMessageSize())
        if (lost > 0) lose('unconfirmed', lost)
        if (state === 'connecting') become('open')
      } else if (isClosedHere) sender.whenFlushed(closeBeneath)
    }
    const receive = createInbox({
      maxMessage: options.maxMessage,
      onMessage: isDurable(dataChannel) ? count : () => {},
      deliver: early.take,
      refuse: () => lose('too-large'),
      skip: (messages) => {
        received += messages
        lose('skipped', messages)
      },
      complain: (what) => warn({ code: 'bad-message', message: `On the channel "${label}": ${what}.` }),
    })
    dataChannel.binaryType = 'arraybuffer'
    const stop = listen<RTCDataChannelEventMap>(dataChannel, {
      open: onOpen,
      message: ({ data }) => receive(data as string | ArrayBuffer),
      bufferedamountlow: sender.goOn,
      close: () => onClose(dataChannel, connection, isOwn),
    })
    attached.set(dataChannel, { isOwn, stop })
    onOpen()
  }

  /** A message of so many bytes is whole. */
  const count = (bytes: number) => {
    received += 1
    untold += bytes + overhead
    if (untold < progressSize) return
    untold = 0
    onProgress()
  }

  const channel: Channel = {
    label,
    protocol: options.protocol ?? '',
    get state() {
      return state
    },
    get bufferedAmount() {
      return sender.bufferedAmount()
    },
    get lost() {
      return lostMessages
    },
    send: (data) => {
      if (typeof data !== 'string' && !(data instanceof Blob) && !ArrayBuffer.isView(data) && !isBuffer(data))
        throw new ParleyError(
          'invalid-option',
          `A channel sends strings, ArrayBuffers, views of them and Blobs, not ${String(data)}: JSON.stringify it.`,
        )
      if (state === 'open' || state === 'connecting') return sender.send(data)
      throw new ParleyError('closed', `The channel "${label}" is closed.`)
    },
    on: (type, listener) => {
      const stopListening = events.on(type, listener)
      if (type === 'message') early.flush()
      return stopListening
    },
    close,
  }

  return {
    channel,
    options,
    isLocal,
    received: () => (wasOpen ? received : undefined),
    attach,
    detach,
    confirm: (number) => {
      if (number !== undefined) sender.confirm(number)
      // On the last connection it was closed there: by its opener, or after all that this side had sent.
      else if ((isFlushed || !isLocal) && ![...attached.keys()].some(({ readyState }) => readyState === 'open')) end()
    },
    end: () => {
      end()
      events.clear()
    },
  }
}

/** Also of another realm, such as a frame's. */
const isBuffer = (data: unknown): data is ArrayBuffer => /ArrayBuffer/.test(Object.prototype.toString.call(data))
