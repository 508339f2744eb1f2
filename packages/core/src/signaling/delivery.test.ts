import { describe, expect, it } from 'vitest'
import { createRandom } from '../testing/random.ts'
import { createVirtualClock } from '../testing/virtual-clock.ts'
import { createDelivery, type Frame } from './delivery.ts'
import type { Body, Message } from './message.ts'

const say = (text: string): Message => ({ type: 'candidates', ufrag: text, candidates: [] })
const textOf = (message: Body) => ('ufrag' in message ? message.ufrag : message.type)

/** One side with the other in the hands of the test. */
const alone = (random = () => 0.5) => {
  const clock = createVirtualClock()
  const frames: Frame[] = []
  const delivered: string[] = []
  const told: string[] = []
  const delivery = createDelivery({
    clock,
    random,
    transmit: (frame) => frames.push(frame),
    deliver: (message) => delivered.push(textOf(message)),
    onHeard: () => told.push('heard'),
    onSettled: () => told.push('settled'),
  })
  return { clock, delivery, frames, delivered, told, news: () => frames.splice(0) }
}

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

describe('acknowledgements', () => {
  it('ride on the next message', async () => {
    const { clock, delivery, frames } = alone()
    delivery.resume()
    delivery.receive({ seq: 1, ack: 0, message: say('hello') })
    await clock.advance(200)
    delivery.send(say('answer'))
    expect(frames).toMatchObject([{ seq: 1, ack: 1 }])
    delivery.receive({ seq: 0, ack: 1 })
    await clock.advance(10_000)
    expect(frames).toHaveLength(1)
  })

  it('go alone after 250 ms, one for all', async () => {
    const { clock, delivery, frames, news } = alone()
    delivery.resume()
    for (const seq of [1, 2, 3]) delivery.receive({ seq, ack: 0, message: say('x') })
    await clock.advance(249)
    expect(frames).toEqual([])
    await clock.advance(1)
    expect(news()).toEqual([{ seq: 0, ack: 3 }])
    await clock.advance(10_000)
    expect(frames).toEqual([])
  })

  it('go at once when asked for, and only if one waits', () => {
    const { delivery, frames } = alone()
    delivery.resume()
    delivery.acknowledge()
    expect(frames).toEqual([])
    delivery.receive({ seq: 1, ack: 0, message: say('x') })
    delivery.acknowledge()
    delivery.acknowledge()
    expect(frames).toEqual([{ seq: 0, ack: 1 }])
  })

  it.each([
    ['doubled', [1, 1], 1],
    ['early', [3], 0],
  ] as const)('go at once for what is %s', (_, seqs, ack) => {
    const { delivery, frames } = alone()
    delivery.resume()
    for (const seq of seqs) delivery.receive({ seq, ack: 0, message: say('x') })
    expect(frames).toEqual([{ seq: 0, ack }])
  })

  it('tell that the other side is there, and once when all is confirmed', () => {
    const { delivery, told } = alone()
    delivery.resume()
    delivery.send(say('one'))
    delivery.send(say('two'))
    delivery.receive({ seq: 0, ack: 0 })
    delivery.receive({ seq: 0, ack: 1 })
    expect(told).toEqual(['heard', 'heard'])
    delivery.receive({ seq: 0, ack: 2 })
    delivery.receive({ seq: 0, ack: 2 })
    expect(told).toEqual(['heard', 'heard', 'heard', 'settled', 'heard'])
  })

  it('settle nothing while a message of the other side is known to be on its way', () => {
    const { delivery, told } = alone()
    delivery.resume()
    delivery.send(say('mine'))
    // The other side has sent a first message, which is late or lost: it may say the contrary.
    delivery.receive({ seq: 1, ack: 1 })
    expect(told).toEqual(['heard'])
    delivery.receive({ seq: 1, ack: 1, message: say('hers') })
    expect(told).toEqual(['heard', 'heard', 'settled'])
  })
})

describe('an end', () => {
  it('takes the place of everything that is unconfirmed', async () => {
    const { clock, delivery, news } = alone()
    delivery.send(say('one'))
    delivery.resume()
    delivery.send(say('two'))
    delivery.receive({ seq: 0, ack: 1 })
    news()
    delivery.send({ type: 'hangup', reason: 'cancelled' })
    await clock.advance(1250)
    expect(news().map(({ seq, message }) => [seq, message?.type])).toEqual([
      [3, 'hangup'],
      [2, 'hangup'],
      [3, 'hangup'],
    ])
  })
})

