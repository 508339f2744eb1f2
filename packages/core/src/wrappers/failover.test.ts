import { describe, expect, it, vi } from 'vitest'
import { acceptAll, createStage, watch } from '../peer-stage.ts'
import type { SignalingJoin, SignalingTransport } from '../signaling/transport.ts'
import { describeTransport } from '../testing/describe-transport.ts'
import { memoryNetwork } from '../testing/memory-network.ts'
import { createVirtualClock } from '../testing/virtual-clock.ts'
import { failover, type FailoverOptions } from './failover.ts'

const shared = [memoryNetwork(), memoryNetwork()] as const

describeTransport(
  'failover([memory, memory])',
  {
    transport: () => failover(shared.map(({ transport }) => transport())),
    disconnect: ({ id }) => {
      for (const network of shared) network.disconnect(id)
      for (const network of shared) network.reconnect(id)
    },
  },
  { describe, it },
)

describeTransport(
  'failover() of a transport that cannot join and one that can',
  { transport: () => failover([refuse('no server'), shared[0].transport()]) },
  { describe, it },
)

const refuse =
  (message: string): SignalingTransport =>
  () => {
    throw new Error(message)
  }

/** A transport whose every callback is called by hand. */
const createPuppet = (maxLength?: number) => {
  const sent: string[] = []
  const puppet = {
    sent,
    join: undefined as unknown as SignalingJoin,
    closed: false,
    transport: ((join) => {
      puppet.join = join
      return {
        send: (to, text) => sent.push(`${to}: ${text}`),
        close: async () => {
          puppet.closed = true
        },
        ...(maxLength !== undefined && { maxLength }),
      }
    }) satisfies SignalingTransport,
  }
  return puppet
}

const withPuppets = (options: FailoverOptions = {}) => {
  const clock = createVirtualClock()
  const [a, b] = [createPuppet(4096), createPuppet(1024)]
  const events: string[] = []
  const seen: string[] = []
  const link = failover([a.transport, b.transport], { clock, ...options })({
    room: 'lobby',
    self: { id: 'alice', instance: 'alice-1' },
    onOpen: () => events.push('open'),
    onClose: (reason) => events.push(`close ${reason?.message}`),
    onMessage: (from, text) => events.push(`${from}: ${text}`),
    onPresence: ({ type, peer }) => {
      events.push(`${type} ${peer.instance}`)
      seen.push(`${type} ${peer.id}`)
    },
    onUnreachable: (to) => events.push(`unreachable ${to}`),
  })
  return { clock, a, b, link, seen, news: () => events.splice(0) }
}

const bob = (type: 'joined' | 'left', instance = 'bob-1') => ({ type, peer: { id: 'bob', instance } })

describe('the link of a failover', () => {
  it('is open while any of its transports is', () => {
    const { a, b, news } = withPuppets()
    a.join.onOpen()
    b.join.onOpen()
    a.join.onClose(new Error('a died'))
    expect(news()).toEqual(['open'])
    b.join.onClose(new Error('b died'))
    expect(news()).toEqual(['close b died'])
    a.join.onOpen()
    expect(news()).toEqual(['open'])
  })

  it('cannot join only when none of them can', () => {
    const { a, b, news } = withPuppets()
    a.join.onClose(new Error('a refused'))
    expect(news()).toEqual([])
    b.join.onClose(new Error('b refused'))
    expect(news()).toEqual(['close b refused'])
    const { join } = createPuppet()
    expect(() => failover([refuse('first'), refuse('second')])(join)).toThrow('first')
    expect(() => failover([])(join)).toThrow('at least one transport')
  })

  it('cannot join when one refuses by a word, and the next by throwing', () => {
    const onClose = vi.fn()
    const { join } = withPuppets().a
    const early: SignalingTransport = (lane) => {
      lane.onClose(new Error('first'))
      return { send: () => {}, close: async () => {} }
    }
    failover([early, refuse('second')])({ ...join, onClose })
    expect(onClose.mock.calls).toEqual([[expect.objectContaining({ message: 'second' })]])
  })

  it('is lost, and not refused, while another of them is tried', () => {
    const { a, b, news } = withPuppets()
    a.join.onOpen()
    b.join.onOpen()
    b.join.onClose()
    a.join.onClose(new Error('a refused'))
    expect(news()).toEqual(['open', 'close undefined'])
    b.join.onClose(new Error('b refused'))
    expect(news()).toEqual(['close b refused'])
  })

  it('says what is the matter with each of them', () => {
    const troubled = (trouble?: string): SignalingTransport => {
      return () => ({ send: () => {}, close: async () => {}, trouble })
    }
    const { join } = withPuppets().a
    expect(failover([troubled('No relay.'), troubled(), troubled('No broker.')])(join).trouble).toBe(
      'No relay. No broker.',
    )
    expect(failover([troubled()])(join).trouble).toBeUndefined()
  })

  it('takes texts as long as the narrowest of them does', () => {
    expect(withPuppets().link.maxLength).toBe(1024)
    const wide = createPuppet()
    expect(failover([wide.transport])(wide.join).maxLength).toBe(Infinity)
  })

  it('closes all of them, and tells nothing after it', async () => {
    const { a, b, link, news, clock } = withPuppets()
    a.join.onOpen()
    await link.close()
    b.join.onOpen()
    b.join.onPresence(bob('joined'))
    b.join.onMessage('bob', 'late')
    a.join.onClose()
    link.send('bob', 'late')
    expect([a.closed, b.closed, news(), a.sent, clock.pending]).toEqual([true, true, ['open'], [], 0])
  })
})

