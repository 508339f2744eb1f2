import { expect, it } from 'vitest'
import { createPeer, type Peer } from './peer.ts'
import { createFakeWebRtc } from './testing/fake-web-rtc.ts'
import { memoryNetwork } from './testing/memory-network.ts'
import { createVirtualClock } from './testing/virtual-clock.ts'

/** Calls until a channel has echoed and nothing goes on any more; tells what the transport carried. */
const countMessages = async (candidates: number, delay: number) => {
  const clock = createVirtualClock()
  const network = memoryNetwork({ clock, delay })
  const { RTCPeerConnection } = createFakeWebRtc({ clock, candidates, latency: 2 })
  const join = (id: string): Peer =>
    createPeer({ id, room: 'lobby', transport: network.transport(), rtc: { RTCPeerConnection }, clock })
  const [alice, bob] = [join('alice'), join('bob')]
  await clock.advance(1000)
  bob.on('call', (session) => {
    session.on('channel', (channel) => channel.on('message', (data) => channel.send(data)))
    session.accept()
  })
  const chat = alice.call('bob').openChannel('chat')
  const heard: unknown[] = []
  chat.on('message', (data) => heard.push(data))
  chat.send('hello')
  await clock.advance(10_000)
  expect(heard).toEqual(['hello'])
  const carried = network.sent.map(({ text }) => (JSON.parse(text) as { type: string }).type)
  const bytes = network.sent.reduce((sum, { text }) => sum + text.length, 0)
  await Promise.all([alice.close(), clock.advance(5000), bob.close(), clock.advance(5000)])
  return { carried, bytes }
}

// The hand-written floor costs an offer, an answer and a candidate a side. Acknowledgements are counted here.
it.each([0, 5, 25, 100])('connects in four messages with one candidate a side, %i ms one way', async (delay) => {
  const { carried } = await countMessages(1, delay)
  expect([...carried].sort()).toEqual(['answer', 'candidates', 'candidates', 'offer'])
})

it.each([0, 5, 25, 100])('connects in eight messages with twenty candidates a side, %i ms one way', async (delay) => {
  const { carried } = await countMessages(20, delay)
  expect(carried.length).toBeLessThanOrEqual(8)
})

it('adds less than 1 kB to the descriptions and candidates of a connection', async () => {
  const { bytes } = await countMessages(1, 5)
  expect(bytes).toBeLessThan(2000)
})
