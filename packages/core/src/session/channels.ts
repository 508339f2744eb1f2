import { createChannel, type ChannelControl, type ConnectionBeneath } from '../channel/channel.ts'
import type { Channel } from '../channel/channel-handle.ts'
import { resolveOptions, type ChannelOptions } from '../channel/channel-options.ts'
import type { Warning } from '../emitter.ts'
import { ParleyError } from '../errors.ts'
import { createHighest } from '../highest.ts'
import { openDataChannel } from '../rtc/peer-connection.ts'

/** Of each open channel by its name: how many messages have arrived whole since it exists. */
type Received = readonly (readonly [name: string, messages: number])[]

/** Channels of one session. SCTP in browsers has 1024 streams, and the control channel is one of them. */
const maxChannels = 1000
/** Bytes that every stack takes at once, where it does not say how many (RFC 8841, section 6.1). */
const usualMaxMessageSize = 64 * 1024

/**
 * What both sides call a channel: its label; when a label is opened again, that with a number, which no label can hold
 * (`chat`, `chat\n2`). So nothing that is still under way for one is taken for the other.
 */
const nameOf = (label: string, nth: number) => (nth > 1 ? `${label}\n${nth}` : label)
const readName = (name: string) => {
  const [, label = name, nth = 1] = /^(.+)\n(\d+)$/.exec(name) ?? []
  return { label, nth: Number(nth) }
}

/** The channels of a session, across its RTCPeerConnections. */
export const createChannels = ({
  onChannel,
  onChange,
  say,
  warn,
}: {
  /** The other side opened a channel under a new label. */
  readonly onChannel: (channel: Channel) => void
  readonly onChange: () => void
  /** Tells the other side what has arrived, in order with the signaling of the connections. */
  readonly say: (received: [string, number][]) => void
  readonly warn: (warning: Warning) => void
}) => {
  const channels = new Map<string, ChannelControl>()
  /** By label: the number of the last channel that has closed; one that was never open does not count. */
  const lastClosed = createHighest()
  const all = () => [...channels.values()]
  let connection: (ConnectionBeneath & { readonly pc: RTCPeerConnection }) | undefined
  let wasOpen = false

  const add = (label: string, nth: number, isLocal: boolean, options: ChannelOptions): ChannelControl => {
    const name = nameOf(label, nth)
    const onStateChange = () => {
      const { state } = control.channel
      wasOpen ||= state === 'open'
      if (state === 'closed') {
        channels.delete(name)
        if (control.received() !== undefined) lastClosed.raise(label, nth)
      }
      onChange()
    }
    const control = createChannel({
      label,
      options: resolveOptions(options),
      isLocal,
      onChange: onStateChange,
      onProgress: tellReceived,
      warn,
    })
    channels.set(name, control)
    onChange()
    return control
  }

  const tellReceived = () =>
    say(
      [...channels].flatMap(([name, { received }]) => {
        const messages = received()
        return messages === undefined ? [] : [[name, messages] as [string, number]]
      }),
    )

  const openBeneath = (name: string, control: ChannelControl) => {
    if (!connection || !control.isLocal) return
    control.attach(openDataChannel(connection.pc, name, control.options), connection, true)
  }

  return {
    list: () => all().map(({ channel: { label, state } }) => ({ label, state })),

    /** Opens the channels of this side on a new RTCPeerConnection, whose control channel tells whether it lives. */
    open: (pc: RTCPeerConnection, path: Pick<RTCDataChannel, 'readyState'>): void => {
      connection = {
        pc,
        maxMessageSize: () => pc.sctp?.maxMessageSize ?? usualMaxMessageSize,
        isAlive: () => path.readyState === 'open',
      }
      // The other side hears of it before it hears of the new connection, since signaling keeps its order. So no
      // channel has to wait for it on that connection, and nothing can arrive on the last one any more.
      if (wasOpen) tellReceived()
      for (const [name, control] of channels) openBeneath(name, control)
    },

    /** The RTCPeerConnection goes; the channels wait for the next. */
    close: (): void => {
      connection = undefined
      for (const { detach } of channels.values()) detach()
    },

    /** Takes a channel that the other side opened: a new one, or its half of one that is there. */
    take: (dataChannel: RTCDataChannel): void => {
      if (!connection) return
      const { label: name, protocol } = dataChannel
      const { label, nth } = readName(name)
      const known = channels.get(name)
      if (known) return known.attach(dataChannel, connection, false)
      // One that was closed here, which the other side has missed.
      if (nth <= lastClosed.of(label)) return dataChannel.close()
      if (channels.size >= maxChannels) {
        warn({ code: 'bad-message', message: `The other side opened more than ${maxChannels} channels.` })
        return dataChannel.close()
      }
      const control = add(label, nth, false, { protocol })
      control.attach(dataChannel, connection, false)
      onChannel(control.channel)
    },

    /** The other side tells what has arrived there. */
    takeReceived: (received: Received): void => {
      const messages = new Map(received)
      for (const [name, { confirm }] of channels) confirm(messages.get(name))
    },

    openChannel: (label: string, options: ChannelOptions = {}): Channel => {
      // The other side may have opened the next of that label before the last one has closed here.
      const known = all()
        .reverse()
        .find(({ channel }) => channel.label === label)
      if (known?.channel.state === 'closing')
        throw new ParleyError('invalid-state', `The channel "${label}" is closing: wait for its "close" event.`)
      if (known) return known.channel
      if (channels.size >= maxChannels)
        throw new ParleyError('buffer-full', `A session has ${maxChannels} channels at most; close one before.`)
      if (options.id !== undefined && all().some((other) => other.options.id === options.id))
        throw new ParleyError('invalid-option', `Another channel of this session has the id ${options.id}.`)
      const nth = lastClosed.of(label) + 1
      const control = add(label, nth, true, options)
      try {
        openBeneath(nameOf(label, nth), control)
      } catch (cause) {
        control.end()
        throw new ParleyError('invalid-option', `The channel "${label}" cannot be opened: ${String(cause)}`, { cause })
      }
      return control.channel
    },

    end: (): void => {
      for (const { end } of channels.values()) end()
    },
  }
}
