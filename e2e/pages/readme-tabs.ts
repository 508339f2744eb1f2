import { createPeer } from '@parley-rtc/core'
import { broadcastChannelTransport } from '@parley-rtc/transport-broadcastchannel'

const id = new URLSearchParams(location.search).get('as') ?? 'alice' // the second tab opens ?as=bob
const peer = createPeer({ id, room: 'lobby', transport: broadcastChannelTransport() })

peer.on('call', (session) => {
  session.on('channel', (chat) => chat.on('message', (text) => chat.send(`You said: ${text}`)))
  session.accept()
})

if (id === 'bob') {
  const session = peer.call('alice')
  session.on('ended', ({ reason }) => document.body.append(`It is over: ${reason}`))
  const chat = session.openChannel('chat') // it opens with the connection; what is sent before waits
  chat.on('message', (text) => document.body.append(String(text)))
  chat.send('hello')
}
