import { describe, expect, it, vi } from 'vitest'
import { connect, join } from './test-client.ts'
import { startTimedRelay } from './test-relay.ts'

describe('drain()', () => {
  it('tells everybody to come back spread over 5 s, and closes them with 1012 spread over 10 s', async () => {
    const { url, relay, clock } = await startTimedRelay({ limits: { connectionsPerAddress: 40 } })
    const late = connect(url)
    await late.opened
    const peers = await Promise.all(Array.from({ length: 30 }, (_, index) => join(url, { id: `p${index}` })))
    const closings: number[] = []
    for (const { closed } of peers) {
      void closed.then(([code]) => {
        expect(code).toBe(1012)
        closings.push(clock.now())
      })
    }
    const start = clock.now()
    const drained = relay.drain()
    expect((await late.closed)[0]).toBe(1012)
    const afters = await Promise.all(peers.map(async (peer) => Number((await peer.takeSaid('drain')).after)))
    for (const after of afters) expect(after).toBeGreaterThanOrEqual(0)
    for (const after of afters) expect(after).toBeLessThan(5_000)
    expect(new Set(afters).size).toBeGreaterThan(20)
    const closedBy = async (ms: number) => {
      clock.advance(start + ms - clock.now())
      await vi.waitFor(() => expect(closings).toHaveLength(relay.counters.ended.stopping - 1))
      return closings.length
    }
    const half = await closedBy(5_000)
    expect(half).toBeGreaterThan(3)
    expect(half).toBeLessThan(27)
    clock.advance(5_250)
    await vi.waitFor(() => expect(closings).toHaveLength(30))
    clock.advance(100)
    await drained
  })

  it('is over after 15 s, whoever is still there', async () => {
    const { url, relay, clock } = await startTimedRelay()
    const deaf = await join(url, { id: 'deaf' })
    deaf.socket.pause()
    const drained = relay.drain()
    clock.advance(15_100)
    await drained
    deaf.socket.resume()
    await deaf.closed
  })

  it('is over at once when nobody is there, and ends the relay for good', async () => {
    const { relay } = await startTimedRelay()
    await relay.drain()
    await relay.close()
    await relay.drain()
  })

  it('ends at once when it is closed meanwhile', async () => {
    const { url, relay, clock } = await startTimedRelay()
    const ann = await join(url, { id: 'ann' })
    const drained = relay.drain()
    await relay.close()
    expect((await ann.closed)[0]).toBe(1012)
    clock.advance(100)
    await drained
  })
})

describe('close()', () => {
  it('closes everybody at once with 1012', async () => {
    const { url, relay } = await startTimedRelay()
    const peers = [await join(url, { id: 'ann' }), await join(url, { id: 'bob' })]
    await relay.close()
    for (const { closed } of peers) expect((await closed)[0]).toBe(1012)
  })
})
