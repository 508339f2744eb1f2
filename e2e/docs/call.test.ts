import { createPeer, type PeerOptions, type Session } from '@parley-rtc/core'
import { createFakeWebRtc, createVirtualClock, memoryNetwork } from '@parley-rtc/core/testing'
import { expect, it } from 'vitest'

it('says hello to whoever calls, over a network that loses a third of what is sent', async () => {
  const clock = createVirtualClock() // hours pass in milliseconds
  const network = memoryNetwork({ clock, seed: 7, loss: 0.3, duplicate: 0.2, reorder: 100 })
  const { RTCPeerConnection, changeNetwork } = createFakeWebRtc({ clock, profile: 'firefox' })
  const enter = (id: string, options: Partial<PeerOptions> = {}) =>
    createPeer({ id, room: 'lobby', transport: network.transport(), clock, rtc: { RTCPeerConnection }, ...options })
  const [alice, bob] = [enter('alice'), enter('bob')]

  bob.on('call', (session) => {
    session.accept()
    session.openChannel('chat').send('hello')
  })
  const session: Session = alice.call('bob')
  const heard: unknown[] = []
  session.openChannel('chat').on('message', (text) => heard.push(text))
  expect(await clock.runUntil(() => heard.includes('hello'), 15_000)).toBe(true)

  changeNetwork() // both got new addresses
  expect(await clock.runUntil(() => session.getSnapshot().status === 'recovering', 20_000)).toBe(true)
  expect(await clock.runUntil(() => session.getSnapshot().status === 'connected', 20_000)).toBe(true)

  const closed = Promise.all([alice.close(), bob.close()])
  await clock.advance(10_000)
  await closed
})
