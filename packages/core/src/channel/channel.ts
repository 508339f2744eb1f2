import { createEmitter, type Listen, type Warning } from '../emitter.ts'
import { ParleyError } from '../errors.ts'
import { listen } from '../listen.ts'

/** What can be sent. Strings arrive as strings, everything binary as an ArrayBuffer. */
export type ChannelData = string | ArrayBuffer | ArrayBufferView<ArrayBuffer>

export type ChannelState = 'connecting' | 'open' | 'closed'

export type ChannelEvents = {
  open: undefined
  message: string | ArrayBuffer
  close: undefined
}

/**
 * A data channel of a session, known by its label. It exists before the connection does and outlives it: the
 * RTCDataChannel beneath is replaced with the RTCPeerConnection, the channel stays.
 */
export interface Channel {
  readonly label: string
  readonly state: ChannelState
  /**
   * Sends a message, in order. Before the channel is open it waits, up to 256 KiB in all.
   * Throws `closed` after the channel closed, `buffer-full` when too much waits.
   */
  readonly send: (data: ChannelData) => void
  readonly on: Listen<ChannelEvents>
  /** Closes the channel on both sides. Idempotent. */
  readonly close: () => void
}

/** The session's side of a channel. */
export interface ChannelControl {
  readonly channel: Channel
  /** Whether this side opened it, and so opens it again on a new connection. */
  readonly isLocal: boolean
  /** Puts an RTCDataChannel beneath. Where both sides opened the label there are two; either one delivers. */
  readonly attach: (dataChannel: RTCDataChannel) => void
  /** Takes the RTCDataChannels away because their connection goes; the channel waits for the next. */
  readonly detach: () => void
  /** Ends the channel with its session. */
  readonly end: () => void
}

/** Bytes that may wait for the channel to open. */
const maxWaiting = 256 * 1024

export const createChannel = ({
  label,
  isLocal,
  onChange,
  warn,
}: {
  readonly label: string
  readonly isLocal: boolean
  readonly onChange: () => void
  readonly warn: (warning: Warning) => void
}): ChannelControl => {
  const events = createEmitter<ChannelEvents>(warn)
  const attached = new Map<RTCDataChannel, () => void>()
  let state: ChannelState = 'connecting'
  let waiting: ChannelData[] = []

  const become = (next: ChannelState) => {
    if (state === next || state === 'closed') return
    state = next
    if (next === 'closed') waiting = []
    onChange()
    if (next !== 'connecting') events.emit(next === 'open' ? 'open' : 'close', undefined)
  }

  const openOne = () => [...attached.keys()].find(({ readyState }) => readyState === 'open')

  const whenOpen = () => {
    const dataChannel = openOne()
    if (!dataChannel) return
    for (const data of waiting.splice(0)) sendOn(dataChannel, data)
    become('open')
  }

  const letGo = () => {
    const dataChannels = [...attached.keys()]
    for (const stopListening of attached.values()) stopListening()
    attached.clear()
    return dataChannels
  }

  const close = () => {
    for (const dataChannel of letGo()) dataChannel.close()
    become('closed')
  }

  const channel: Channel = {
    label,
    get state() {
      return state
    },
    send: (data) => {
      if (state === 'closed') throw new ParleyError('closed', `The channel "${label}" is closed.`)
      const dataChannel = openOne()
      if (dataChannel) return sendOn(dataChannel, data)
      if (byteLengthOf([...waiting, data]) > maxWaiting)
        throw new ParleyError('buffer-full', `More than 256 KiB wait for the channel "${label}" to open.`)
      waiting.push(data)
    },
    on: events.on,
    close,
  }

  return {
    channel,
    isLocal,
    attach: (dataChannel) => {
      dataChannel.binaryType = 'arraybuffer'
      attached.set(
        dataChannel,
        listen<RTCDataChannelEventMap>(dataChannel, {
          open: whenOpen,
          message: ({ data }) => events.emit('message', data as string | ArrayBuffer),
          close,
        }),
      )
      whenOpen()
    },
    detach: () => {
      letGo()
      become('connecting')
    },
    end: () => {
      letGo()
      become('closed')
      events.clear()
    },
  }
}

const sendOn = (dataChannel: RTCDataChannel, data: ChannelData): void => {
  try {
    // The overloads of send take each kind alone; every kind goes through unchanged.
    dataChannel.send(data as string)
  } catch (cause) {
    // Chromium throws an OperationError at 16 MiB, and a TypeError above maxMessageSize; the channel stays open.
    throw new ParleyError('buffer-full', `The channel "${dataChannel.label}" took no more: ${String(cause)}`, { cause })
  }
}

const byteLengthOf = (queue: readonly ChannelData[]): number =>
  queue.reduce((sum, data) => sum + (typeof data === 'string' ? data.length : data.byteLength), 0)
