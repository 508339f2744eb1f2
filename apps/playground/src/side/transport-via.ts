import type { SignalingTransport } from '@parley-rtc/core'
import { broadcastChannelTransport } from '@parley-rtc/transport-broadcastchannel'
import { mqttTransport } from '@parley-rtc/transport-mqtt'
import { webSocketTransport } from '@parley-rtc/transport-ws'
import type { Via } from '../place.ts'

/** The relay and the broker of `npm start` answer on the port of the page. */
export const transportVia = (via: Via): SignalingTransport => {
  if (via === 'relay') return webSocketTransport({ url: addressOf('/relay') })
  if (via === 'broker') return mqttTransport({ url: addressOf('/mqtt') })
  return broadcastChannelTransport()
}

const addressOf = (path: string): string => {
  const { protocol, host } = location
  return `${protocol === 'https:' ? 'wss' : 'ws'}://${host}${path}`
}
