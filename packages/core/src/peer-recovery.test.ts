import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { acceptAll, createStage, letRing, watch, type StageOptions, type Watched } from './peer-stage.ts'
import type { Clock } from './clock.ts'
import { createPeer, type PeerOptions } from './peer.ts'
import { createFakeWebRtc } from './testing/fake-web-rtc.ts'
import { memoryNetwork } from './testing/memory-network.ts'
import { createVirtualClock } from './testing/virtual-clock.ts'

const globals = globalThis as unknown as Record<string, unknown>
const leavePage = () => {
  for (const name of ['addEventListener', 'removeEventListener', 'document']) delete globals[name]
}

const connect = async (stageOptions: StageOptions = {}, peerOptions: Partial<PeerOptions> = {}) => {
  const stage = createStage(stageOptions)
  const alice = stage.enter('alice', peerOptions)
  delete globals['document'] // where there is one, it is that of alice alone
  const bob = stage.enter('bob', peerOptions)
  await stage.clock.advance(50)
  const calls = acceptAll(bob)
  const caller = watch(alice.call('bob'))
  caller.session.openChannel('chat')
  await stage.clock.advance(200)
  const [callee] = calls as [Watched]
  expect([caller.status(), callee.status()]).toEqual(['connected', 'connected'])
  return { ...stage, alice, bob, caller, callee, sides: [caller, callee] as const }
}

/** Says something over the channel, and waits until it is there. */
const chat = async ({ clock, caller, callee }: Awaited<ReturnType<typeof connect>>) => {
  const before = callee.messages.length
  void caller.session.openChannel('chat').send('hello')
  expect(await clock.runUntil(() => callee.messages.length > before, 2_000)).toBe(true)
}

const statuses = ({ sides }: { readonly sides: readonly Watched[] }) => sides.map(({ status }) => status())
const connections = ({ sides }: { readonly sides: readonly Watched[] }) =>
  sides.map(({ session }) => session.getSnapshot().connection)

describe.each([['chromium'], ['firefox']] as const)('a connection of %s that is lost', (profile) => {
  it('comes back by itself within the grace', async () => {
    const world = await connect({ profiles: [profile] })
    world.fabric.cut()
    expect(await world.clock.runUntil(() => statuses(world).includes('interrupted'), 10_000)).toBe(true)
    world.fabric.heal()
    await world.clock.advance(900)
    expect(statuses(world)).toEqual(['connected', 'connected'])
    expect(world.sides.flatMap(({ statuses: all }) => all)).not.toContain('recovering')
    await chat(world)
    expect(await world.leftovers()).toEqual([])
  })

  it('comes back by a restart of ICE when the addresses have changed', async () => {
    const world = await connect({ profiles: [profile] })
    world.fabric.change()
    const isBack = () => world.sides.every(({ statuses: all }) => all.join().endsWith('recovering,connected'))
    expect(await world.clock.runUntil(isBack, 12_000)).toBe(true)
    expect(connections(world)).toEqual([1, 1])
    await chat(world)
    expect(await world.leftovers()).toEqual([])
  })

  it('comes back as another RTCPeerConnection when no restart of ICE gets through', async () => {
    const world = await connect({ profiles: [profile] })
    world.fabric.change()
    world.network.partition(true)
    expect(await world.clock.runUntil(() => connections(world)[0] === 2, 30_000)).toBe(true)
    world.network.partition(false)
    expect(await world.clock.runUntil(() => statuses(world).join() === 'connected,connected', 5_000)).toBe(true)
    expect(connections(world)).toEqual([2, 2])
    await chat(world)
    expect(await world.leftovers()).toEqual([])
  })

  it('comes back as a later RTCPeerConnection when the next one was made too early', async () => {
    const world = await connect({ profiles: [profile] })
    world.fabric.cut()
    expect(await world.clock.runUntil(() => connections(world).join() === '2,2', 30_000)).toBe(true)
    await world.clock.advance(12_000)
    world.fabric.heal()
    expect(await world.clock.runUntil(() => statuses(world).join() === 'connected,connected', 10_000)).toBe(true)
    await chat(world)
    expect(await world.leftovers()).toEqual([])
  })

  it('ends as failed on both sides when nothing helps', async () => {
    const world = await connect({ profiles: [profile] })
    world.fabric.cut()
    // What the browser takes to see it, then the ladder: 1 s, twice 6 s, and 15 s, or three times 5 s with 6 s between.
    expect(await world.clock.runUntil(() => statuses(world).join() === 'ended,ended', 60_000)).toBe(true)
    expect(world.sides.map(({ reasons }) => reasons())).toEqual([['failed'], ['failed']])
    expect(Math.max(...connections(world))).toBeLessThanOrEqual(4)
    expect(await world.leftovers()).toEqual([])
  })
})

