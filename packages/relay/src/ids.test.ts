import { describe, expect, it, vi } from 'vitest'
import { connect, join } from './test-client.ts'
import { startTimedRelay } from './test-relay.ts'

/** A peer that is in the room and known to have its welcome. */
const joinFirmly = async (url: string, fields: { readonly id: string; readonly [field: string]: string }) => {
  const peer = await join(url, fields)
  await peer.settle()
  return peer
}

describe('the id of a lost peer', () => {
  it('is held with what comes for it, and given to whoever has the resume token', async () => {
    const { url, relay } = await startTimedRelay()
    const bob = await joinFirmly(url, { id: 'bob' })
    const ann = await joinFirmly(url, { id: 'ann', instance: 'a1' })
    ann.socket.terminate()
    await vi.waitFor(() => expect(relay.counters.ended.lost).toBe(1))
    bob.send('ann', '1')
    bob.send('ann', '2')
    await bob.settle()
    const again = await join(url, { id: 'ann', instance: 'a1', resume: ann.welcome.resume })
    expect(again.welcome).toEqual({
      type: 'welcome',
      resume: ann.welcome.resume,
      peers: [{ id: 'bob', instance: 'i1' }],
    })
    expect(await again.take((frame) => frame.startsWith('bob'))).toBe('bob\n1')
    expect(await again.take((frame) => frame.startsWith('bob'))).toBe('bob\n2')
    await bob.settle()
    expect(bob.said().filter(({ type }) => type === 'left')).toEqual([])
    expect(relay.counters).toMatchObject({ resumed: 1, messages: 2 })
  })

  it('is refused to everybody else, with the ms to wait', async () => {
    const { url, relay, clock } = await startTimedRelay()
    const ann = await joinFirmly(url, { id: 'ann' })
    ann.socket.terminate()
    await vi.waitFor(() => expect(relay.counters.ended.lost).toBe(1))
    clock.advance(10_000)
    for (const resume of [undefined, '', 'x'.repeat(43), ann.welcome.resume.slice(1)]) {
      const thief = connect(url)
      await thief.opened
      thief.hello({ id: 'ann', resume })
      expect(await thief.closed).toEqual([4423, 'the id is held for 20000 ms'])
    }
  })

  it('is free after 30 s: the room is told, and what waited is counted', async () => {
    const { url, relay, clock } = await startTimedRelay()
    const bob = await joinFirmly(url, { id: 'bob' })
    const ann = await joinFirmly(url, { id: 'ann', instance: 'a1' })
    ann.socket.terminate()
    await vi.waitFor(() => expect(relay.counters.ended.lost).toBe(1))
    bob.send('ann', 'waits')
    await bob.settle()
    clock.advance(29_500)
    await bob.settle()
    expect(bob.said().filter(({ type }) => type === 'left')).toEqual([])
    clock.advance(1_000)
    expect(await bob.takeSaid('left')).toEqual({ type: 'left', peer: { id: 'ann', instance: 'a1' } })
    expect(relay.counters.dropped['hold-over']).toBe(1)
    const stranger = await join(url, { id: 'ann', resume: ann.welcome.resume })
    expect(stranger.welcome.resume).not.toBe(ann.welcome.resume)
  })

  it('keeps 64 frames and 256 KiB, and counts what is more', async () => {
    const { url, relay } = await startTimedRelay()
    const bob = await joinFirmly(url, { id: 'bob' })
    for (const [payload, kept, losses] of [
      ['x', 64, 1],
      ['x'.repeat(100_000), 2, 3],
    ] as const) {
      const id = `lost-${kept}`
      const lost = await joinFirmly(url, { id })
      lost.socket.terminate()
      await vi.waitFor(() => expect(relay.counters.ended.lost).toBe(losses))
      relay.counters.dropped['hold-full'] = 0
      for (let count = 0; count < kept + 3; count++) bob.send(id, payload)
      await bob.settle()
      expect(relay.counters.dropped['hold-full']).toBe(3)
      const again = await join(url, { id, resume: lost.welcome.resume })
      await again.settle()
      expect(again.frames.filter((frame) => frame.startsWith('bob'))).toHaveLength(kept)
      again.socket.terminate()
      await vi.waitFor(() => expect(relay.counters.ended.lost).toBe(losses + 1))
    }
  })

  it('is not held for a peer that never heard its welcome, because it could not come back with it', async () => {
    const { url, relay } = await startTimedRelay()
    const deaf = connect(url, { autoPong: false })
    await deaf.opened
    deaf.hello({ id: 'ann' })
    await deaf.takeSaid('welcome')
    deaf.socket.terminate()
    await vi.waitFor(() => expect(relay.counters.ended.lost).toBe(1))
    expect((await join(url, { id: 'ann' })).welcome.peers).toEqual([])
  })

  it('is free at once when the peer says that it leaves', async () => {
    const { url, relay } = await startTimedRelay()
    for (const code of [1000, 1001]) {
      const ann = await joinFirmly(url, { id: 'ann' })
      ann.socket.close(code)
      await ann.closed
    }
    await vi.waitFor(() => expect(relay.counters.ended.left).toBe(2))
  })
})

