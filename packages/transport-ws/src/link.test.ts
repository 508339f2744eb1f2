import { describe, expect, it } from 'vitest'
import { createStage, peer } from './test-stage.ts'

describe('presence', () => {
  it('tells who is there when the room is joined, and who comes and goes', async () => {
    const { welcome, say, calls } = await createStage()
    welcome(peer('bob'), peer('ann'), peer('cleo'))
    say({ type: 'joined', peer: peer('dan') })
    say({ type: 'left', peer: peer('bob') })
    expect(calls).toEqual(['open', 'joined bob bob-1', 'joined cleo cleo-1', 'joined dan dan-1', 'left bob bob-1'])
  })

  it('tells after a reconnect who is there, and who left meanwhile', async () => {
    const { welcome, reconnect, calls } = await createStage()
    welcome(peer('bob'), peer('cleo'), peer('dan', 'dan-1'))
    await reconnect()
    calls.length = 0
    welcome(peer('bob'), peer('dan', 'dan-2'), peer('eve'))
    expect(calls).toEqual([
      'open',
      ...['joined bob bob-1', 'joined dan dan-2', 'joined eve eve-1'],
      ...['left cleo cleo-1', 'left dan dan-1'],
    ])
  })

  it('says `left` only of somebody it told as joined', async () => {
    const { welcome, say, calls } = await createStage()
    welcome()
    say({ type: 'left', peer: peer('bob') })
    expect(calls).toEqual(['open'])
  })
})

describe('messages', () => {
  it('travel with an address before the first line feed, whatever the text is', async () => {
    const { welcome, socket, link, calls } = await createStage()
    welcome()
    link.send('bob', 'two\nlines')
    expect(socket().sent.at(-1)).toBe('bob\ntwo\nlines')
    socket().deliver('bob\n\nthree\n\u0000lines')
    socket().deliver('__proto__\n')
    expect(calls).toEqual(['open', ['bob', '\nthree\n\u0000lines'], ['__proto__', '']])
  })

  it('are told as unreachable when nobody takes them', async () => {
    const { welcome, say, calls } = await createStage()
    welcome()
    say({ type: 'unreachable', to: 'bob' })
    expect(calls).toEqual(['open', 'unreachable bob'])
  })

  it('are dropped and counted before the room is joined and while the link is lost', async () => {
    const { welcome, reconnect, socket, sockets, link, counters } = await createStage()
    link.send('bob', 'too early')
    socket().open()
    link.send('bob', 'still too early')
    welcome()
    await reconnect()
    link.send('bob', 'lost')
    welcome()
    link.send('bob', 'in time')
    expect(sockets.map(({ sent }) => sent.slice(1))).toEqual([[], ['bob\nin time']])
    expect(counters).toEqual({ unsent: 3 })
  })

  it('are dropped and counted while 256 KiB wait in the socket', async () => {
    const { welcome, socket, link, counters } = await createStage()
    welcome()
    socket().buffer(256 * 1024 - 'bob\nfits'.length)
    link.send('bob', 'fits')
    link.send('bob', 'too much')
    socket().buffer(0)
    link.send('bob', 'flows again')
    expect(socket().sent.slice(1)).toEqual(['bob\nfits', 'bob\nflows again'])
    expect(counters).toEqual({ unsent: 1 })
  })

  it('are dropped and counted for as long as the relay says to slow down', async () => {
    const { welcome, say, clock, socket, link, counters } = await createStage()
    welcome()
    say({ type: 'slow-down', retryAfter: 1_200 })
    await clock.advance(1_199)
    link.send('bob', 'too fast')
    await clock.advance(1)
    link.send('bob', 'slow enough')
    expect(socket().sent.slice(1)).toEqual(['bob\nslow enough'])
    expect(counters).toEqual({ unsent: 1 })
  })

  it('fit into a frame of the relay when they are as long as maxLength says', async () => {
    const { link } = await createStage()
    const longest = `${'語'.repeat(128)}\n${'語'.repeat(link.maxLength ?? Infinity)}`
    expect(new TextEncoder().encode(longest).length).toBeLessThanOrEqual(128 * 1024)
    expect(link.maxLength).toBeGreaterThanOrEqual(512)
  })
})

describe('close()', () => {
  it('leaves with 1000 and resolves once the socket is closed', async () => {
    const { clock, welcome, socket, link } = await createStage()
    welcome()
    let isClosed = false
    const closed = link.close().then(() => (isClosed = true))
    expect(socket().closes).toEqual([1000])
    await clock.advance(1_000)
    expect(isClosed).toBe(false)
    socket().end(1000)
    await closed
    expect(clock.pending).toBe(0)
  })

  it('is idempotent: each call resolves with the same close', async () => {
    const { welcome, socket, link } = await createStage()
    welcome()
    const closes = Promise.all([link.close(), link.close()])
    socket().end(1000)
    await closes
    await link.close()
    expect(socket().closes[0]).toBe(1000)
    expect(socket().closes.filter((code) => code === 1000)).toHaveLength(1)
  })

  it.each([true, false])('waits for the other side no longer than 2 s (a socket with terminate(): %s)', async (has) => {
    const { clock, welcome, socket, link } = await createStage({ canTerminate: has })
    welcome()
    const closed = link.close()
    await clock.advance(2_000)
    await closed
    expect(socket().isTerminated()).toBe(has)
    expect(clock.pending).toBe(0)
  })

  it('ends an attempt whose socket is not open yet', async () => {
    const { clock, socket, sockets, link, calls } = await createStage()
    const closed = link.close()
    socket().end(1006)
    await closed
    await clock.advance(600_000)
    expect([sockets.length, socket().closes[0], clock.pending]).toEqual([1, 1000, 0])
    expect(calls).toEqual([])
  })

  it('ends the wait for the next attempt', async () => {
    const { clock, socket, sockets, link } = await createStage({ random: () => 0.9 })
    socket().end(1006)
    await link.close()
    expect(clock.pending).toBe(0)
    await clock.advance(600_000)
    expect(sockets).toHaveLength(1)
  })

  it('lets nothing through that comes after it', async () => {
    const { welcome, say, socket, link, calls } = await createStage()
    welcome(peer('bob'))
    calls.length = 0
    const closed = link.close()
    socket().deliver('bob\nlate')
    say({ type: 'left', peer: peer('bob') })
    say({ type: 'unreachable', to: 'bob' })
    link.send('bob', 'late')
    socket().end(4401)
    await closed
    socket().deliver('bob\nmuch too late')
    expect(calls).toEqual([])
    expect(socket().sent).toHaveLength(1)
  })

  it('may be called in a callback: what would have followed is not told', async () => {
    const { welcome, link, calls } = await createStage()
    calls.push = (...values) => {
      if (values[0] === 'open') void link.close()
      return Array.prototype.push.apply(calls, values)
    }
    welcome(peer('bob'), peer('cleo'))
    expect([...calls]).toEqual(['open'])
  })
})