describe.each([['chromium'], ['firefox']] as const)('an answer that is late in %s', (profile) => {
  // Firefox has given up after 5 s, and closed the data channels that were to open; Chromium gives up after 15 s.
  it.each([6_000, 20_000])('by %s ms connects, and its channels carry both ways', async (ms) => {
    const world = createStage({ profiles: [profile] })
    const [alice, bob] = await world.pair()
    const calls = letRing(bob)
    const caller = watch(alice.call('bob'))
    caller.session.openChannel('chat')
    await world.clock.advance(100)
    const [callee] = calls as [Watched]
    world.network.partition(true)
    callee.session.accept()
    callee.session.openChannel('chat')
    await world.clock.advance(ms)
    world.network.partition(false)
    const both = { ...world, alice, bob, caller, callee, sides: [caller, callee] }
    expect(await world.clock.runUntil(() => statuses(both).join() === 'connected,connected', 5_000)).toBe(true)
    for (const { session, listen } of both.sides) listen(session.openChannel('chat'))
    for (const { session } of both.sides) void session.openChannel('chat').send('hello')
    const areHeard = () => both.sides.every(({ messages }) => messages.includes('hello'))
    expect(await world.clock.runUntil(areHeard, 2_000)).toBe(true)
    expect(connections(both)).toEqual(profile === 'firefox' || ms > 15_000 ? [2, 2] : [1, 1])
    expect(both.sides.map(({ session }) => session.getSnapshot().signaling)).toEqual(['control', 'control'])
    expect(await world.leftovers()).toEqual([])
  })
})

describe.each([
  ['chromium', 'chromium'],
  ['chromium', 'firefox'],
  ['firefox', 'chromium'],
  ['firefox', 'firefox'],
] as const)('a call of %s with %s whose path is gone for a while', (...profiles) => {
  // In steps that fall into each state of the ladder, on both sides.
  it.each([0, 500])(
    'never ends up connected and mute, however long that is (from %s ms on)',
    { timeout: 60_000 },
    async (offset) => {
      for (let seconds = 0; seconds < 60; seconds += 1) {
        const world = await connect({ profiles })
        world.caller.listen(world.caller.session.openChannel('chat'))
        world.fabric.cut()
        await world.clock.advance(seconds * 1000 + offset)
        world.fabric.heal()
        const isSettled = () => /^(connected,connected|ended,ended)$/.test(statuses(world).join())
        const begin = world.clock.now()
        const isHeard = async () => {
          if (!(await world.clock.runUntil(isSettled, 30_000))) return false
          if (statuses(world).includes('ended')) return true
          const [before, after] = [world.callee.messages.length, world.caller.messages.length]
          for (const { session } of world.sides) void session.openChannel('chat').send('hello')
          const isThere = () => world.callee.messages.length > before && world.caller.messages.length > after
          return world.clock.runUntil(isThere, 12_000)
        }
        expect(await isHeard(), `${seconds} s`).toBe(true)
        expect(world.clock.now() - begin, `${seconds} s`).toBeLessThan(30_000)
        const reasons = world.sides.map((side) => side.reasons())
        expect(reasons[0], `${seconds} s`).toEqual(reasons[1])
        expect(await world.leftovers(), `${seconds} s`).toEqual([])
      }
    },
  )
})

describe('a callee that sees sooner than the caller that the connection is lost', () => {
  it('asks for another', async () => {
    const world = await connect({ profiles: ['firefox', 'chromium'] })
    const signals: string[] = []
    world.caller.session.on('signal', ({ direction, type }) => signals.push(`${direction} ${type}`))
    world.fabric.cut()
    expect(await world.clock.runUntil(() => connections(world).join() === '2,2', 25_000)).toBe(true)
    expect(signals.filter((signal) => signal === 'received reconnect')).toHaveLength(1)
    world.fabric.heal()
    expect(await world.clock.runUntil(() => statuses(world).join() === 'connected,connected', 2_000)).toBe(true)
    await chat(world)
    expect(await world.leftovers()).toEqual([])
  })
})

describe('a page', () => {
  const page = new EventTarget()
  const document = Object.assign(new EventTarget(), { visibilityState: 'visible' })

  beforeEach(() => {
    globals['addEventListener'] = page.addEventListener.bind(page)
    globals['removeEventListener'] = page.removeEventListener.bind(page)
    globals['document'] = document
  })
  afterEach(leavePage)

  it('restarts ICE as soon as the network is another one, without waiting for ICE to see it', async () => {
    const world = await connect()
    world.fabric.change()
    page.dispatchEvent(new Event('online'))
    expect(world.caller.session.getSnapshot()).toMatchObject({ status: 'connected', liveness: 'silent' })
    const isLive = () => world.sides.every(({ session }) => session.getSnapshot().liveness === 'live')
    expect(await world.clock.runUntil(isLive, 500)).toBe(true)
    await chat(world)
    expect(world.caller.statuses).not.toContain('interrupted')
    expect(await world.leftovers()).toEqual([])
  })

  it('tells that it is frozen, and when it is not any more', async () => {
    const world = await connect()
    document.dispatchEvent(new Event('freeze'))
    await world.clock.advance(20)
    expect(world.callee.session.getSnapshot().liveness).toBe('frozen')
    await world.clock.advance(20_000)
    expect(world.callee.session.getSnapshot()).toMatchObject({ status: 'connected', liveness: 'frozen' })
    document.dispatchEvent(new Event('resume'))
    await world.clock.advance(100)
    expect(world.callee.session.getSnapshot().liveness).toBe('live')
    expect(await world.leftovers()).toEqual([])
  })

  it('asks the other side when it is shown again', async () => {
    const world = await connect()
    const signals: string[] = []
    world.caller.session.on('signal', ({ direction, type }) => signals.push(`${direction} ${type}`))
    document.dispatchEvent(new Event('visibilitychange'))
    await world.clock.advance(1_000)
    expect(signals.filter((signal) => signal === 'sent ping')).toHaveLength(1)
    expect(world.caller.session.getSnapshot().liveness).toBe('live')
    expect(await world.leftovers()).toEqual([])
  })
})

