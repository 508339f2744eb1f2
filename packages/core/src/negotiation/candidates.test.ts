import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  applyDescription,
  enqueue,
  noCandidates,
  readyIn,
  refuse,
  ufragsOf,
  withoutReady,
  type CandidateQueue,
  type CandidateSpelling,
} from './candidates.ts'

const describing = (...ufrags: readonly string[]) => ufrags.map((ufrag) => `m=x\r\na=ice-ufrag:${ufrag}\r\n`).join('')
const line = (port: number) => `candidate:1 1 udp 1 192.0.2.1 ${port} typ host`
const host = (port: number) => ({ candidate: line(port), sdpMid: '0', sdpMLineIndex: 0 })
const hosts = (count: number, from = 1) => Array.from({ length: count }, (_, index) => host(from + index))

/** Runs steps one after the other, each from the queue that the one before left. */
const after = (...steps: readonly ((queue: CandidateQueue) => CandidateQueue)[]) =>
  steps.reduce((queue, step) => step(queue), noCandidates)
const take =
  (ufrag: string, ...candidates: readonly CandidateSpelling[]) =>
  (queue: CandidateQueue) =>
    enqueue(queue, ufrag, candidates)
const apply =
  (...ufrags: readonly string[]) =>
  (queue: CandidateQueue) =>
    applyDescription(queue, describing(...ufrags))

const ready = (queue: CandidateQueue) =>
  readyIn(queue).map(({ candidate, usernameFragment }) => `${usernameFragment} ${candidate}`)
const counters = (queued: number, applied: number, stale: number, dropped: number) => ({
  queued,
  applied,
  stale,
  dropped,
})

describe('candidates that race with their description', () => {
  it('wait for it and come out in order, each with its generation', () => {
    const early = after(take('A', host(2), host(1)), take('A', host(3)))
    expect(ready(early)).toEqual([])
    expect(early.counters).toEqual(counters(3, 0, 0, 0))
    const claimed = apply('A')(early)
    expect(ready(claimed)).toEqual([2, 1, 3].map((port) => `A ${line(port)}`))
    expect(withoutReady(claimed).counters).toEqual(counters(0, 3, 0, 0))
    expect(ready(withoutReady(claimed))).toEqual([])
  })

  it('go at once when it is there', () => {
    expect(ready(after(apply('A'), take('A', host(1))))).toEqual([`A ${line(1)}`])
  })

  it('of an old generation are stale after a restart, waiting ones too', () => {
    const queue = after(apply('A'), take('A', host(1)), apply('B'), take('A', host(2), host(3)))
    expect(ready(queue)).toEqual([])
    expect(queue.counters).toEqual(counters(0, 0, 3, 0))
  })

  it('of a future generation wait for the restart and never go into the present one', () => {
    const queue = after(apply('A'), take('B', host(1)), take('A', host(2)))
    expect(ready(queue)).toEqual([`A ${line(2)}`])
    expect(ready(apply('B')(withoutReady(queue)))).toEqual([`B ${line(1)}`])
  })

  it('of a generation that comes back are taken again', () => {
    const queue = after(apply('A'), apply('B'), apply('A'), take('A', host(1)))
    expect(ready(queue)).toEqual([`A ${line(1)}`])
  })

  it('stay when their description is applied again', () => {
    const queue = after(apply('A'), take('A', host(1)), apply('A'))
    expect(ready(queue)).toEqual([`A ${line(1)}`])
    expect(queue.counters).toEqual(counters(1, 0, 0, 0))
  })

  it('go once, however often they come', () => {
    const queue = withoutReady(after(apply('A'), take('A', host(1), host(1)), take('A', host(1))))
    expect(queue.counters).toEqual(counters(0, 1, 0, 2))
    expect(take('A', host(1))(queue).counters).toEqual(counters(0, 1, 0, 3))
  })

  it('differ by their media section', () => {
    const video = { ...host(1), sdpMid: '1', sdpMLineIndex: 1 }
    expect(after(take('A', host(1), video)).counters.queued).toBe(2)
    const byIndex = [0, 1].map((sdpMLineIndex) => ({ candidate: line(1), sdpMLineIndex }))
    expect(after(take('A', ...byIndex)).counters.queued).toBe(2)
  })

  it('count as dropped, not as applied, when the connection refuses them', () => {
    const queue = withoutReady(after(apply('A'), take('A', host(1), host(2))))
    expect(refuse(queue).counters).toEqual(counters(0, 1, 0, 1))
  })

  it('belong to any of the generations of a description without BUNDLE', () => {
    const queue = after(take('A', host(1)), take('B', host(2)), apply('A', 'B'))
    expect(ready(queue)).toEqual([`A ${line(1)}`, `B ${line(2)}`])
  })
})

describe('the end of candidates', () => {
  const ends: readonly (readonly [string, CandidateSpelling])[] = [
    ['null', null],
    ['an empty text', ''],
    ['an empty candidate', { candidate: '' }],
    ['an empty candidate of a section', { candidate: '', sdpMid: '0', sdpMLineIndex: 0 }],
    ['an empty object', {}],
  ]

  it.each(ends)('is taken as %s, once, behind what came before', (_, end) => {
    const queue = after(take('A', host(1), end, end, null), apply('A'))
    expect(ready(queue)).toEqual([`A ${line(1)}`, 'A '])
    expect(queue.counters).toEqual(counters(2, 0, 0, 2))
  })

  it.each(ends)('as %s lets nothing follow in its generation, and another go on', (_, end) => {
    const queue = after(take('A', end, host(1)), take('B', host(2)))
    expect(queue.counters).toEqual(counters(2, 0, 0, 1))
    expect(ready(apply('B')(queue))).toEqual([`B ${line(2)}`])
  })

  it('is not needed', () => {
    expect(withoutReady(after(take('A', host(1)), apply('A'))).counters).toEqual(counters(0, 1, 0, 0))
  })
})

