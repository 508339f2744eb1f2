import { describe, expect, it } from 'vitest'
import { acceptAll, createStage, letRing, watch } from '../peer-stage.ts'
import type { SignalingJoin, SignalingLink, SignalingTransport } from '../signaling/transport.ts'
import { describeTransport } from '../testing/describe-transport.ts'
import { memoryNetwork } from '../testing/memory-network.ts'
import { createVirtualClock } from '../testing/virtual-clock.ts'
import { withPresence, type WithPresenceOptions } from './with-presence.ts'

// Without anybody who tells, a peer knows only of those whom it looks for. So each guest of the suite looks for each
// other one, as core does for those whom it calls; everything that the suite asks for must then be seen.
const shared = memoryNetwork({ presence: false })
const guests = new Map<SignalingLink, SignalingJoin>()

const lookForAll =
  (transport: SignalingTransport): SignalingTransport =>
  (join) => {
    const link = transport(join)
    for (const [other, { room, self }] of guests) {
      if (room !== join.room) continue
      link.seek?.(self.id)
      other.seek?.(join.self.id)
    }
    guests.set(link, join)
    return link
  }

describeTransport(
  'withPresence(memory without presence), each looking for each,',
  {
    transport: () => lookForAll(withPresence(shared.transport())),
    disconnect: ({ id }) => {
      shared.disconnect(id)
      shared.reconnect(id)
    },
    teardown: () => guests.clear(),
  },
  { describe, it },
)

const setUp = (options: Parameters<typeof memoryNetwork>[0] = {}) => {
  const clock = createVirtualClock()
  const network = memoryNetwork({ clock, presence: false, delay: 5, ...options })
  const enter = (id: string, instance = `${id}-1`, more: WithPresenceOptions = {}) => {
    const events: string[] = []
    const link = withPresence(network.transport(), { clock, ...more })({
      room: 'lobby',
      self: { id, instance },
      onOpen: () => events.push('open'),
      onMessage: (from, text) => events.push(`${from}: ${text}`),
      onPresence: ({ type, peer }) => events.push(`${type} ${peer.id}/${peer.instance}`),
      onUnreachable: () => undefined,
      onClose: () => events.push('close'),
    })
    return { ...link, seek: link.seek ?? (() => undefined), news: () => events.splice(0) }
  }
  const enterRaw = (id: string) => {
    const heard: string[] = []
    const link = network.transport()({
      room: 'lobby',
      self: { id, instance: `${id}-raw` },
      onOpen: () => undefined,
      onMessage: (from, text) => heard.push(`${from}: ${text}`),
      onPresence: () => undefined,
      onUnreachable: () => undefined,
      onClose: () => undefined,
    })
    return { ...link, heard }
  }
  return { clock, network, enter, enterRaw }
}

const pair = async (options?: Parameters<typeof memoryNetwork>[0]) => {
  const stage = setUp(options)
  const [alice, bob] = [stage.enter('alice'), stage.enter('bob')]
  await stage.clock.advance(50)
  alice.seek('bob')
  await stage.clock.advance(50)
  return { ...stage, alice, bob }
}

