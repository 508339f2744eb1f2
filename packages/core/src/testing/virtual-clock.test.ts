import { describe, expect, it } from 'vitest'
import { createVirtualClock } from './virtual-clock.ts'

describe('createVirtualClock', () => {
  it('runs timers by time, and timers of one instant in the order they were set', async () => {
    const clock = createVirtualClock()
    const ran: string[] = []
    clock.setTimeout(() => ran.push(`c@${clock.now()}`), 20)
    clock.setTimeout(() => ran.push(`a@${clock.now()}`), 10)
    clock.setTimeout(() => ran.push(`b@${clock.now()}`), 10)
    await clock.advance(19)
    expect(ran).toEqual(['a@10', 'b@10'])
    expect(clock.now()).toBe(19)
    await clock.advance(1)
    expect(ran).toEqual(['a@10', 'b@10', 'c@20'])
  })

  it('runs nothing synchronously and forgets cleared timers', async () => {
    const clock = createVirtualClock()
    const ran: string[] = []
    clock.setTimeout(() => ran.push('kept'), 0)
    clock.clearTimeout(clock.setTimeout(() => ran.push('cleared'), 0))
    clock.clearTimeout('unknown')
    expect(ran).toEqual([])
    expect(clock.pending).toBe(1)
    await clock.advance(0)
    expect(ran).toEqual(['kept'])
    expect(clock.pending).toBe(0)
  })

  it('lets long chains of promises settle between two timers', async () => {
    const clock = createVirtualClock()
    const ran: string[] = []
    clock.setTimeout(() => {
      let chain = Promise.resolve()
      for (let link = 0; link < 500; link += 1) chain = chain.then(() => undefined)
      void chain.then(() => ran.push('chain'))
    }, 5)
    clock.setTimeout(() => ran.push('next'), 5)
    await clock.advance(5)
    expect(ran).toEqual(['chain', 'next'])
  })

  it('runs timers that timers set, each at its own instant', async () => {
    const clock = createVirtualClock({ start: 1000 })
    const ticks: number[] = []
    const tick = (): void => {
      ticks.push(clock.now())
      clock.setTimeout(tick, 100)
    }
    clock.setTimeout(tick, 100)
    await clock.advance(350)
    expect(ticks).toEqual([1100, 1200, 1300])
  })

  it('stops at the instant at which a predicate holds', async () => {
    const clock = createVirtualClock()
    let value = 0
    for (const ms of [10, 20, 30]) clock.setTimeout(() => (value = ms), ms)
    expect(await clock.runUntil(() => value === 20, 1000)).toBe(true)
    expect(clock.now()).toBe(20)
  })

  it('says when a predicate never held, and then has spent the limit', async () => {
    const clock = createVirtualClock()
    expect(await clock.runUntil(() => false, 250)).toBe(false)
    expect(clock.now()).toBe(250)
  })

  it('throws instead of hanging when timers of no duration never end', async () => {
    const clock = createVirtualClock({ settle: () => Promise.resolve() })
    const again = (): void => void clock.setTimeout(again, 0)
    again()
    await expect(clock.advance(1)).rejects.toThrow('without time passing')
  })
})
