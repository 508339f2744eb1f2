import { describe, expect, it } from 'vitest'
import type { LocalCandidates } from '../negotiation/signals.ts'
import { decode, encode } from '../signaling/message.ts'
import { createVirtualClock } from '../testing/virtual-clock.ts'
import { gatherCandidates } from './gather-candidates.ts'

const setUp = (newestUfrag?: string) => {
  const clock = createVirtualClock()
  const closing = new AbortController()
  const batches: LocalCandidates[] = []
  const world = { newestUfrag }
  const take = gatherCandidates(
    clock,
    closing.signal,
    () => world.newestUfrag,
    (batch) => batches.push(batch),
  )
  return { clock, closing, world, take, batches, told: () => batches.splice(0).map(inWords) }
}

const inWords = ({ ufrag, candidates }: LocalCandidates) =>
  `${ufrag}: ${candidates.map(({ candidate }) => candidate.split(' ')[5] ?? 'end').join(' ')}`

/** A candidate as browsers tell it: Firefox has the generation beside the line, Chromium in it too. */
const toCandidate = (candidate: string, usernameFragment: string | null) =>
  ({ candidate, sdpMid: '0', sdpMLineIndex: 0, usernameFragment }) as RTCIceCandidate
const line = (port: number) => `candidate:1 1 udp 1 192.0.2.1 ${port} typ host`
const local = (port: number, ufrag: string | null) => toCandidate(line(port), ufrag)
const emptyCandidate = toCandidate('', null)

describe('gatherCandidates', () => {
  it('tells the first at once, and those of the next 50 ms together', async () => {
    const { clock, take, told } = setUp()
    take(local(1, 'A'))
    expect(told()).toEqual(['A: 1'])
    take(local(2, 'A'))
    await clock.advance(30)
    take(local(3, 'A'))
    expect(told()).toEqual([])
    await clock.advance(20)
    expect(told()).toEqual(['A: 2 3'])
    await clock.advance(1000)
    take(local(4, 'A'))
    expect(told()).toEqual(['A: 4'])
  })

  it('makes no batch of more than 64, which the other side takes', async () => {
    const { clock, take, batches } = setUp()
    for (let port = 1; port <= 200; port += 1) take(local(port, 'A'))
    await clock.advance(50)
    expect(batches.map(({ candidates }) => candidates.length)).toEqual([1, 64, 64, 64, 7])
    const header = { v: 1, session: 's', from: 'a', to: 'b', seq: 1, ack: 0 } as const
    const taken = batches.map((batch) => decode(encode({ ...header, message: { type: 'candidates', ...batch } })))
    expect(taken).toMatchObject(batches.map(({ candidates }) => ({ message: { candidates } })))
  })

  it.each([
    ['null', null],
    ['an empty candidate', emptyCandidate],
  ])('lets the end ride in the batch that waits, told as %s', async (_, end) => {
    const { clock, take, told } = setUp()
    take(local(1, 'A'))
    take(local(2, 'A'))
    take(end)
    await clock.advance(50)
    expect(told()).toEqual(['A: 1', 'A: 2 end'])
  })

  it('tells an end that has no company within 2 seconds, once', async () => {
    const { clock, take, told } = setUp()
    take(local(1, 'A'))
    await clock.advance(100)
    told()
    take(emptyCandidate)
    take(null)
    await clock.advance(1999)
    expect(told()).toEqual([])
    await clock.advance(1)
    expect(told()).toEqual(['A: end'])
    await clock.advance(10_000)
    expect(clock.pending).toBe(0)
  })

  it('never mixes generations', async () => {
    const { clock, take, told } = setUp()
    take(local(1, 'A'))
    take(local(2, 'A'))
    take(local(3, 'B'))
    take(local(4, 'B'))
    take(null)
    await clock.advance(50)
    expect(told()).toEqual(['A: 1', 'A: 2', 'B: 3', 'B: 4 end'])
  })

  it.each([
    ['beside the line', local(1, 'A'), 'A'],
    ['in the line', toCandidate(`${line(1)} generation 0 ufrag A`, null), 'A'],
    ['in the description', local(1, null), 'N'],
  ])('finds the generation %s', (_, candidate, ufrag) => {
    const { take, told } = setUp('N')
    take(candidate)
    expect(told()).toEqual([`${ufrag}: 1`])
  })

  it('ends the generation that was gathered, although a restart has set a newer description', async () => {
    const { clock, take, told, world } = setUp('A')
    take(local(1, 'A'))
    await clock.advance(100)
    world.newestUfrag = 'B'
    take(null)
    take(local(2, 'B'))
    await clock.advance(100)
    take(null)
    await clock.advance(5000)
    expect(told()).toEqual(['A: 1', 'A: end', 'B: 2', 'B: end'])
  })

  it('ends a generation without candidates by its description', async () => {
    const { clock, take, told } = setUp('N')
    take(null)
    await clock.advance(2000)
    expect(told()).toEqual(['N: end'])
  })

  it('leaves no timer when its connection closes, and tells nothing more', async () => {
    const { clock, closing, take, told } = setUp()
    take(local(1, 'A'))
    take(local(2, 'A'))
    told()
    closing.abort()
    expect(clock.pending).toBe(0)
    await clock.advance(1000)
    expect(told()).toEqual([])
  })
})
