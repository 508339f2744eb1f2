import wrtc from '@roamhq/wrtc'
import { createPeer } from '@parley-rtc/core'
import { webSocketTransport } from '@parley-rtc/transport-ws'
import { WebSocket } from 'ws'

/** Calls somebody over a relay, asks something, and resolves with the first answer. */
export const ask = async (relay: string, id: string, question: string): Promise<string> => {
  const peer = createPeer({
    room: 'lobby',
    transport: webSocketTransport({ url: relay, WebSocket }),
    rtc: { RTCPeerConnection: wrtc.RTCPeerConnection },
  })
  try {
    const session = peer.call(id)
    const chat = session.openChannel('chat')
    const answer = new Promise<string>((resolve) => chat.on('message', (text) => resolve(String(text))))
    chat.send(question)
    await session.connected // rejects with what it ended as, such as `unreachable`
    return await answer
  } finally {
    await peer.close() // hangs up, and gives the id back at once
  }
}