describe('the id of a peer that is there', () => {
  it('is refused to others after a sign of life', async () => {
    const { url } = await startTimedRelay()
    const ann = await joinFirmly(url, { id: 'ann' })
    const thief = connect(url)
    await thief.opened
    thief.hello({ id: 'ann', resume: 'x'.repeat(43) })
    expect((await thief.closed)[0]).toBe(4409)
    await ann.settle()
  })

  it('passes to a newer socket with the resume token', async () => {
    const { url } = await startTimedRelay()
    const bob = await joinFirmly(url, { id: 'bob' })
    const first = await joinFirmly(url, { id: 'ann' })
    const second = await join(url, { id: 'ann', resume: first.welcome.resume })
    expect((await first.closed)[0]).toBe(1000)
    bob.send('ann', 'x')
    expect(await second.take((frame) => frame.startsWith('bob'))).toBe('bob\nx')
    expect(bob.said().map(({ type }) => type)).not.toContain('left')
  })

  it('passes to a newer instance with the resume token, and the room is told', async () => {
    const { url } = await startTimedRelay()
    const bob = await joinFirmly(url, { id: 'bob' })
    const first = await joinFirmly(url, { id: 'ann', instance: 'a1' })
    await bob.takeSaid('joined')
    await join(url, { id: 'ann', instance: 'a2', resume: first.welcome.resume })
    expect(await bob.takeSaid('left')).toEqual({ type: 'left', peer: { id: 'ann', instance: 'a1' } })
    expect(await bob.takeSaid('joined')).toEqual({ type: 'joined', peer: { id: 'ann', instance: 'a2' } })
    expect((await first.closed)[0]).toBe(1000)
  })

  it('is held when there is no sign of life within 2 s, and the silent socket ends', async () => {
    const { url, relay, clock } = await startTimedRelay()
    const ann = await join(url, { id: 'ann' }, { autoPong: false })
    await ann.settle()
    const others = [connect(url), connect(url)]
    for (const other of others) {
      await other.opened
      other.hello({ id: 'ann' })
    }
    await vi.waitFor(() => expect(relay.counters.accepted).toBe(3))
    await (await join(url, { id: 'bob' })).settle()
    clock.advance(1_750)
    expect(ann.socket.readyState).toBe(ann.socket.OPEN)
    clock.advance(500)
    for (const other of others) expect((await other.closed)[0]).toBe(4423)
    expect((await ann.closed)[0]).toBe(1006)
    await vi.waitFor(() => expect(relay.counters.ended.silent).toBe(1))
  })

  it('is free for the next when the owner leaves while it is asked', async () => {
    const { url, relay, clock } = await startTimedRelay()
    const ann = await join(url, { id: 'ann' }, { autoPong: false })
    await ann.settle()
    const next = connect(url)
    await next.opened
    next.hello({ id: 'ann' })
    await new Promise((resolve) => ann.socket.once('ping', resolve))
    ann.socket.close(1000)
    await vi.waitFor(() => expect(relay.counters.ended.left).toBe(1))
    clock.advance(250)
    expect(await next.takeSaid('welcome')).toMatchObject({ peers: [] })
  })

  it('is refused when the owner sends anything within 2 s, though it answers no ping', async () => {
    const { url, clock } = await startTimedRelay()
    const ann = await join(url, { id: 'ann' }, { autoPong: false })
    await ann.settle()
    const other = connect(url)
    await other.opened
    const asked = new Promise((resolve) => ann.socket.once('ping', resolve))
    other.hello({ id: 'ann' })
    await asked
    clock.advance(1_000)
    await ann.settle()
    clock.advance(1_000)
    expect((await other.closed)[0]).toBe(4409)
    await ann.settle()
  })
})

describe('the heartbeat', () => {
  it('pings every 25 s and ends who is silent for 20 s after it', async () => {
    const { url, clock } = await startTimedRelay()
    const ann = await joinFirmly(url, { id: 'ann' })
    const deaf = await join(url, { id: 'deaf' }, { autoPong: false })
    await deaf.settle()
    for (let round = 0; round < 2; round++) {
      const pinged = new Promise((resolve) => ann.socket.once('ping', resolve))
      clock.advance(25_000)
      await pinged
      await ann.settle()
    }
    expect((await deaf.closed)[0]).toBe(1006)
    clock.advance(19_000)
    expect(ann.socket.readyState).toBe(ann.socket.OPEN)
  })
})
