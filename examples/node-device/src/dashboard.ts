/** The dashboard: calls the device, calls again whenever it comes back, and draws what it says. */
import { createPeer, type Channel, type SessionSnapshot } from '@parley-rtc/core'
import { mqttTransport } from '@parley-rtc/transport-mqtt'
import { deviceId, room, type Reading } from './reading.ts'

const broker = new URLSearchParams(location.search).get('broker') ?? `ws://${location.hostname}:9001`
const peer = createPeer({ room, transport: mqttTransport({ url: broker }) })
const readings: Reading[] = []
const maxReadings = 150
let received = 0
let missed = 0
let channel: Channel | undefined

const byId = (id: string): HTMLElement => {
  const found = document.getElementById(id)
  if (!found) throw new Error(`The page has no #${id}.`)
  return found
}

const say = (id: string, text: string): void => {
  byId(id).textContent = text
}

const carriers: Record<SessionSnapshot['signaling'], string> = {
  transport: 'through the broker',
  control: 'between the two',
  both: 'both ways',
  none: 'waits for the broker',
  unaddressed: 'waits for the device',
}

/** Calls the device, unless a call is there already. */
const call = (): void => {
  if (peer.sessions.some((session) => session.getSnapshot().status !== 'ended')) return
  const session = peer.call(deviceId)
  readings.length = 0
  channel = session.openChannel('readings')
  channel.on('message', (line) => take(JSON.parse(String(line)) as Reading))
  session.on('state', ({ status, signaling }) => {
    document.body.dataset['status'] = status
    say('status', status)
    say('signaling', carriers[signaling])
  })
  session.on('ended', ({ reason }) => {
    say('status', `ended: ${reason}`)
    // It is called again as soon as it is in the room; it may be there already.
    if (isThere()) call()
  })
}

const isThere = (): boolean => peer.peers.some(({ id }) => id === deviceId)

const take = (reading: Reading): void => {
  const last = readings.at(-1)
  if (last) missed += Math.abs(reading.count - last.count - 1)
  received += 1
  readings.push(reading)
  if (readings.length > maxReadings) readings.shift()
  say('temperature', reading.temperature.toFixed(1))
  say('humidity', reading.humidity.toFixed(0))
  say('received', String(received))
  say('missed', String(missed))
  byId('line').setAttribute('points', pointsOf(readings.map(({ temperature }) => temperature)))
}

/** A polyline for a box of 300 by 60. */
const pointsOf = (values: readonly number[]): string => {
  const [low, high] = [Math.min(...values), Math.max(...values)]
  const yOf = (value: number): number => 55 - (50 * (value - low)) / (high - low || 1)
  return values.map((value, index) => `${(300 * index) / maxReadings},${yOf(value)}`).join(' ')
}

byId('fan').addEventListener('change', ({ target }) => {
  if (channel?.state === 'open') channel.send((target as HTMLInputElement).checked ? 'fan on' : 'fan off')
})
peer.on('signaling', (state) => say('broker', state))
peer.on('peer-joined', ({ id }) => {
  if (id === deviceId) call()
})
say('broker', 'joining')
peer.ready.then(call, (error: unknown) => say('broker', String(error)))
