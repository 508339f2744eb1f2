import { describe, expect, it, vi } from 'vitest'
import { acceptAll, createStage, letRing, watch, type Stage, type Watched } from './peer-stage.ts'
import type { Peer } from './peer.ts'
import type { Session, SessionStatus } from './session/session.ts'

interface Side {
  readonly peer: Peer
  readonly watched: Watched
}

/** A call that is accepted 20 ms after it rings, brought to the moment at which one side has a status. */
const reach = async (stage: Stage, side: 0 | 1, status: SessionStatus): Promise<readonly [Side, Side] | undefined> => {
  const peers = await stage.pair()
  const calls = letRing(peers[1])
  const caller = watch(peers[0].call('bob'))
  const both = () => [caller, calls[0]] as const
  const isThere = () => both()[side]?.status() === status
  const until = (predicate: () => boolean, ms: number) => stage.clock.runUntil(predicate, ms)

  await until(() => isThere() || calls[0]?.status() === 'ringing', 1000)
  if (!isThere() && calls[0] !== undefined) {
    await until(isThere, 20)
    if (!isThere()) calls[0].session.accept()
    await until(() => isThere() || both().every((watched) => watched?.status() === 'connected'), 1000)
  }
  if (!isThere() && status === 'interrupted') {
    stage.breakLink()
    await until(isThere, 10_000)
  }
  if (!isThere()) both()[side]?.session.hangup()
  await until(isThere, 5000)
  // Let the callee hear of the call, so that there are two sides to compare.
  if (calls[0] === undefined) await until(() => calls[0] !== undefined, 100)
  return calls[0] === undefined
    ? undefined
    : [
        { peer: peers[0], watched: caller },
        { peer: peers[1], watched: calls[0] },
      ]
}

const statuses = ['calling', 'ringing', 'connecting', 'connected', 'interrupted', 'ending', 'ended'] as const
const acts = {
  hangup: ({ watched }: Side) => watched.session.hangup(),
  close: ({ peer }: Side) => void peer.close(),
  dispose: ({ watched }: Side) => void watched.session[Symbol.asyncDispose](),
} as const

const cases = statuses.flatMap((status) =>
  ([0, 1] as const)
    .filter((side) => !(status === 'calling' && side === 1) && !(status === 'ringing' && side === 0))
    .flatMap((side) => (Object.keys(acts) as (keyof typeof acts)[]).map((act) => [act, status, side] as const)),
)

describe('an end by either side', () => {
  it.each(cases)('by %s while %s on side %i settles everything', async (act, status, side) => {
    for (const by of [0, 1] as const) {
      const stage = createStage()
      const sides = await reach(stage, side, status)
      acts[act](sides![by])
      acts[act](sides![by])
      await stage.clock.advance(20_000)
      const ends = sides!.map(({ watched }) => watched.ends)
      expect(ends.map(({ length }) => length)).toEqual([1, 1])
      expect(ends[0]![0]?.reason).toBe(ends[1]![0]?.reason)
      expect(
        ends
          .flat()
          .map((end) => end.by)
          .sort(),
      ).toEqual(['local', 'remote'])
      expect(sides!.map(({ watched }) => watched.connected.length)).toEqual([1, 1])
      expect(await stage.leftovers()).toEqual([])
    }
  })

  it.each(['hangup', 'close'] as const)('by %s at any moment of a call has one reason', async (act) => {
    for (let wait = 0; wait < 90; wait += 1)
      for (const by of [0, 1] as const) {
        const stage = createStage()
        const peers = await stage.pair()
        const calls = acceptAll(peers[1])
        const caller = watch(peers[0].call('bob'))
        await stage.clock.advance(wait)
        const watched = [caller, calls[0]][by]
        if (watched === undefined) continue
        acts[act]({ peer: peers[by], watched })
        await stage.clock.advance(3000)
        const reasons = [caller, ...calls].map((each) => each.reasons())
        // The callee may never hear of a call that was over before it was sent.
        const expected = act === 'close' ? 'closed' : wait > 60 ? 'hangup' : reasons[0]![0]
        for (const each of reasons) expect([wait, by, each]).toEqual([wait, by, [expected]])
        expect([wait, by, ...(await stage.leftovers())]).toEqual([wait, by])
      }
  })
})

