import { describe, expect, it, vi } from 'vitest'
import { createCounters } from './counters.ts'
import { createPseudonyms, createReport, silentLogger } from './log.ts'

describe('createPseudonyms()', () => {
  it('names the same the same within one process, and differently in another', () => {
    const [one, other] = [createPseudonyms(), createPseudonyms()]
    expect(one('ann')).toBe(one('ann'))
    expect(one('ann')).not.toBe(one('bob'))
    expect(one('ann')).not.toBe(other('ann'))
  })
})

describe('createReport()', () => {
  it('says what is new, once a minute', () => {
    const warn = vi.fn<(fields: object, message: string) => void>()
    const counters = createCounters()
    const report = createReport({ ...silentLogger, warn }, counters)
    report(0)
    counters.dropped.malformed = 2
    counters.ended.left = 5
    report(59_999)
    expect(warn).not.toHaveBeenCalled()
    report(60_000)
    counters.dropped.malformed = 3
    report(120_000)
    report(180_000)
    expect(warn.mock.calls.map(([fields]) => fields)).toEqual([{ malformed: 2 }, { malformed: 1 }])
  })
})
