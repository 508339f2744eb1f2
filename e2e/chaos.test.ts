import { createPeer, type Clock, type Peer, type SessionEnd } from '@parley-rtc/core'
import { createFakeWebRtc } from '@parley-rtc/core/testing'
import { createRelay, type Relay } from '@parley-rtc/relay'
import { webSocketTransport } from '@parley-rtc/transport-ws'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { createChaosProxy, type ChaosProxy } from './chaos-proxy.ts'

/** The time within which a call has to connect, whatever the network does in between, in ms. */
const patience = 8_000
/** Places at which connections are cut, one after the other; the soak tries more. */
const trials = Number(process.env['PARLEY_TRIALS'] ?? 40)

let relay: Relay
let relayPort: number
let proxy: ChaosProxy
let rooms = 0
const peers: Peer[] = []

beforeAll(async () => {
  // Everybody here is one address, and comes back more often than any honest crowd behind one would.
  relay = createRelay({ port: 0, limits: { connectBurst: 100_000, connectsPerSecond: 100_000 } })
  relayPort = (await relay.listen()).port
})
afterAll(() => relay.close())
beforeEach(async () => {
  proxy = await createChaosProxy(relayPort)
})
afterEach(async () => {
  await leave()
  await proxy.close()
})

/** One after the other: two that close at once while a link is lost can take the 5 s of `deadlines.end`. */
const leave = async (): Promise<void> => {
  for (const peer of peers.splice(0)) await peer.close()
}

/** Half-open sockets are noticed after 25 s, attempts given up after 10: here it is twenty times as fast. */
const fastClock: Clock = {
  now: () => performance.now() * 20,
  setTimeout: (run, ms) => setTimeout(run, ms / 20),
  clearTimeout: (id) => clearTimeout(id as NodeJS.Timeout),
}

/** Two peers in a room of their own, whose signaling goes through the proxy. Bob takes every call. */
const setUp = () => {
  const { RTCPeerConnection } = createFakeWebRtc()
  const room = `room ${++rooms}`
  const join = (id: string): Peer => {
    const transport = webSocketTransport({ url: `ws://127.0.0.1:${proxy.port}`, WebSocket, clock: fastClock })
    const peer = createPeer({ id, room, transport, rtc: { RTCPeerConnection } })
    peers.push(peer)
    return peer
  }
  const [alice, bob] = [join('alice'), join('bob')]
  const ends: SessionEnd[] = []
  bob.on('call', (session) => {
    session.on('ended', (end) => ends.push(end))
    session.on('channel', (channel) => channel.on('message', (text) => channel.send(`You said: ${String(text)}`)))
    session.accept()
  })
  return { alice, bob, ends }
}

/** Calls, and resolves once a message was echoed. */
const talk = async (alice: Peer) => {
  const session = alice.call('bob')
  const chat = session.openChannel('chat')
  const echo = new Promise((resolve) => chat.on('message', resolve))
  chat.send('hello')
  await session.connected
  expect(await echo).toBe('You said: hello')
  return session
}

describe('a call over a network that does what it wants', { timeout: patience }, () => {
  it('connects when nothing happens', async () => {
    const { alice } = setUp()
    await talk(alice)
    expect(proxy.cuts).toBe(0)
  })

  it('connects one byte at a time', async () => {
    proxy.mode = 'slice'
    const { alice } = setUp()
    await talk(alice)
  })

  it('connects when every connection is reset for a while', async () => {
    proxy.mode = 'reset'
    const { alice } = setUp()
    const talked = talk(alice)
    await expect.poll(() => proxy.cuts).toBeGreaterThan(5)
    proxy.mode = 'pass'
    await talked
  })

  it('connects when the connections are reset in the middle of it', async () => {
    const { alice, bob } = setUp()
    await Promise.all([alice.ready, bob.ready])
    const talked = talk(alice)
    proxy.mode = 'reset'
    await expect.poll(() => proxy.cuts).toBeGreaterThan(2)
    proxy.mode = 'pass'
    await talked
  })

  it('connects when the sockets are dead from the beginning, and the network heals', async () => {
    proxy.mode = 'half-open'
    const { alice } = setUp()
    const talked = talk(alice)
    await expect.poll(() => proxy.connections).toBeGreaterThan(2)
    proxy.mode = 'pass'
    await talked
  })

  it('connects when the sockets die in silence after both have joined, and the network heals', async () => {
    const { alice, bob } = setUp()
    const signals: string[] = []
    alice.on('signaling', (state) => signals.push(state))
    await Promise.all([alice.ready, bob.ready])
    proxy.mode = 'half-open'
    const talked = talk(alice)
    await expect.poll(() => signals, { timeout: patience }).toContain('lost')
    proxy.mode = 'pass'
    await talked
    expect(signals.at(-1)).toBe('open')
  })

  it('goes on when it stands and the relay is lost, and signaling comes back', async () => {
    const { alice, bob, ends } = setUp()
    const session = await talk(alice)
    const signals: string[] = []
    alice.on('signaling', (state) => signals.push(state))
    proxy.mode = 'reset'
    await expect.poll(() => signals).toContain('lost')
    expect(session.getSnapshot().status).toBe('connected')
    proxy.mode = 'pass'
    await expect.poll(() => signals.at(-1)).toBe('open')
    expect([session.getSnapshot().status, ends, bob.sessions.length]).toEqual(['connected', [], 1])
  })
})

describe('a call over connections that are cut after so many bytes', () => {
  it(
    'connects wherever the cut is, from the first byte to the last',
    { timeout: 20_000 + trials * 1_000 },
    async () => {
      const whole = setUp()
      await talk(whole.alice)
      await leave()
      const longest = proxy.bytes / 2 // two connections, much alike
      const cutsOf: number[] = []
      for (let trial = 0; trial < trials; trial++) {
        const before = proxy.cuts
        proxy.mode = { cutAfter: 1 + Math.floor((trial * longest) / trials) }
        const { alice } = setUp()
        let hasTalked = false
        const talked = talk(alice).then(() => (hasTalked = true))
        await expect.poll(() => hasTalked || proxy.cuts - before > 1, { timeout: patience, interval: 5 }).toBe(true)
        proxy.mode = 'pass'
        await talked
        cutsOf.push(proxy.cuts - before)
        await leave()
      }
      expect(cutsOf.filter((cuts) => cuts > 0).length).toBeGreaterThan(trials * 0.7)
    },
  )
})