describe('an end by both sides at once', () => {
  const cases = (['ringing', 'connected'] as const).flatMap((status) =>
    (['hangup', 'close'] as const).map((second) => [status, second] as const),
  )
  it.each(cases)('while %s, the second by %s, has one reason, whichever message is lost', async (status, second) => {
    for (const first of [0, 1] as const)
      for (let offset = 0; offset <= 12; offset += 3)
        for (let lost = 0; lost < 6; lost += 1) {
          const stage = createStage()
          const sides = await reach(stage, 1, status)
          const before = stage.network.counters.sent
          stage.network.intercept(({ index }) => (index === before + lost ? 'drop' : undefined))
          acts.hangup(sides![first])
          await stage.clock.advance(offset)
          acts[second](sides![first === 0 ? 1 : 0])
          await stage.clock.advance(10_000)
          const [ofCaller, ofCallee] = sides!.map(({ watched }) => watched.reasons())
          expect([first, offset, lost, ofCaller]).toEqual([first, offset, lost, ofCallee])
          expect(ofCaller).toHaveLength(1)
          expect(await stage.leftovers()).toEqual([])
        }
  })
})

describe('an end inside a listener', () => {
  type Act = (session: Session, peer: Peer) => unknown
  const inside: Readonly<Record<string, (session: Session, peer: Peer, act: () => void) => unknown>> = {
    state: (session, _, act) => session.on('state', act),
    'each state': (session, _, act) => session.subscribe(act),
    signal: (session, _, act) => session.on('signal', act),
    channel: (session, _, act) => session.on('channel', act),
    ended: (session, _, act) => session.on('ended', act),
    'a message': (session, _, act) => session.on('channel', (channel) => channel.on('message', act)),
    'an opening': (session, _, act) => session.openChannel('chat').on('open', act),
    'a closing': (session, _, act) => session.openChannel('chat').on('close', act),
    presence: (_, peer, act) => peer.on('peer-left', act),
    signaling: (_, peer, act) => peer.on('signaling', act),
  }
  const closedOnce = new WeakSet<Session>()
  const acts: Readonly<Record<string, Act>> = {
    hangup: (session) => session.hangup(),
    close: (_, peer) => peer.close(),
    // Once, or each closing would open the next one.
    // Once, or each closing would open the next one.
    'close of a channel': (session) => {
      const { status } = session.getSnapshot()
      if (status !== 'connected' || closedOnce.has(session)) return
      closedOnce.add(session)
      session.openChannel('chat').close()
    },
  }
  const table = Object.keys(inside).flatMap((place) => Object.keys(acts).map((act) => [act, place] as const))

  it.each(table)('(%s inside %s) settles everything', async (act, place) => {
    for (const by of [0, 1]) {
      const stage = createStage()
      const peers = await stage.pair()
      const calls = acceptAll(peers[1])
      let acted = 0
      const prepare = (session: Session, peer: Peer) =>
        inside[place]!(session, peer, () => {
          acted += 1
          void acts[act]!(session, peer)
        })
      peers[1].on('call', (session) => by === 1 && prepare(session, peers[1]))
      const caller = watch(peers[0].call('bob'))
      if (by === 0) prepare(caller.session, peers[0])
      await stage.clock.advance(100)
      // Each side opens a channel of its own, so that each is told of one and gets a message.
      const live = [caller, ...calls].filter(({ status }) => status() === 'connected')
      for (const { session } of live) session.openChannel(`of the ${session.getSnapshot().role}`).send('hello')
      await stage.clock.advance(100)
      caller.session.hangup()
      stage.network.disconnect(peers[1 - by]!.id)
      await stage.clock.advance(5000)
      stage.network.disconnect(peers[by]!.id)
      await stage.clock.advance(100)
      expect([caller, ...calls].map(({ ends }) => ends.length)).toEqual(
        Array.from({ length: 1 + calls.length }, () => 1),
      )
      expect(acted).toBeGreaterThan(0)
      expect(await stage.leftovers()).toEqual([])
    }
  })
})

