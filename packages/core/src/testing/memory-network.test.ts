import { describe, expect, it } from 'vitest'
import { describeTransport } from './describe-transport.ts'
import { memoryNetwork, type MemoryNetwork, type MemoryNetworkOptions } from './memory-network.ts'
import { createVirtualClock } from './virtual-clock.ts'

const setUp = (options: MemoryNetworkOptions = {}) => {
  const clock = createVirtualClock()
  return { clock, network: memoryNetwork({ clock, ...options }) }
}

const enter = (network: MemoryNetwork, id: string, instance = `${id}-1`, room = 'lobby') => {
  const events: string[] = []
  const link = network.transport()({
    room,
    self: { id, instance },
    onOpen: () => events.push('open'),
    onMessage: (from, text) => events.push(`${from}: ${text}`),
    onPresence: ({ type, peer }) => events.push(`${type} ${peer.id}/${peer.instance}`),
    onUnreachable: (to) => events.push(`unreachable ${to}`),
    onClose: (reason) => events.push(reason === undefined ? 'lost' : 'refused'),
  })
  return {
    ...link,
    events,
    /** What happened since it was asked last. */
    news: () => events.splice(0),
  }
}

const pair = async (options: MemoryNetworkOptions = {}) => {
  const { clock, network } = setUp(options)
  const alice = enter(network, 'alice')
  const bob = enter(network, 'bob')
  await clock.advance(1000)
  alice.news()
  bob.news()
  return { clock, network, alice, bob }
}