describe('withPresence', () => {
  it('tells both of each other for one question and one answer', async () => {
    const { network, alice, bob } = await pair()
    expect([alice.news(), bob.news()]).toEqual([
      ['open', 'joined bob/bob-1'],
      ['open', 'joined alice/alice-1'],
    ])
    expect(network.sent.map(({ text }) => text)).toEqual(['presence/1 ask alice-1', 'presence/1 here bob-1'])
  })

  it('asks again for somebody who comes later, and gives up in time', async () => {
    const { clock, network, enter } = setUp({ unreachable: false })
    const alice = enter('alice')
    alice.seek('bob')
    alice.seek('bob')
    await clock.advance(6_000)
    const bob = enter('bob')
    await clock.advance(2_000)
    expect([alice.news(), bob.news()]).toEqual([
      ['open', 'joined bob/bob-1'],
      ['open', 'joined alice/alice-1'],
    ])
    const before = network.counters.sent
    alice.seek('carol')
    await clock.advance(14_999)
    expect(network.sent.slice(before).filter(({ to }) => to === 'carol')).toHaveLength(10)
    await clock.advance(1_000)
    expect(network.sent.slice(before).filter(({ to }) => to === 'carol')).toHaveLength(10)
  })

  it('tells at once who leaves with a word', async () => {
    const { clock, alice, bob } = await pair()
    alice.news()
    await bob.close()
    await clock.advance(10)
    expect(alice.news()).toEqual(['left bob/bob-1'])
    await alice.close()
    await clock.advance(10)
    expect(clock.pending).toBe(0)
  })

  it('tells within the deadline who leaves without one', async () => {
    const { clock, network, alice } = await pair({ unreachable: false })
    alice.news()
    network.disconnect('bob')
    await clock.advance(29_000)
    expect(alice.news()).toEqual([])
    await clock.advance(1_500)
    expect(alice.news()).toEqual(['left bob/bob-1'])
    expect(network.sent.filter(({ from }) => from === 'alice').length).toBeLessThan(12)
  })

  it('tells at once whom the medium knows to be absent', async () => {
    const { clock, network, alice } = await pair()
    alice.news()
    network.disconnect('bob')
    alice.send('bob', '{"v":1}')
    await clock.advance(20)
    expect(alice.news()).toEqual(['left bob/bob-1'])
  })

  it('keeps who is silent but there, for two small messages in a quarter of a minute', async () => {
    const { clock, network, alice, bob } = await pair()
    await clock.advance(600_000)
    expect([alice.news(), bob.news()]).toEqual([
      ['open', 'joined bob/bob-1'],
      ['open', 'joined alice/alice-1'],
    ])
    expect(network.counters.sent).toBeLessThanOrEqual(2 + 2 * 40)
  })

  it('keeps everybody over a medium that loses a quarter of the messages', async () => {
    const { clock, alice, bob } = await pair({ loss: 0.25, seed: 3 })
    await clock.advance(300_000)
    expect([alice.news(), bob.news()].flat().filter((event) => event.startsWith('left'))).toEqual([])
  })

  it('asks nobody whose messages it hears', async () => {
    const { clock, network, alice, bob } = await pair()
    const before = network.counters.sent
    for (let second = 0; second < 60; second += 1) {
      alice.send('bob', '{"v":1}')
      bob.send('alice', '{"v":1}')
      await clock.advance(1_000)
    }
    expect(network.counters.sent - before).toBe(120)
  })

  it('takes two instances for two while both answer, and lets the silent one go soon', async () => {
    const { clock, network, enter, alice } = await pair({ unreachable: false })
    alice.news()
    const twin = enter('bob', 'bob-2')
    await clock.advance(50)
    twin.seek('alice')
    await clock.advance(10_000)
    expect(alice.news()).toEqual(['joined bob/bob-2'])
    // Both pages are lost without a word, and one comes back as another instance.
    network.disconnect('bob')
    const reloaded = enter('bob', 'bob-3')
    await clock.advance(50)
    reloaded.seek('alice')
    await clock.advance(2_500)
    expect(alice.news()).toEqual(['joined bob/bob-3', 'left bob/bob-1', 'left bob/bob-2'])
  })

  it('tells anew who is there after a lost link, and who left meanwhile', async () => {
    const { clock, network, enter, alice } = await pair({ unreachable: false })
    const carol = enter('carol')
    await clock.advance(50)
    carol.seek('alice')
    await clock.advance(50)
    alice.news()
    network.disconnect('alice')
    await clock.advance(10)
    await carol.close()
    await clock.advance(60_000)
    expect(alice.news()).toEqual(['close'])
    network.reconnect('alice')
    await clock.advance(50)
    expect(alice.news()).toEqual(['open', 'joined bob/bob-1'])
    await clock.advance(3_000)
    expect(alice.news()).toEqual(['left carol/carol-1'])
  })

  it('hears not itself on a medium with an echo', async () => {
    const { alice, network, clock } = await pair({ echo: true })
    alice.send('alice', 'presence/1 ask alice-1')
    const before = network.counters.sent
    await clock.advance(1_000)
    expect(alice.news()).not.toContain('joined alice/alice-1')
    expect(network.counters.sent).toBe(before)
  })

  it('hands everything that is no frame of its own to core, which counts it', async () => {
    const { clock, enter, enterRaw } = setUp()
    const alice = enter('alice')
    const raw = enterRaw('mallory')
    await clock.advance(10)
    alice.news()
    const texts = [
      ...['{"v":1}', '', 'presence/1', 'presence/1 ask', 'presence/1 ask ', 'presence/2 ask mallory-1'],
      ...['presence/1 ask a b', 'presence/1 ask a\n', ` presence/1 ask a`, `presence/1 here ${'x'.repeat(65)}`],
    ]
    for (const text of texts) raw.send('alice', text)
    await clock.advance(10)
    expect([alice.news(), raw.heard]).toEqual([texts.map((text) => `mallory: ${text}`), []])
  })

  it('takes nobody for gone because somebody else says so', async () => {
    const { clock, enterRaw, alice } = await pair()
    const raw = enterRaw('mallory')
    await clock.advance(10)
    alice.news()
    raw.send('alice', 'presence/1 gone bob-1')
    raw.send('alice', 'presence/1 gone __proto__')
    await clock.advance(1_000)
    expect(alice.news()).toEqual([])
    raw.send('alice', 'presence/1 here bob-1')
    raw.send('alice', 'presence/1 gone bob-1')
    await clock.advance(1_000)
    expect(alice.news()).toEqual(['joined mallory/bob-1', 'left mallory/bob-1'])
  })

  it('stays bounded under a flood, answers each question once, and still finds whom it seeks', async () => {
    const { clock, network, enter, enterRaw } = setUp()
    const alice = enter('alice', 'alice-1', { maxKnown: 20 })
    const bob = enter('bob')
    const flooders = Array.from({ length: 30 }, (_, index) => enterRaw(`mallory ${index}`))
    await clock.advance(10)
    for (const { send } of flooders) for (let n = 0; n < 100; n += 1) send('alice', `presence/1 here spam-${n}`)
    for (let n = 0; n < 100; n += 1) flooders[0]?.send('alice', `presence/1 ask spam-${n}`)
    await clock.advance(20)
    expect(alice.news().filter((event) => event.startsWith('joined'))).toHaveLength(20)
    expect(flooders[0]?.heard.filter((text) => text === 'alice: presence/1 here alice-1')).toHaveLength(100)
    expect(network.sent.filter(({ from, text }) => from === 'alice' && text.includes('ask')).length).toBeLessThan(100)
    alice.seek('bob')
    await clock.advance(20)
    expect([alice.news(), bob.news()]).toEqual([
      expect.arrayContaining(['joined bob/bob-1']),
      ['open', 'joined alice/alice-1'],
    ])
    for (let n = 0; n < 100; n += 1) alice.seek(`nobody ${n}`)
    expect(clock.pending).toBeLessThan(100)
  })
})