describe('a peer that closes', () => {
  it('settles ready, refuses to call, and closes once', async () => {
    const { enter, clock, leftovers } = createStage()
    const peer = enter('alice')
    const states: string[] = []
    peer.ready.catch(({ code }: { code: string }) => states.push(code))
    expect(peer.close()).toBe(peer.close())
    expect(() => peer.call('bob')).toThrow(expect.objectContaining({ code: 'closed' }) as Error)
    await clock.advance(10)
    expect(states).toEqual(['closed'])
    expect(await leftovers()).toEqual([])
  })

  it('refuses a call inside a listener that hears of its closing', async () => {
    const { pair, clock, leftovers } = createStage()
    const [alice] = await pair()
    const redials: unknown[] = []
    alice.call('bob').on('state', ({ status }) => {
      if (status !== 'ending') return
      try {
        redials.push(alice.call('carol'))
      } catch (error) {
        redials.push(error)
      }
    })
    await clock.advance(20)
    void alice.close()
    await clock.advance(5000)
    expect(redials).toMatchObject([{ code: 'closed' }])
    expect(alice.sessions).toEqual([])
    expect(await leftovers()).toEqual([])
  })

  it('closes at any moment of its opening', async () => {
    for (let wait = 0; wait < 20; wait += 1) {
      const { enter, clock, leftovers } = createStage()
      const [alice] = [enter('alice'), enter('bob')]
      alice.call('bob')
      await clock.advance(wait)
      void alice[Symbol.asyncDispose]()
      expect(await leftovers()).toEqual([])
    }
  })

  it('closes when its page goes, and lets go of the page', async () => {
    const page = new EventTarget()
    const counts = { added: 0, removed: 0 }
    const globals = globalThis as unknown as Record<string, unknown>
    globals.addEventListener = (...listener: Parameters<EventTarget['addEventListener']>) => {
      counts.added += 1
      page.addEventListener(...listener)
    }
    globals.removeEventListener = (...listener: Parameters<EventTarget['removeEventListener']>) => {
      counts.removed += 1
      page.removeEventListener(...listener)
    }
    try {
      const { pair, clock, leftovers } = createStage()
      const [alice, bob] = await pair()
      acceptAll(bob)
      const caller = watch(alice.call('bob'))
      await clock.advance(200)
      page.dispatchEvent(new Event('pagehide'))
      await clock.advance(3000)
      expect(caller.reasons()).toEqual(['closed'])
      expect(await leftovers()).toEqual([])
      expect(counts.added).toBeGreaterThan(0)
      expect(counts.removed).toBe(counts.added)
    } finally {
      delete globals.addEventListener
      delete globals.removeEventListener
    }
  })
})

describe('what is left after the end', () => {
  it('is no listener on any connection or channel', async () => {
    const listeners = new Map<EventTarget, number>()
    const isFake = (target: EventTarget) => 'connectionState' in target || 'bufferedAmount' in target
    const count = (name: 'addEventListener' | 'removeEventListener', by: 1 | -1) => {
      const native = Reflect.get(EventTarget.prototype, name) as EventTarget['addEventListener']
      vi.spyOn(EventTarget.prototype, name).mockImplementation(function (
        this: EventTarget,
        ...parameters: Parameters<typeof native>
      ) {
        if (isFake(this)) listeners.set(this, (listeners.get(this) ?? 0) + by)
        native.apply(this, parameters)
      })
    }
    count('addEventListener', 1)
    count('removeEventListener', -1)
    try {
      const { pair, clock, leftovers } = createStage()
      const [alice, bob] = await pair()
      const calls = acceptAll(bob)
      // Both at once, so that one connection gives way, and a channel of each side.
      for (const session of [alice.call('bob'), bob.call('alice')]) session.openChannel('chat').send('hello')
      await clock.advance(500)
      bob.sessions[0]?.openChannel('of bob').send('hello')
      await clock.advance(500)
      expect([alice.sessions.length, calls.length]).toEqual([1, 0])
      expect([...listeners.values()].some((left) => left > 0)).toBe(true)
      expect(await leftovers()).toEqual([])
      expect([...listeners.values()].filter((left) => left !== 0)).toEqual([])
      expect(listeners.size).toBeGreaterThan(6)
    } finally {
      vi.restoreAllMocks()
    }
  })
})