describe('a side that has left the room', () => {
  it('is asked, and is silent when it does not answer', async () => {
    const world = await connect()
    world.fabric.cut()
    world.network.disconnect('bob')
    expect(await world.clock.runUntil(() => world.caller.session.getSnapshot().liveness === 'silent', 3_000)).toBe(true)
    expect(world.caller.status()).toBe('connected')
  })

  it('is live when it answers over the control channel', async () => {
    const world = await connect()
    world.network.disconnect('bob')
    await world.clock.advance(5_000)
    expect(world.caller.session.getSnapshot()).toMatchObject({ status: 'connected', liveness: 'live' })
  })
})

describe('a page that is gone before it could say so', () => {
  it.each(['leaves and closes', 'closes and leaves'])('ends the session as closed: it %s', async (order) => {
    const world = await connect()
    const leave = () => world.network.disconnect('bob')
    const close = () => world.callee.session.peerConnection?.close()
    for (const act of order === 'leaves and closes' ? [leave, close] : [close, leave]) {
      act()
      await world.clock.advance(100)
    }
    expect(world.caller.ends).toEqual([{ reason: 'closed', by: 'remote', message: undefined }])
  })
})

describe('a configuration that expires', () => {
  it('is asked for again at 80 % of its time, and ICE is restarted with it', async () => {
    const configuration = vi.fn(async () => ({ iceServers: [], expiresAt: Date.now() + 60_000 }))
    const world = await connect({}, { rtc: { configuration } })
    expect(configuration).toHaveBeenCalledTimes(2)
    const ufrag = () => /a=ice-ufrag:(\S+)/.exec(world.caller.session.peerConnection?.localDescription?.sdp ?? '')?.[1]
    const first = ufrag()
    await world.clock.advance(49_000)
    expect(configuration).toHaveBeenCalledTimes(4)
    expect(ufrag()).not.toBe(first)
    expect(statuses(world)).toEqual(['connected', 'connected'])
    await chat(world)
  })

  it.each([
    ['long ago', -1, 5_000],
    ['at no time', Number.NaN, 5_000],
  ])('is asked for again when a timer can tell, though it ends %s', async (_, life, wait) => {
    const configuration = vi.fn(async () => ({ expiresAt: Date.now() + life }))
    const world = await connect({}, { rtc: { configuration } })
    expect(configuration).toHaveBeenCalledTimes(2)
    await world.clock.advance(wait - 500)
    expect(configuration).toHaveBeenCalledTimes(2)
    await world.clock.advance(500)
    expect(configuration).toHaveBeenCalledTimes(4)
  })

  it('waits no longer than a timer can, which would fire at once', async () => {
    const clock = createVirtualClock()
    const waits: number[] = []
    const spied: Clock = {
      ...clock,
      now: () => clock.now(),
      setTimeout: (run, ms) => {
        waits.push(ms)
        return clock.setTimeout(run, ms)
      },
    }
    const configuration = () => ({ expiresAt: Date.now() + 365 * 24 * 3_600_000 })
    const network = memoryNetwork({ clock })
    const { RTCPeerConnection } = createFakeWebRtc({ clock })
    const rtc = { RTCPeerConnection, configuration }
    const peer = createPeer({ id: 'alice', room: 'lobby', transport: network.transport(), clock: spied, rtc })
    peer.call('bob')
    await clock.advance(100)
    expect(Math.max(...waits)).toBe(2 ** 31 - 1)
    void peer.close()
    await clock.advance(10_000)
    expect(clock.pending).toBe(0)
  })

  it('is told when there is no new one, and the connection goes on with the old one', async () => {
    let times = 0
    const configuration = async () => {
      times += 1
      if (times > 2) throw new Error('The token server is down.')
      return { expiresAt: Date.now() + 60_000 }
    }
    const world = await connect({}, { rtc: { configuration } })
    const warnings: string[] = []
    world.caller.session.on('warning', ({ code }) => warnings.push(code))
    await world.clock.advance(50_000)
    expect(warnings).toEqual(['configuration-failed'])
    expect(statuses(world)).toEqual(['connected', 'connected'])
    await chat(world)
  })
})
