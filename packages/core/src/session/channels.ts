import { createChannel, type Channel, type ChannelControl } from '../channel/channel.ts'
import type { Warning } from '../emitter.ts'
import { openDataChannel } from '../rtc/peer-connection.ts'

/** The channels of a session by their labels, across its RTCPeerConnections. */
export const createChannels = (
  /** The other side opened a channel under a new label. */
  onChannel: (channel: Channel) => void,
  onChange: () => void,
  warn: (warning: Warning) => void,
) => {
  const channels = new Map<string, ChannelControl>()
  let connection: RTCPeerConnection | undefined

  const add = (label: string, isLocal: boolean): ChannelControl => {
    const onStateChange = () => {
      if (control.channel.state === 'closed') channels.delete(label)
      onChange()
    }
    const control = createChannel({ label, isLocal, onChange: onStateChange, warn })
    channels.set(label, control)
    onChange()
    return control
  }

  return {
    list: () => [...channels.values()].map(({ channel: { label, state } }) => ({ label, state })),

    /** Opens the channels of this side on a new RTCPeerConnection. */
    open: (pc: RTCPeerConnection): void => {
      connection = pc
      for (const [label, { isLocal, attach }] of channels) if (isLocal) attach(openDataChannel(pc, label))
    },

    /** The RTCPeerConnection goes; the channels wait for the next. */
    close: (): void => {
      connection = undefined
      for (const { detach } of channels.values()) detach()
    },

    /** Takes a channel that the other side opened: a new one, or its half of one that is there. */
    take: (dataChannel: RTCDataChannel): void => {
      const known = channels.get(dataChannel.label)
      const control = known ?? add(dataChannel.label, false)
      control.attach(dataChannel)
      if (!known) onChannel(control.channel)
    },

    openChannel: (label: string): Channel => {
      const known = channels.get(label)
      if (known) return known.channel
      const control = add(label, true)
      if (connection) control.attach(openDataChannel(connection, label))
      return control.channel
    },

    end: (): void => {
      const all = [...channels.values()]
      channels.clear()
      for (const { end } of all) end()
    },
  }
}
