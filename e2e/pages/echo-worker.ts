import type { SignalingLink } from '@parley-rtc/core'
import { broadcastChannelTransport } from '@parley-rtc/transport-broadcastchannel'

const { room, id, instance } = JSON.parse(self.name) as { room: string; id: string; instance: string }
const link: SignalingLink = broadcastChannelTransport()({
  room,
  self: { id, instance },
  onOpen: () => {},
  onMessage: (from, text) => link.send(from, text.toUpperCase()),
  onPresence: () => {},
  onUnreachable: () => {},
  onClose: () => {},
})