describe('memoryNetwork', () => {
  it('opens later, then tells who is there and who comes', async () => {
    const { clock, network } = setUp()
    const alice = enter(network, 'alice')
    expect(alice.events).toEqual([])
    await clock.advance(0)
    const bob = enter(network, 'bob')
    await clock.advance(0)
    expect(alice.events).toEqual(['open', 'joined bob/bob-1'])
    expect(bob.events).toEqual(['open', 'joined alice/alice-1'])
  })

  it('tells nobody who is there where it has no presence', async () => {
    const { clock, alice, network } = await pair({ presence: false })
    network.disconnect('alice')
    network.reconnect('alice')
    await alice.close()
    const carol = enter(network, 'carol')
    await clock.advance(1000)
    carol.send('bob', 'hi')
    await clock.advance(0)
    expect([alice.events, carol.events, network.counters.delivered]).toEqual([[], ['open'], 1])
  })

  it('keeps rooms and networks apart', async () => {
    const { clock, network } = setUp()
    const alice = enter(network, 'alice')
    const bob = enter(network, 'bob', 'bob-1', 'another room')
    const carol = enter(memoryNetwork({ clock }), 'carol')
    await clock.advance(0)
    alice.send('bob', 'hi')
    alice.send('carol', 'hi')
    await clock.advance(0)
    expect(alice.events).toEqual(['open', 'unreachable bob', 'unreachable carol'])
    expect(bob.events).toEqual(['open'])
    expect(carol.events).toEqual(['open'])
  })

  it('delivers in order, never inside send', async () => {
    const { clock, alice, bob } = await pair({ delay: 20 })
    alice.send('bob', '1')
    alice.send('bob', '2')
    await clock.advance(19)
    expect(bob.events).toEqual([])
    await clock.advance(1)
    expect(bob.events).toEqual(['alice: 1', 'alice: 2'])
  })

  it('delivers to every instance under an id, but not to the sender', async () => {
    const { clock, network, alice, bob } = await pair()
    const tab = enter(network, 'alice', 'alice-2')
    await clock.advance(0)
    tab.news()
    bob.send('alice', 'hello')
    alice.send('alice', 'to my other tab')
    await clock.advance(0)
    expect(alice.events).toEqual(['joined alice/alice-2', 'bob: hello'])
    expect(tab.events).toEqual(['bob: hello', 'alice: to my other tab'])
  })

  it('echoes when it is asked to', async () => {
    const { clock, alice, bob } = await pair({ echo: true })
    alice.send('bob', 'hello')
    await clock.advance(0)
    expect(alice.events).toEqual(['alice: hello'])
    expect(bob.events).toEqual(['alice: hello'])
  })

  it('stays silent about unreachable ids when the medium cannot know', async () => {
    const { clock, network, alice } = await pair({ unreachable: false })
    alice.send('nobody', 'hello')
    await clock.advance(100)
    expect(alice.events).toEqual([])
    expect(network.counters.unreachable).toBe(1)
  })

  it('tells that a peer left, and delivers what it sent before', async () => {
    const { clock, network, alice, bob } = await pair({ delay: 10 })
    alice.send('bob', 'last words')
    bob.send('alice', 'too late')
    await alice.close()
    await alice.close()
    alice.send('bob', 'from the grave')
    await clock.advance(50)
    expect(bob.events).toEqual(['alice: last words', 'left alice/alice-1', 'unreachable alice'])
    expect(alice.events).toEqual([])
    expect(network.counters.sent).toBe(2)
    expect(clock.pending).toBe(0)
  })

  it('calls nothing after a close inside a callback', async () => {
    const { clock, network } = setUp()
    enter(network, 'bob')
    await clock.advance(0)
    const events: string[] = []
    const link = network.transport()({
      room: 'lobby',
      self: { id: 'alice', instance: 'alice-1' },
      onOpen: () => void link.close(),
      onMessage: () => events.push('message'),
      onPresence: () => events.push('presence'),
      onUnreachable: () => events.push('unreachable'),
      onClose: () => events.push('close'),
    })
    await clock.advance(0)
    expect(events).toEqual([])
  })

  it('loses messages in a partition, silently, until it heals', async () => {
    const { clock, network, alice, bob } = await pair()
    const carol = enter(network, 'carol')
    await clock.advance(0)
    alice.news()
    bob.news()
    carol.news()
    network.partition([['alice'], ['bob', 'carol']])
    alice.send('bob', '1')
    carol.send('bob', '2')
    await clock.advance(0)
    network.partition(true)
    carol.send('bob', '3')
    await clock.advance(0)
    network.partition(false)
    alice.send('bob', '4')
    await clock.advance(0)
    expect(bob.events).toEqual(['carol: 2', 'alice: 4'])
    expect(alice.events).toEqual([])
    expect(network.counters.partitioned).toBe(2)
  })

  it('takes a link down and up again', async () => {
    const { clock, network, alice, bob } = await pair()
    network.disconnect('bob')
    expect(bob.events).toEqual([])
    bob.send('alice', 'nobody hears this')
    await clock.advance(0)
    expect(bob.news()).toEqual(['lost'])
    expect(alice.news()).toEqual(['left bob/bob-1'])
    network.reconnect('bob')
    await clock.advance(0)
    expect(bob.news()).toEqual(['open', 'joined alice/alice-1'])
    expect(alice.news()).toEqual(['joined bob/bob-1'])
    expect(network.sent.map((message) => message.fate)).toEqual(['unsent'])
  })

  it('hides a short loss of a link from the others when it is asked to', async () => {
    const { clock, network, alice, bob } = await pair()
    network.disconnect('bob', { announce: false })
    await clock.advance(0)
    network.reconnect('bob')
    await clock.advance(0)
    expect(bob.events).toEqual(['lost', 'open', 'joined alice/alice-1'])
    expect(alice.events).toEqual([])
  })

  it('lets a test decide about single messages', async () => {
    const { clock, network, alice, bob } = await pair({ loss: 1 })
    const fates = ['deliver', 'drop', 'double', 'swap', 'deliver', 30, 'deliver', 'swap'] as const
    const stop = network.intercept(({ index }) => fates[index])
    for (let index = 0; index < fates.length; index += 1) alice.send('bob', `${index}`)
    await clock.advance(29)
    expect(bob.news().map((text) => text.slice(-1))).toEqual(['0', '2', '2', '4', '3', '6'])
    await clock.advance(1)
    expect(bob.news()).toEqual(['alice: 5'])
    await clock.advance(1000)
    expect(bob.news()).toEqual(['alice: 7'])
    stop()
    alice.send('bob', 'left to chance, which is bad')
    await clock.advance(0)
    expect(bob.events).toEqual([])
    expect(network.counters).toMatchObject({ sent: 9, delivered: 7, dropped: 2, deliveries: 8 })
    expect(network.sent.at(2)).toMatchObject({ from: 'alice', to: 'bob', text: '2', fate: 'delivered', deliveries: 2 })
  })

  it('repeats the same faults for the same seed', async () => {
    const run = async (seed: number): Promise<string[]> => {
      const { clock, alice, bob } = await pair({ seed, loss: 0.2, duplicate: 0.2, reorder: 50, delay: 10 })
      for (let index = 0; index < 50; index += 1) alice.send('bob', `${index}`)
      await clock.advance(60)
      return bob.events
    }
    const first = await run(1)
    expect(first).toEqual(await run(1))
    expect(first).not.toEqual(await run(2))
    expect(new Set(first).size).toBeLessThan(50)
    expect(first.length).toBeGreaterThan(new Set(first).size)
    expect(first).not.toEqual([...first].sort((a, b) => Number(a.slice(7)) - Number(b.slice(7))))
  })
})

const shared = memoryNetwork()
describeTransport(
  'memoryNetwork()',
  {
    transport: shared.transport,
    disconnect: ({ id }) => {
      shared.disconnect(id)
      shared.reconnect(id)
    },
  },
  { describe, it },
)