describe('presence in a failover', () => {
  it('tells who joined once, and who left when all say so', () => {
    const { a, b, news } = withPuppets()
    a.join.onOpen()
    b.join.onOpen()
    a.join.onPresence(bob('joined'))
    b.join.onPresence(bob('joined'))
    a.join.onPresence(bob('left'))
    a.join.onPresence(bob('left'))
    expect(news()).toEqual(['open', 'joined bob-1'])
    b.join.onPresence(bob('left'))
    expect(news()).toEqual(['left bob-1'])
  })

  it('does not let anybody take the instance of somebody else away', () => {
    const { a, seen } = withPuppets()
    a.join.onOpen()
    a.join.onPresence(bob('joined'))
    for (const type of ['joined', 'left'] as const)
      a.join.onPresence({ type, peer: { id: 'mallory', instance: 'bob-1' } })
    expect(seen).toEqual(['joined bob', 'joined mallory', 'left mallory'])
    a.join.onPresence(bob('left'))
    expect(seen.at(-1)).toBe('left bob')
  })

  it('keeps whom only a dead transport knew for a while', async () => {
    const { a, b, news, clock } = withPuppets()
    a.join.onOpen()
    b.join.onOpen()
    for (const instance of ['gone', 'back', 'both']) a.join.onPresence(bob('joined', instance))
    b.join.onPresence(bob('joined', 'both'))
    news()
    a.join.onClose()
    await clock.advance(5_000)
    expect(news()).toEqual([])
    b.join.onPresence(bob('joined', 'back'))
    await clock.advance(5_000)
    expect(news()).toEqual(['left gone'])
    // It had `both` until it died, which says nothing any more.
    b.join.onPresence(bob('left', 'both'))
    await clock.advance(10_000)
    expect([news(), clock.pending]).toEqual([['left both'], 0])
  })

  it('is told anew when all were lost, without those who are gone', async () => {
    const { a, b, news, clock } = withPuppets()
    a.join.onOpen()
    b.join.onOpen()
    a.join.onPresence(bob('joined', 'stays'))
    b.join.onPresence(bob('joined', 'goes'))
    a.join.onClose()
    b.join.onClose()
    news()
    await clock.advance(60_000)
    expect(news()).toEqual([])
    b.join.onOpen()
    b.join.onPresence(bob('joined', 'stays'))
    expect(news()).toEqual(['open', 'joined stays'])
    await clock.advance(10_000)
    expect(news()).toEqual(['left goes'])
  })
})

describe('the way that a message takes in a failover', () => {
  const opened = (options?: FailoverOptions) => {
    const puppets = withPuppets(options)
    puppets.a.join.onOpen()
    puppets.b.join.onOpen()
    puppets.news()
    return puppets
  }

  it('is the first that is open', () => {
    const { a, b, link } = opened()
    link.send('bob', '1')
    a.join.onClose()
    link.send('bob', '2')
    a.join.onOpen()
    link.send('carol', '3')
    expect([a.sent, b.sent]).toEqual([['bob: 1', 'carol: 3'], ['bob: 2']])
  })

  it('is one on which each instance of its recipient is seen', () => {
    const { a, b, link } = opened()
    b.join.onPresence(bob('joined', 'one'))
    link.send('bob', '1')
    a.join.onPresence(bob('joined', 'two'))
    link.send('bob', '2')
    b.join.onPresence(bob('joined', 'two'))
    a.join.onPresence(bob('left', 'two'))
    link.send('bob', '3')
    expect([a.sent, b.sent]).toEqual([['bob: 2'], ['bob: 1', 'bob: 2', 'bob: 3']])
  })

  it('is the next where the first says that nobody is there, and the absence is told when all say so', () => {
    const { a, b, link, news } = opened()
    link.send('bob', '1')
    a.join.onUnreachable('bob')
    link.send('bob', '2')
    expect([a.sent, b.sent, news()]).toEqual([['bob: 1'], ['bob: 2'], []])
    b.join.onUnreachable('bob')
    expect(news()).toEqual(['unreachable bob'])
    a.join.onPresence(bob('joined'))
    link.send('bob', '3')
    expect(a.sent).toEqual(['bob: 1', 'bob: 3'])
  })

  it('is every one to somebody who stays silent, until one of them brings an answer', async () => {
    const { a, b, link, clock } = opened()
    link.send('bob', '1')
    link.send('bob', '2')
    await clock.advance(700)
    link.send('bob', '3')
    expect([a.sent, b.sent]).toEqual([['bob: 1', 'bob: 2', 'bob: 3'], ['bob: 3']])
    b.join.onMessage('bob', 'here')
    link.send('bob', '4')
    await clock.advance(60_000)
    link.send('bob', '5')
    expect([a.sent.length, b.sent]).toEqual([3, ['bob: 3', 'bob: 4', 'bob: 5']])
  })

  it('is remembered for a bounded number of ids', () => {
    const { b, link, a } = opened()
    b.join.onMessage('bob', 'here')
    for (let id = 0; id < 256; id += 1) a.join.onMessage(`flood ${id}`, '')
    link.send('bob', '1')
    expect([a.sent, b.sent]).toEqual([['bob: 1'], []])
  })
})

