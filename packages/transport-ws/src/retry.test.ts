import { afterEach, describe, expect, it, vi } from 'vitest'
import { createStage } from './test-stage.ts'

const almostOne = 1 - Number.EPSILON

/** Milliseconds from now until the next socket is made. */
const nextAttempt = async ({ clock, sockets }: Awaited<ReturnType<typeof createStage>>): Promise<number> => {
  const [count, from] = [sockets.length, clock.now()]
  await clock.runUntil(() => sockets.length > count, 120_000)
  return Math.round(clock.now() - from)
}

describe('the wait for the next attempt', () => {
  it('is at most 250 ms, then 1 s, and grows up to 30 s', async () => {
    const stage = await createStage({ random: () => almostOne })
    const waits: number[] = []
    for (let attempt = 0; attempt < 8; attempt++) {
      stage.socket().end(1006)
      waits.push(await nextAttempt(stage))
    }
    expect(waits).toEqual([250, 1_000, 4_000, 8_000, 8_000, 16_000, 30_000, 30_000])
  })

  it('is spread evenly from nothing to its bound', async () => {
    const stage = await createStage({ random: () => 0.5 })
    const waits: number[] = []
    for (let attempt = 0; attempt < 3; attempt++) {
      stage.socket().end(1006)
      waits.push(await nextAttempt(stage))
    }
    expect(waits).toEqual([125, 500, 2_000])
  })

  it('is short again once a link has lived for 30 s', async () => {
    const stage = await createStage({ random: () => almostOne })
    const { clock, socket, welcome } = stage
    for (let attempt = 0; attempt < 2; attempt++) {
      socket().end(1006)
      await nextAttempt(stage)
    }
    welcome()
    await clock.advance(14_000)
    socket().deliver('\n')
    await clock.advance(14_000)
    socket().deliver('\n')
    await clock.advance(1_999)
    socket().end(1006)
    expect(await nextAttempt(stage)).toBe(4_000)
    welcome()
    await clock.advance(14_000)
    socket().deliver('\n')
    await clock.advance(14_000)
    socket().deliver('\n')
    await clock.advance(2_000)
    socket().end(1006)
    expect(await nextAttempt(stage)).toBe(250)
  })

  it('comes after an attempt that took 10 s without a welcome', async () => {
    const stage = await createStage()
    const { clock, socket, sockets } = stage
    const [first] = sockets
    await clock.advance(9_999)
    expect(sockets).toHaveLength(1)
    await clock.advance(1)
    expect(first?.closes).toEqual([undefined])
    expect(sockets).toHaveLength(2)
    socket().open() // but no welcome comes
    await clock.advance(10_000)
    expect(sockets).toHaveLength(3)
  })

  it('is what a relay that stops has asked for, and a random moment more', async () => {
    const stage = await createStage({ random: () => 0.5 })
    stage.welcome()
    stage.say({ type: 'drain', after: 3_400 })
    await stage.clock.advance(5_000)
    expect(stage.calls).toEqual(['open'])
    stage.socket().end(1012)
    expect(await nextAttempt(stage)).toBe(3_525)
    stage.socket().end(1006)
    expect(await nextAttempt(stage)).toBe(500)
  })

  it('is as long as the id is held for somebody who was lost', async () => {
    const stage = await createStage()
    stage.socket().open()
    stage.socket().end(4423, 'the id is held for 12345 ms')
    expect(await nextAttempt(stage)).toBe(12_345)
  })

  it.each(['', 'soon', 'NaN', 'the id is held for 0 ms'])(
    'is the usual one when an id is held for "%s" ms',
    async (reason) => {
      const stage = await createStage({ random: () => 0.5 })
      stage.socket().end(4423, reason)
      expect(await nextAttempt(stage)).toBe(125)
    },
  )

  it('is never longer than a minute and the usual wait', async () => {
    const stage = await createStage()
    stage.socket().end(4423, '1000000000000')
    expect(await nextAttempt(stage)).toBe(60_000)
  })
})

describe('when the network or the page comes back', () => {
  const stubPage = () => {
    const events = new EventTarget()
    const page = { hidden: false }
    vi.stubGlobal('addEventListener', events.addEventListener.bind(events))
    vi.stubGlobal('document', page)
    return { page, dispatch: (type: string) => events.dispatchEvent(new Event(type)) }
  }
  afterEach(() => {
    vi.unstubAllGlobals()
  })

  it.each(['online', 'pageshow', 'visibilitychange', 'resume'])('tries at once at `%s`', async (type) => {
    const { dispatch } = stubPage()
    const { clock, socket, sockets } = await createStage({ random: () => almostOne })
    socket().end(1006)
    dispatch(type)
    await clock.advance(0)
    expect(sockets).toHaveLength(2)
    dispatch(type) // an attempt is under way
    await clock.advance(600)
    expect(sockets).toHaveLength(2)
  })

  it('does nothing when the page becomes hidden', async () => {
    const { page, dispatch } = stubPage()
    const { clock, socket, sockets } = await createStage({ random: () => almostOne })
    socket().end(1006)
    page.hidden = true
    dispatch('visibilitychange')
    await clock.advance(0)
    expect(sockets).toHaveLength(1)
    dispatch('online')
    await clock.advance(0)
    expect(sockets).toHaveLength(2)
  })

  it.each([
    ['an id is held', 4423, '5000'],
    ['a relay stops', 1012, ''],
  ])('still waits as long as it was asked to when %s', async (_, code, reason) => {
    const { dispatch } = stubPage()
    const { clock, say, welcome, socket, sockets } = await createStage()
    welcome()
    say({ type: 'drain', after: 5_000 })
    socket().end(code, reason)
    dispatch('online')
    await clock.advance(4_999)
    expect(sockets).toHaveLength(1)
    await clock.advance(1)
    expect(sockets).toHaveLength(2)
  })

  it.each([
    ['online', 500],
    ['pageshow', 3_000],
  ])('at `%s` asks an open socket for a sign of life, and takes it for dead after %i ms', async (type, ms) => {
    const { dispatch } = stubPage()
    const { clock, welcome, socket, sockets, calls } = await createStage()
    welcome()
    dispatch(type)
    expect(socket().sent.slice(1)).toEqual(['\n'])
    await clock.advance(ms - 1)
    expect(calls).toEqual(['open'])
    await clock.advance(1)
    expect(calls).toEqual(['open', 'close'])
    expect(sockets).toHaveLength(2)
  })

  it('keeps the socket that answers', async () => {
    const { dispatch } = stubPage()
    const { clock, welcome, socket, calls } = await createStage()
    welcome()
    dispatch('pageshow')
    await clock.advance(2_999)
    socket().deliver('\n')
    await clock.advance(14_999)
    expect(calls).toEqual(['open'])
  })

  it('does not hurry an attempt that has time left', async () => {
    const { dispatch } = stubPage()
    const { clock, socket, sockets, welcome, calls } = await createStage()
    socket().open()
    dispatch('online')
    await clock.advance(9_000)
    welcome()
    expect([sockets.length, calls]).toEqual([1, ['open']])
  })

  it.each(['close()', 'a refusal'])('does nothing after %s', async (what) => {
    const { dispatch } = stubPage()
    const { clock, socket, sockets, link } = await createStage({ random: () => almostOne })
    if (what === 'close()') {
      socket().end(1006)
      await link.close()
    } else socket().end(4401)
    dispatch('online')
    dispatch('visibilitychange')
    await clock.advance(600_000)
    expect([sockets.length, clock.pending]).toEqual([1, 0])
  })
})