describe('resending', () => {
  it('begins after a second and slows down to 8, jitter aside', async () => {
    const { clock, delivery, frames } = alone()
    delivery.resume()
    delivery.send(say('anybody?'))
    const times: number[] = []
    for (let count = 1; count <= 7; count += 1) {
      await clock.runUntil(() => frames.length > count, 60_000)
      times.push(clock.now())
    }
    const waits = times.map((time, index) => time - (times[index - 1] ?? 0))
    expect(waits).toEqual([1000, 2000, 4000, 8000, 8000, 8000, 8000])
    expect(delivery.counters.resent).toBe(7)
  })

  it.each([
    [0, 750],
    [0.999999, 1250],
  ])('waits %i of its jitter: %i ms', async (random, ms) => {
    const { clock, delivery, frames } = alone(() => random)
    delivery.resume()
    delivery.send(say('x'))
    await clock.advance(ms - 1)
    expect(frames).toHaveLength(1)
    await clock.advance(1)
    expect(frames).toHaveLength(2)
  })

  it('learns the round trip, and not from what was sent twice', async () => {
    const { clock, delivery, news } = alone()
    delivery.resume()
    const waitFor = async (trip: number, seq: number) => {
      delivery.send(say('x'))
      await clock.advance(trip)
      delivery.receive({ seq: 0, ack: seq })
      news()
    }
    for (const seq of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]) await waitFor(40, seq)
    delivery.send(say('x'))
    await clock.advance(399)
    expect(news()).toHaveLength(1)
    await clock.advance(1)
    expect(news()).toHaveLength(1)
    // Confirmed after 5 s, but maybe the first or the second of the two: nothing is learned.
    await clock.advance(100)
    delivery.receive({ seq: 0, ack: 11 })
    delivery.send(say('y'))
    news()
    await clock.advance(400)
    expect(news()).toHaveLength(1)
  })

  it('takes at most the 8 oldest at once', async () => {
    const { clock, delivery, news } = alone()
    delivery.resume()
    for (let count = 0; count < 20; count += 1) delivery.send(say('x'))
    expect(news()).toHaveLength(20)
    await clock.advance(1000)
    expect(news().map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
  })
})

describe('the medium', () => {
  it('gets nothing before it is open, and then everything at once, in order', async () => {
    const { clock, delivery, news } = alone()
    for (const text of ['one', 'two', 'three']) delivery.send(say(text))
    delivery.receive({ seq: 1, ack: 0, message: say('x') })
    await clock.advance(10_000)
    expect(news()).toEqual([])
    delivery.resume()
    expect(news().map(({ seq, ack }) => [seq, ack])).toEqual([
      [1, 1],
      [2, 1],
      [3, 1],
    ])
  })

  it('gets what is unconfirmed again at once when it is back, without waiting for the timer', async () => {
    const { clock, delivery, news } = alone()
    delivery.resume()
    delivery.send(say('one'))
    delivery.receive({ seq: 0, ack: 1 })
    delivery.send(say('two'))
    delivery.suspend()
    news()
    expect(clock.pending).toBe(0)
    delivery.send(say('three'))
    await clock.advance(60_000)
    expect(news()).toEqual([])
    delivery.resume()
    expect(news().map(({ seq }) => seq)).toEqual([2, 3])
    await clock.advance(1250)
    expect(news().length).toBeGreaterThan(0)
  })

  it('confirms what came while it was lost', async () => {
    const { clock, delivery, news, delivered } = alone()
    delivery.resume()
    delivery.receive({ seq: 1, ack: 0, message: say('x') })
    delivery.suspend()
    delivery.receive({ seq: 2, ack: 0, message: say('y') })
    expect(delivered).toEqual(['x', 'y'])
    delivery.resume()
    await clock.advance(250)
    expect(news().at(-1)).toEqual({ seq: 0, ack: 2 })
  })

  it('gets nothing after close, and no timer is left', async () => {
    const { clock, delivery, frames, delivered, told } = alone()
    delivery.resume()
    delivery.send(say('x'))
    delivery.receive({ seq: 1, ack: 0, message: say('x') })
    delivery.close()
    expect(clock.pending).toBe(0)
    const before = [frames.length, delivered.length, told.length]
    delivery.send(say('y'))
    delivery.receive({ seq: 2, ack: 1, message: say('y') })
    delivery.resume()
    delivery.suspend()
    delivery.acknowledge()
    delivery.close()
    await clock.advance(60_000)
    expect([frames.length, delivered.length, told.length]).toEqual(before)
    expect(clock.pending).toBe(0)
  })
})

describe('bounds', () => {
  it('keep 64 frames on their way and 256 waiting, and count the rest', () => {
    const { delivery, news } = alone()
    delivery.resume()
    for (let count = 0; count < 300; count += 1) delivery.send(say('x'))
    expect(news()).toHaveLength(64)
    expect(delivery.counters).toMatchObject({ sent: 256, overflow: 44 })
    delivery.receive({ seq: 0, ack: 10 })
    expect(news().map(({ seq }) => seq)).toEqual([65, 66, 67, 68, 69, 70, 71, 72, 73, 74])
  })

  it('take 64 frames ahead of their turn', () => {
    const { delivery, delivered } = alone()
    delivery.resume()
    for (const seq of [2, 64, 65, 66, 2 ** 31]) delivery.receive({ seq, ack: 0, message: say(`${seq}`) })
    expect(delivery.counters).toMatchObject({ early: 2, refused: 3 })
    delivery.receive({ seq: 1, ack: 0, message: say('1') })
    expect(delivered).toEqual(['1', '2'])
  })

  it('refuse to believe what was never sent', () => {
    const { delivery, told } = alone()
    delivery.resume()
    delivery.send(say('x'))
    for (const ack of [2, 2 ** 31]) delivery.receive({ seq: 0, ack })
    expect([told, delivery.counters.refused]).toEqual([['heard', 'heard'], 2])
  })

  it('survive any numbers', () => {
    const { delivery, delivered, clock } = alone()
    delivery.resume()
    const numbers = [-1, 0, 1, 2, 63, 64, 65, 2 ** 31, 2 ** 53, Number.NaN, 0.5]
    for (const seq of numbers) for (const ack of numbers) delivery.receive({ seq, ack, message: say(`${seq}`) })
    expect(delivered).toEqual(['1', '2'])
    delivery.close()
    expect(clock.pending).toBe(0)
  })
})
