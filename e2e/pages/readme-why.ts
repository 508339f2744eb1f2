import { createPeer, isParleyError, type Session } from '@parley-rtc/core'
import { broadcastChannelTransport } from '@parley-rtc/transport-broadcastchannel'

const peer = createPeer({ room: 'lobby', transport: broadcastChannelTransport(), deadlines: { reach: 2_000 } })

const show = (session: Session) => {
  const { status, negotiation, endReason } = session.getSnapshot() // immutable, the same object until it changes
  document.title = [status, negotiation, endReason].join(' ')
}

const session = peer.call('nobody', { metadata: { topic: 'lunch' } })
session.subscribe(() => show(session))
session.on('ended', ({ reason, by }) => document.body.append(`${reason} by the ${by} side`))
try {
  await session.connected
} catch (error) {
  if (isParleyError(error)) document.body.append(error.message)
  console.table((await session.report()).phases)
}
