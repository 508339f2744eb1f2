/**
 * The device: a Node process that answers whoever calls, and sends its readings over WebRTC. The broker carries the
 * signaling only, so a second of it may go missing, and the readings go on.
 */
import { createPeer, type Channel, type Session } from '@parley-rtc/core'
import { mqttTransport } from '@parley-rtc/transport-mqtt'
// Of the WebRTC stacks for Node the sturdier one: it is the browsers' own code, restarts ICE, and notices in
// milliseconds that a dashboard was closed, where werift does not within seconds.
import wrtc from '@roamhq/wrtc'
import { deviceId, room, type Reading } from './reading.ts'

/** Answers calls over the broker at an address, and sends a reading every so many ms. */
export const runDevice = (url: string, interval: number): void => {
  const { RTCPeerConnection } = wrtc
  const peer = createPeer({ id: deviceId, room, transport: mqttTransport({ url }), rtc: { RTCPeerConnection } })
  const channels = new Set<Channel>()
  let fan = false
  let count = 0
  let temperature = 21
  let humidity = 60

  const measure = (): Reading => {
    temperature += 0.02 * ((fan ? 16 : 24) - temperature) + (Math.random() - 0.5) * 0.2
    humidity += 0.02 * ((fan ? 45 : 70) - humidity) + (Math.random() - 0.5)
    return { count: (count += 1), temperature, humidity }
  }

  const serve = (session: Session): void => {
    const channel = session.openChannel('readings')
    channel.on('open', () => channels.add(channel))
    channel.on('close', () => channels.delete(channel))
    // The one command that it takes.
    channel.on('message', (command) => (fan = command === 'fan on'))
    session.on('ended', ({ reason, by }) => console.log(`${session.remoteId} is gone: ${reason}, by the ${by} side`))
    session.accept()
    console.log(`${session.remoteId} watches`)
  }

  peer.on('call', serve)
  peer.on('signaling', (state) => console.log(`broker ${state}`))
  peer.ready.catch((error: unknown) => {
    console.error(String(error))
    process.exit(1)
  })
  setInterval(() => {
    const line = JSON.stringify(measure())
    for (const channel of channels) sendOrClose(channel, line)
  }, interval)
  process.once('SIGTERM', () => void peer.close().then(() => process.exit(0)))
}

/** A dashboard that has stopped reading loses its channel rather than the device its memory. */
const sendOrClose = (channel: Channel, line: string): void => {
  try {
    channel.send(line)
  } catch (error) {
    console.log(String(error))
    channel.close()
  }
}