describe('a call over a failover', () => {
  const withTwoNetworks = () => {
    const stage = createStage()
    const { clock, network } = stage
    const spare = memoryNetwork({ clock, delay: 5 })
    const enter = (id: string) =>
      stage.enter(id, { transport: failover([network.transport(), spare.transport()], { clock }) })
    const peers = [enter('alice'), enter('bob')] as const
    return { ...stage, peers, spare }
  }

  const deaths = {
    'is lost for both': ({ network }) => ['alice', 'bob'].forEach((id) => network.disconnect(id)),
    'is lost for the caller': ({ network }) => network.disconnect('alice'),
    'is lost for the callee, and nobody is told': ({ network }) => network.disconnect('bob', { announce: false }),
    'dies without a word': ({ network }) => network.partition(true),
  } satisfies Record<string, (stage: ReturnType<typeof withTwoNetworks>) => void>

  it.each(Object.entries(deaths).flatMap(([how, die]) => [1, 2, 3, 4].map((at) => [how, at, die] as const)))(
    'connects when a transport %s before message %i',
    async (_, at, die) => {
      const stage = withTwoNetworks()
      const { clock, network, peers } = stage
      const [alice, bob] = peers
      const calls = acceptAll(bob)
      await clock.advance(50)
      network.intercept(({ index }) => {
        if (index === at - 1) die(stage)
      })
      const caller = watch(alice.call('bob'))
      caller.session.openChannel('chat').send('hello')
      expect(await clock.runUntil(() => calls[0]?.messages[0] === 'hello', 5_000)).toBe(true)
      expect([caller.status(), calls.length, calls[0]?.status()]).toEqual(['connected', 1, 'connected'])
      expect(await stage.leftovers()).toEqual([])
    },
  )

  it('costs no more messages than over one transport', async () => {
    const { clock, network, spare, peers, leftovers } = withTwoNetworks()
    acceptAll(peers[1])
    await clock.advance(50)
    const caller = watch(peers[0].call('bob'))
    await clock.advance(5_000)
    const { sent } = network.counters
    const alone = createStage()
    const [alice, bob] = await alone.pair()
    acceptAll(bob)
    alice.call('bob')
    await alone.clock.advance(5_000)
    expect([caller.status(), sent, spare.counters.sent]).toEqual(['connected', alone.network.counters.sent, 0])
    expect([await leftovers(), await alone.leftovers()]).toEqual([[], []])
  })

  it('sees every message once where both transports carry it', async () => {
    const stage = createStage()
    const { clock, network } = stage
    const spare = memoryNetwork({ clock, delay: 5 })
    // Without any patience each message after the second takes both.
    const transport = () => failover([network.transport(), spare.transport()], { clock, patience: 0 })
    const alice = stage.enter('alice', { transport: transport() })
    const bob = stage.enter('bob', { transport: transport() })
    const calls = acceptAll(bob)
    await clock.advance(50)
    network.partition(true)
    const caller = watch(alice.call('bob'))
    await clock.advance(50)
    network.partition(false)
    expect(await clock.runUntil(() => caller.status() === 'connected', 5_000)).toBe(true)
    expect([network.counters.sent > 2, spare.counters.sent > 2, calls.length]).toEqual([true, true, 1])
    expect(calls[0]?.statuses).toEqual(['ringing', 'connecting', 'connected'])
    expect(await stage.leftovers()).toEqual([])
  })

  it('connects when all transports were lost and came back', async () => {
    const { clock, network, spare, peers, leftovers } = withTwoNetworks()
    const calls = acceptAll(peers[1])
    await clock.advance(50)
    const caller = watch(peers[0].call('bob'))
    await clock.advance(7)
    const all = [network, spare].flatMap((net) => ['alice', 'bob'].map((id) => [net, id] as const))
    for (const [net, id] of all) net.disconnect(id)
    await clock.advance(3_000)
    expect([caller.status(), caller.session.getSnapshot().signaling]).toEqual(['calling', 'none'])
    for (const [net, id] of all) net.reconnect(id)
    await clock.advance(200)
    expect([caller.status(), calls.map(({ status }) => status())]).toEqual(['connected', ['connected']])
    expect(await leftovers()).toEqual([])
  })
})
