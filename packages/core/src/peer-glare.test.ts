import { describe, expect, it } from 'vitest'
import { acceptAll, createStage, letRing, watch, type Stage, type Watched } from './peer-stage.ts'
import type { Peer } from './peer.ts'

/** Both sides call, one some ms after the other; 5 ms is the way through the network, and a call connects in 50. */
const offsets = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 15, 20, 30, 40, 60, 100]

const meet = async ({ clock }: Stage, peers: readonly [Peer, Peer], first: 0 | 1, offset: number) => {
  const calls = peers.map((peer) => acceptAll(peer))
  const callFrom = (index: 0 | 1): Watched => {
    const watched = watch(peers[index].call(peers[1 - index]!.id))
    watched.listen(watched.session.openChannel('chat'))
    return watched
  }
  const early = callFrom(first)
  await clock.advance(offset)
  const late = callFrom(first === 0 ? 1 : 0)
  return { calls, both: first === 0 ? ([early, late] as const) : ([late, early] as const) }
}

const chat = async ({ clock }: Stage, both: readonly Watched[]) => {
  for (const { session } of both) session.openChannel('chat').send(`from ${session.getSnapshot().role}`)
  await clock.advance(200)
  return both.flatMap(({ messages }) => messages).sort()
}

const orders = [0, 1].flatMap((first) => offsets.map((offset) => [first as 0 | 1, offset] as const))

describe.each([[['chromium']], [['firefox', 'chromium']]] as const)('both call at once (%s)', (profiles) => {
  it.each(orders)('is one session a side when %i calls and the other %i ms later', async (first, offset) => {
    const stage = createStage({ profiles })
    const peers = await stage.pair()
    const { both, calls } = await meet(stage, peers, first, offset)
    const isConnected = () => both.every(({ status }) => status() === 'connected')
    expect(await stage.clock.runUntil(isConnected, 2000)).toBe(true)
    await stage.clock.advance(1000)

    const sessions = peers.map((peer) => peer.sessions)
    expect(sessions).toEqual(both.map(({ session }) => [session]))
    expect(both[0].session.id).toBe(both[1].session.id)
    expect(both.map(({ session }) => session.getSnapshot().role).sort()).toEqual(['callee', 'caller'])
    expect(both.map(({ session }) => session.getSnapshot().channels.map(({ state }) => state))).toEqual([
      ['open'],
      ['open'],
    ])
    expect(await chat(stage, both)).toEqual(['from callee', 'from caller'])
    // Whoever held its session already was told of no call.
    for (const each of calls) expect(each.length).toBeLessThanOrEqual(offset < 5 ? 0 : 1)

    both[first].session.hangup()
    await stage.clock.advance(300)
    expect(both.map(({ reasons }) => reasons())).toEqual([['hangup'], ['hangup']])
    expect(both.map(({ connected }) => connected)).toEqual([['connected'], ['connected']])
    expect(await stage.leftovers()).toEqual([])
  })
})

describe('both call at once', () => {
  it('meets under loss, doubling and reordering', async () => {
    for (let seed = 1; seed <= 30; seed += 1) {
      const stage = createStage({ network: { seed, loss: 0.2, duplicate: 0.2, reorder: 80 } })
      const peers = await stage.pair()
      const { both } = await meet(stage, peers, (seed % 2) as 0 | 1, seed % 7)
      const isConnected = () => both.every(({ status }) => status() === 'connected')
      expect([seed, await stage.clock.runUntil(isConnected, 20_000)]).toEqual([seed, true])
      expect([seed, await chat(stage, both)]).toEqual([seed, ['from callee', 'from caller']])
      expect(both[0].session.id).toBe(both[1].session.id)
      expect([seed, ...(await stage.leftovers())]).toEqual([seed])
    }
  })

  it.each([0, 1] as const)('meets while the call of peer %i waits for the end of the one before', async (quitter) => {
    const { clock, network, pair, leftovers } = createStage()
    const peers = await pair()
    for (const peer of peers) letRing(peer)
    const [mine, theirs] = [peers[quitter], peers[1 - quitter]!]
    const last = mine.call(theirs.id)
    await clock.advance(500)
    const stop = network.intercept(({ from, text }) =>
      from === theirs.id && text.includes(last.id) ? 'drop' : undefined,
    )
    last.hangup()
    const again = watch(mine.call(theirs.id))
    await clock.advance(20)
    expect([again.status(), last.getSnapshot().status]).toEqual(['idle', 'ending'])
    const back = watch(theirs.call(mine.id))
    await clock.advance(280)
    stop()
    await clock.advance(5000)
    expect([again.status(), back.status()]).toEqual(['connected', 'connected'])
    expect(again.session.id).toBe(back.session.id)
    expect(await leftovers()).toEqual([])
  })

  it('carries channels and tracks of the call that gave way over', async () => {
    const stage = createStage()
    const peers = await stage.pair()
    const { both } = await meet(stage, peers, 0, 2)
    const [alice, bob] = both
    const track = { kind: 'audio', id: 'microphone', readyState: 'live' } as unknown as MediaStreamTrack
    const heard: string[] = []
    alice.session.on('track', (event) => heard.push(event.track.kind))
    bob.session.addTrack(track)
    bob.session.openChannel('chat').send('said before bob gave way')
    await stage.clock.advance(1000)
    expect(bob.session.getSnapshot().role).toBe('callee')
    expect(alice.messages).toEqual(['said before bob gave way'])
    expect(heard).toEqual(['audio'])
    expect(await stage.leftovers()).toEqual([])
  })

  it('gives the call that stands its own metadata on both sides', async () => {
    const stage = createStage()
    const [alice, bob] = await stage.pair()
    const sessions = [alice.call('bob', { metadata: 'of alice' }), bob.call('alice', { metadata: 'of bob' })]
    await stage.clock.advance(500)
    expect(sessions.map(({ metadata }) => metadata)).toEqual(['of alice', 'of alice'])
    expect(await stage.leftovers()).toEqual([])
  })

  it.each([0, 1] as const)(
    'leaves no call that only one side knows when peer %i hangs up in the middle',
    async (quitter) => {
      for (let wait = 0; wait < 60; wait += 1) {
        const stage = createStage()
        const peers = await stage.pair()
        const rings = peers.map((peer) => letRing(peer))
        const both = [watch(peers[0].call('bob')), watch(peers[1].call('alice'))] as const
        await stage.clock.advance(wait)
        both[quitter].session.hangup()
        await stage.clock.advance(5000)

        // A call that was not sent yet when its caller hung up leaves that of the other, which rings as any call.
        const live = peers.map(({ sessions }) => sessions.map(({ id }) => id))
        expect([wait, live[0]]).toEqual([wait, live[1]])
        const sides = [...both, ...rings.flat()].filter(({ ends }) => ends.length > 0)
        for (const { session, reasons } of sides) {
          const other = sides.find((side) => side.session !== session && side.session.id === session.id)
          expect([wait, reasons()]).toEqual([wait, other?.reasons() ?? ['cancelled']])
        }
        expect([wait, ...(await stage.leftovers())]).toEqual([wait])
      }
    },
  )
})