describe('bounds', () => {
  it('take 128 candidates of a generation, those that went included', () => {
    const queue = withoutReady(after(apply('A'), take('A', ...hosts(100))))
    expect(take('A', ...hosts(100, 1000))(queue).counters).toEqual(counters(28, 100, 0, 72))
  })

  it('take 512 characters of a candidate', () => {
    const long = (length: number) => ({ ...host(1), candidate: line(1).padEnd(length, 'x') })
    expect(after(take('A', long(512), long(513))).counters).toEqual(counters(1, 0, 0, 1))
  })

  it('keep 4 generations that no description claimed, the newest', () => {
    const queue = after(...['A', 'B', 'C', 'D', 'E'].map((ufrag) => take(ufrag, host(1), host(2))))
    expect(queue.counters).toEqual(counters(8, 0, 0, 2))
    expect(ready(apply('A')(queue))).toEqual([])
    expect(ready(apply('B')(queue))).toHaveLength(2)
  })

  it('never make room at the cost of the generation in force', () => {
    const queue = after(
      apply('A'),
      take('A', host(1)),
      ...['B', 'C', 'D', 'E', 'F'].map((ufrag) => take(ufrag, host(1))),
    )
    expect(ready(queue)).toEqual([`A ${line(1)}`])
  })

  it('remember 16 generations that are over', () => {
    const names = Array.from({ length: 18 }, (_, index) => `g${index}`)
    const queue = after(...names.map((name) => apply(name)))
    expect(queue.past).toEqual(names.slice(1, 17))
    expect(take('g1', host(1))(queue).counters).toEqual(counters(0, 0, 1, 0))
  })

  it('read 64 generations of a description', () => {
    const names = Array.from({ length: 1000 }, (_, index) => `g${index}`)
    expect(ufragsOf(describing(...names))).toEqual(names.slice(0, 64))
  })
})

describe('ufragsOf', () => {
  it.each([
    ['', []],
    ['v=0\r\n', []],
    [describing('abc+/'), ['abc+/']],
    [describing('A', 'A', 'B'), ['A', 'B']],
    ['a=ice-ufrag:A\na=ice-ufrag:B\n', ['A', 'B']],
    ['s=a=ice-ufrag:A\r\n', []],
    ['a=ice-ufrag:', []],
  ])('reads %j', (sdp, ufrags) => {
    expect(ufragsOf(sdp)).toEqual(ufrags)
  })
})

describe('any run of events', () => {
  const names = ['A', 'B', 'C', 'D', 'E', 'F', '__proto__']
  const spelling = fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: 1, max: 40 }).map(host) },
    fc.constantFrom<CandidateSpelling>(null, '', {}, { candidate: '' }),
    fc.integer({ min: 500, max: 520 }).map((length) => ({ ...host(1), candidate: line(1).padEnd(length, 'x') })),
  )
  const step = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ take: fc.constantFrom(...names), candidates: fc.array(spelling, { maxLength: 60 }) }),
    },
    fc.record({ apply: fc.uniqueArray(fc.constantFrom(...names), { maxLength: 3 }) }),
    fc.constant('release' as const),
  )

  it('loses nothing silently, stays bounded, and applies each candidate once, in its generation', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let queue = noCandidates
        let given = 0
        let applied: string[] = []
        for (const each of steps) {
          if (each === 'release') {
            const released = readyIn(queue)
            for (const { usernameFragment } of released) expect(queue.current).toContain(usernameFragment)
            applied.push(...released.map((candidate) => JSON.stringify(candidate)))
            queue = withoutReady(queue)
          } else if ('take' in each) {
            given += each.candidates.length
            queue = enqueue(queue, each.take, each.candidates)
          } else {
            queue = applyDescription(queue, describing(...each.apply))
            // A generation that is over may come back, and its candidates with it.
            applied = applied.filter((text) => queue.current.some((ufrag) => text.includes(`"${ufrag}"`)))
          }
          const { queued, stale, dropped } = queue.counters
          expect(queued + queue.counters.applied + stale + dropped).toBe(given)
          expect(new Set(applied).size).toBe(applied.length)
          expect(queue.past.length).toBeLessThanOrEqual(16)
          expect(queue.generations.filter(({ ufrag }) => !queue.current.includes(ufrag)).length).toBeLessThanOrEqual(4)
          for (const { waiting, seen } of queue.generations) {
            expect(waiting.length).toBeLessThanOrEqual(128)
            expect(seen.length).toBeLessThanOrEqual(128)
          }
        }
      }),
    )
  })

  it('never changes a queue that was', () => {
    const freeze = <Value>(value: Value): Value => {
      if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(freeze)
      return value
    }
    const early = freeze(after(take('A', host(1)), apply('B')))
    for (const change of [take('A', host(2)), apply('A'), withoutReady, refuse])
      expect(() => change(early)).not.toThrow()
    expect(early.counters).toEqual(counters(1, 0, 0, 0))
  })
})
