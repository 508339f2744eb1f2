import { createChannel, type ChannelControl, type ConnectionBeneath } from '../channel/channel.ts'
import type { Channel } from '../channel/channel-handle.ts'
import { resolveOptions, type ChannelOptions } from '../channel/channel-options.ts'
import type { Warning } from '../emitter.ts'
import { ParleyError } from '../errors.ts'
import { openDataChannel } from '../rtc/peer-connection.ts'

/** Of each open channel by its label: how many messages have arrived whole since it exists. */
type Received = readonly (readonly [label: string, messages: number])[]

/** Channels of one session. SCTP in browsers has 1024 streams, and the control channel is one of them. */
const maxChannels = 1000
/** Bytes that every stack takes at once, where it does not say how many (RFC 8841, section 6.1). */
const usualMaxMessageSize = 64 * 1024

/** The channels of a session by their labels, across its RTCPeerConnections. */
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
  /** All of them; also one whose label the other side has given to another channel before it was closed here. */
  const all = new Set<ChannelControl>()
  let connection: (ConnectionBeneath & { readonly pc: RTCPeerConnection }) | undefined
  let wasOpen = false

  const add = (label: string, isLocal: boolean, options: ChannelOptions): ChannelControl => {
    const onStateChange = () => {
      const { state } = control.channel
      wasOpen ||= state === 'open'
      if (state === 'closed') all.delete(control)
      if (state === 'closed' && channels.get(label) === control) channels.delete(label)
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
    channels.set(label, control)
    all.add(control)
    onChange()
    return control
  }

  const tellReceived = () =>
    say(
      [...channels].flatMap(([label, { received }]) => {
        const messages = received()
        return messages === undefined ? [] : [[label, messages] as [string, number]]
      }),
    )

  const openBeneath = (control: ChannelControl) => {
    if (!connection || !control.isLocal) return
    const { channel, options } = control
    control.attach(openDataChannel(connection.pc, channel.label, options), connection, true)
  }

  return {
    list: () => [...channels.values()].map(({ channel: { label, state } }) => ({ label, state })),

    /** Opens the channels of this side on a new RTCPeerConnection, whose control channel tells whether it lives. */
    open: (pc: RTCPeerConnection, control: Pick<RTCDataChannel, 'readyState'>): void => {
      connection = {
        pc,
        maxMessageSize: () => pc.sctp?.maxMessageSize ?? usualMaxMessageSize,
        isAlive: () => control.readyState === 'open',
      }
      // The other side hears of it before it hears of the new connection, since signaling keeps its order. So no
      // channel has to wait for it on that connection, and nothing can arrive on the last one any more.
      if (wasOpen) tellReceived()
      for (const each of all) openBeneath(each)
    },

    /** The RTCPeerConnection goes; the channels wait for the next. */
    close: (): void => {
      connection = undefined
      for (const control of all) {
        // Where the label has gone to another channel, the other side had closed this one.
        if (channels.get(control.channel.label) === control) control.detach()
        else control.end()
      }
    },

    /** Takes a channel that the other side opened: a new one, or its half of one that is there. */
    take: (dataChannel: RTCDataChannel): void => {
      if (!connection) return
      const { label, protocol } = dataChannel
      const known = channels.get(label)
      // It has one: then it closed that, and its closing is still on its way.
      const isNew = !known || known.isTaken()
      if (isNew && all.size >= maxChannels) {
        warn({ code: 'bad-message', message: `The other side opened more than ${maxChannels} channels.` })
        return dataChannel.close()
      }
      const control = isNew ? add(label, false, { protocol }) : known
      control.attach(dataChannel, connection, false)
      if (isNew) onChannel(control.channel)
    },

    /** The other side tells what has arrived there. */
    takeReceived: (received: Received): void => {
      const messages = new Map(received)
      for (const [label, { confirm }] of channels) confirm(messages.get(label))
    },

    openChannel: (label: string, options: ChannelOptions = {}): Channel => {
      const known = channels.get(label)
      if (known?.channel.state === 'closing')
        throw new ParleyError('invalid-state', `The channel "${label}" is closing: wait for its "close" event.`)
      if (known) return known.channel
      if (all.size >= maxChannels)
        throw new ParleyError('buffer-full', `A session has ${maxChannels} channels at most; close one before.`)
      if (options.id !== undefined && [...all].some((other) => other.options.id === options.id))
        throw new ParleyError('invalid-option', `Another channel of this session has the id ${options.id}.`)
      const control = add(label, true, options)
      try {
        openBeneath(control)
      } catch (cause) {
        control.end()
        throw new ParleyError('invalid-option', `The channel "${label}" cannot be opened: ${String(cause)}`, { cause })
      }
      return control.channel
    },

    end: (): void => {
      for (const { end } of all) end()
    },
  }
}
