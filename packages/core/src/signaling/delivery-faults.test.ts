import { describe, expect, it } from 'vitest'
import { createRandom } from '../testing/random.ts'
import { createVirtualClock } from '../testing/virtual-clock.ts'
import { createDelivery } from './delivery.ts'
import type { Body, Message } from './message.ts'

const say = (text: string): Message => ({ type: 'candidates', ufrag: text, candidates: [] })
const textOf = (message: Body) => ('ufrag' in message ? message.ufrag : message.type)

/** How a frame travels: the ms after which each copy arrives. */
type Fate = (index: number) => readonly number[]

/** Two sides over a medium, which may do to each frame what it likes. */
const connect = (fate: Fate, seed = 1) => {
  const clock = createVirtualClock({ settle: () => Promise.resolve() })
  const random = createRandom(seed)
  const delivered: readonly [string[], string[]] = [[], []]
  let index = 0
  const side = (near: 0 | 1) =>
    createDelivery({
      clock,
      random,
      transmit: (frame) => {
        for (const ms of fate(index++)) clock.setTimeout(() => sides[near === 0 ? 1 : 0].receive(frame), ms)
      },
      deliver: (message) => delivered[near].push(textOf(message)),
      onHeard: () => undefined,
      onSettled: () => undefined,
    })
  const sides = [side(0), side(1)] as const
  for (const each of sides) each.resume()
  return { clock, sides, delivered, frames: () => index }
}

/** Three messages each way, a few ms apart; resolves when all is quiet. */
const exchange = async ({ clock, sides, delivered }: ReturnType<typeof connect>) => {
  for (const count of [1, 2, 3]) {
    sides[0].send(say(`a${count}`))
    sides[1].send(say(`b${count}`))
    await clock.advance(3)
  }
  await clock.advance(60_000)
  return { delivered, pending: clock.pending }
}

const complete = {
  delivered: [
    ['b1', 'b2', 'b3'],
    ['a1', 'a2', 'a3'],
  ],
  pending: 0,
}

describe('over a medium with one fault', () => {
  const faults: Readonly<Record<string, readonly number[]>> = {
    loses: [],
    doubles: [5, 5],
    'doubles late': [5, 2000],
    'lets the next overtake': [9],
    'lets the next two overtake': [14],
    delays: [5000],
  }
  const table = Object.entries(faults).flatMap(([what, fate]) =>
    Array.from({ length: 12 }, (_, index) => [what, index, fate] as const),
  )

  it.each(table)('that %s frame %i: exactly once and in order', async (_, faulty, fate) => {
    const world = connect((index) => (index === faulty ? fate : [5]))
    expect(await exchange(world)).toEqual(complete)
  })

  it('and each pair of faults in a row', async () => {
    for (const first of Object.values(faults))
      for (const second of Object.values(faults))
        for (let at = 0; at < 8; at += 1) {
          const world = connect((index) => (index === at ? first : index === at + 1 ? second : [5]))
          expect(await exchange(world)).toEqual(complete)
        }
  })
})

describe('over a medium with every fault', () => {
  it('brings everything once and in order, by 200 seeds', async () => {
    for (let seed = 1; seed <= 200; seed += 1) {
      const chance = createRandom(seed)
      const copies = (): readonly number[] => {
        const late = () => 5 + chance() * 300
        const dice = chance()
        return dice < 0.3 ? [] : dice < 0.5 ? [late(), late()] : [late()]
      }
      const { clock, sides, delivered } = connect(copies, seed)
      for (let count = 0; count < 20; count += 1) {
        sides[0].send(say(`a${count}`))
        if (chance() < 0.5) sides[1].send(say(`b${sides[1].counters.sent}`))
        await clock.advance(chance() * 100)
      }
      await clock.advance(200_000)
      const expected = (name: string, { sent }: { sent: number }) =>
        Array.from({ length: sent }, (_, at) => `${name}${at}`)
      expect([seed, ...delivered]).toEqual([seed, expected('b', sides[1].counters), expected('a', sides[0].counters)])
      expect([seed, clock.pending]).toEqual([seed, 0])
    }
  })

  it('is quiet when nothing is to be said', async () => {
    const world = connect(() => [5])
    await exchange(world)
    const before = world.frames()
    await world.clock.advance(600_000)
    expect(world.frames()).toBe(before)
    expect(before).toBeLessThanOrEqual(8)
  })
})
