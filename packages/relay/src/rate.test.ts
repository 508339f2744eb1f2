import { describe, expect, it } from 'vitest'
import { defaultLimits } from './limits.ts'
import { createRate, overRate, take } from './rate.ts'

const exhaust = (rate: ReturnType<typeof createRate>, now: number) => {
  while (take(rate, 10, now, defaultLimits));
}

describe('take()', () => {
  it('never saves up more than the burst', () => {
    const rate = createRate(defaultLimits, 0)
    exhaust(rate, 0)
    let taken = 0
    while (take(rate, 10, 1_000_000, defaultLimits)) taken++
    expect(taken).toBe(200)
  })

  it('does not mind a clock that stands still', () => {
    const rate = createRate(defaultLimits, 5)
    exhaust(rate, 5)
    expect(take(rate, 10, 5, defaultLimits)).toBe(false)
    expect(take(rate, 10, 25, defaultLimits)).toBe(true)
  })
})

describe('overRate()', () => {
  it('tells, is silent for as long as it told, and closes at the third time within 10 s', () => {
    const rate = createRate(defaultLimits, 0)
    exhaust(rate, 0)
    expect(overRate(rate, 10, 0, defaultLimits)).toBe(1_000)
    expect(overRate(rate, 10, 999, defaultLimits)).toBe('drop')
    expect(overRate(rate, 10, 1_000, defaultLimits)).toBe(1_000)
    expect(overRate(rate, 10, 10_000, defaultLimits)).toBe('close')
  })

  it('forgets after 10 s', () => {
    const rate = createRate(defaultLimits, 0)
    exhaust(rate, 0)
    for (const now of [0, 6_000, 12_000, 18_000, 24_000]) {
      expect(overRate(rate, 10, now, defaultLimits)).toBe(1_000)
    }
  })

  it('tells again early when another burst comes, and says longer for many bytes', () => {
    const rate = createRate(defaultLimits, 0)
    exhaust(rate, 0)
    rate.bytes = 0
    expect(overRate(rate, 512 * 1024, 0, defaultLimits)).toBe(2_000)
    for (let count = 1; count < 200; count++) expect(overRate(rate, 10, 0, defaultLimits)).toBe('drop')
    expect(overRate(rate, 10, 0, defaultLimits)).toBe(1_000)
  })
})