describe('a call over a medium without presence', () => {
  const createSilentStage = (options: Parameters<typeof memoryNetwork>[0] = {}) => {
    const stage = createStage({ network: { presence: false, ...options } })
    const { clock, network } = stage
    return {
      ...stage,
      enter: (id: string) => stage.enter(id, { transport: withPresence(network.transport(), { clock }) }),
    }
  }

  it('connects for two messages more than over one with presence', async () => {
    const { clock, network, enter, leftovers } = createSilentStage()
    const [alice, bob] = [enter('alice'), enter('bob')]
    acceptAll(bob)
    await clock.advance(50)
    const caller = watch(alice.call('bob'))
    await clock.advance(1_000)
    expect(caller.status()).toBe('connected')
    expect([alice.peers, bob.peers].flat().map(({ id }) => id)).toEqual(['bob', 'alice'])
    expect(network.counters.sent).toBeLessThanOrEqual(2 + 4 + 1)
    expect(await leftovers()).toEqual([])
  })

  it('connects with a peer that joins later than the call', async () => {
    const { clock, enter, leftovers } = createSilentStage()
    const caller = watch(enter('alice').call('bob'))
    await clock.advance(8_000)
    expect(caller.status()).toBe('calling')
    const calls = acceptAll(enter('bob'))
    await clock.advance(3_000)
    expect([caller.status(), calls.map(({ status }) => status())]).toEqual(['connected', ['connected']])
    expect(await leftovers()).toEqual([])
  })

  it('ends as unreachable when nobody comes', async () => {
    const { clock, enter, leftovers } = createSilentStage()
    const caller = watch(enter('alice').call('bob'))
    await clock.advance(20_000)
    expect(caller.reasons()).toEqual(['unreachable'])
    expect(await leftovers()).toEqual([])
  })

  it('connects over a bad medium', async () => {
    const { clock, enter, leftovers } = createSilentStage({ loss: 0.3, duplicate: 0.3, reorder: 60, seed: 5 })
    const [alice, bob] = [enter('alice'), enter('bob')]
    acceptAll(bob)
    const caller = watch(alice.call('bob'))
    expect(await clock.runUntil(() => caller.status() === 'connected', 15_000)).toBe(true)
    expect(await leftovers()).toEqual([])
  })

  it('ends as replaced when the page is loaded again without a word', async () => {
    const { clock, network, enter, leftovers } = createSilentStage({ unreachable: false })
    const [alice, bob] = [enter('alice'), enter('bob')]
    const calls = letRing(bob)
    await clock.advance(50)
    alice.call('bob')
    await clock.advance(500)
    expect(calls[0]?.status()).toBe('ringing')
    network.disconnect('alice')
    await clock.advance(10)
    const again = enter('alice')
    await clock.advance(50)
    const caller = watch(again.call('bob'))
    await clock.advance(3_000)
    expect([calls[0]?.ends, calls.length, caller.status()]).toEqual([
      [{ reason: 'replaced', by: 'remote' }],
      2,
      'calling',
    ])
    expect(await leftovers()).toEqual([])
  })
})
