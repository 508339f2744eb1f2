import { describe, expect, it } from 'vitest'
import { createVirtualClock } from '../testing/virtual-clock.ts'
import { createDelivery, type Frame } from './delivery.ts'
import type { Body, Message } from './message.ts'

const say = (text: string): Message => ({ type: 'candidates', ufrag: text, candidates: [] })
const bareAck = (seq: number, ack: number): Frame => ({ seq, ack, message: { type: 'ack' } })
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

describe('acknowledgements', () => {
  it('ride on the next message', async () => {
    const { clock, delivery, frames } = alone()
    delivery.resume()
    delivery.receive({ seq: 1, ack: 0, message: say('hello') })
    await clock.advance(200)
    delivery.send(say('answer'))
    expect(frames).toMatchObject([{ seq: 1, ack: 1 }])
    delivery.receive(bareAck(0, 1))
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
    expect(news()).toEqual([bareAck(0, 3)])
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
    expect(frames).toEqual([bareAck(0, 1)])
  })

  it.each([
    ['doubled', [1, 1], 1],
    ['early', [3], 0],
  ] as const)('go at once for what is %s', (_, seqs, ack) => {
    const { delivery, frames } = alone()
    delivery.resume()
    for (const seq of seqs) delivery.receive({ seq, ack: 0, message: say('x') })
    expect(frames).toEqual([bareAck(0, ack)])
  })

  it('tell that the other side is there, and once when all is confirmed', () => {
    const { delivery, told } = alone()
    delivery.resume()
    delivery.send(say('one'))
    delivery.send(say('two'))
    delivery.receive(bareAck(0, 0))
    delivery.receive(bareAck(0, 1))
    expect(told).toEqual(['heard', 'heard'])
    delivery.receive(bareAck(0, 2))
    delivery.receive(bareAck(0, 2))
    expect(told).toEqual(['heard', 'heard', 'heard', 'settled', 'heard'])
  })

  it('settle nothing while a message of the other side is known to be on its way', () => {
    const { delivery, told } = alone()
    delivery.resume()
    delivery.send(say('mine'))
    // The other side has sent a first message, which is late or lost: it may say the contrary.
    delivery.receive(bareAck(1, 1))
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
    delivery.receive(bareAck(0, 1))
    news()
    delivery.send({ type: 'hangup', reason: 'cancelled' })
    await clock.advance(1250)
    expect(news().map(({ seq, message }) => [seq, message.type])).toEqual([
      [3, 'hangup'],
      [2, 'hangup'],
      [3, 'hangup'],
    ])
  })

  it('is told and confirmed, however much waits', () => {
    const { delivery, news, told } = alone()
    delivery.resume()
    for (let count = 0; count < 300; count += 1) delivery.send(say('x'))
    news()
    delivery.send({ type: 'hangup', reason: 'hangup' })
    for (const ack of [64, 128, 192, 256]) delivery.receive(bareAck(0, ack))
    const ends = news().filter(({ message }) => message.type === 'hangup')
    expect([ends.length, ends.at(-1)?.seq, told.includes('settled')]).toEqual([193, 257, false])
    delivery.receive(bareAck(0, 257))
    expect(told.at(-1)).toBe('settled')
  })

  it('is new in place of what is here already, and comes before all is settled', () => {
    const { delivery, delivered, told } = alone()
    delivery.resume()
    for (const seq of [1, 2]) delivery.receive({ seq, ack: 0, message: say(`${seq}`) })
    delivery.send({ type: 'hangup', reason: 'hangup' })
    // It crosses the end of the other side, whose own number is higher and still on its way.
    delivery.receive({ seq: 2, ack: 1, message: { type: 'hangup', reason: 'cancelled' } })
    delivery.receive({ seq: 3, ack: 1, message: { type: 'hangup', reason: 'cancelled' } })
    expect(delivered).toEqual(['1', '2', 'hangup'])
    expect(told.filter((what) => what === 'settled')).toHaveLength(1)
  })
})

describe('resending', () => {
  it('begins after 600 ms and slows down to a bound, jitter aside', async () => {
    const { clock, delivery, frames } = alone()
    delivery.resume()
    delivery.send(say('anybody?'))
    const times: number[] = []
    for (let count = 1; count <= 7; count += 1) {
      await clock.runUntil(() => frames.length > count, 60_000)
      times.push(clock.now())
    }
    const waits = times.map((time, index) => time - (times[index - 1] ?? 0))
    expect(waits[0]).toBe(600)
    expect(waits).toEqual([...waits].sort((a, b) => a - b))
    expect(waits[2]).toBeGreaterThan(1300)
    expect(waits[6]).toBe(waits[5])
    expect(waits[6]).toBeLessThanOrEqual(3000)
    expect(delivery.counters.resent).toBe(7)
  })

  it('sends what is unconfirmed for a while in place of a bare acknowledgement', async () => {
    const { clock, delivery, news } = alone()
    delivery.resume()
    delivery.send(say('lost'))
    await clock.advance(100)
    news()
    const again = { seq: 1, ack: 0, message: say('hello') }
    delivery.receive(again)
    delivery.receive(again)
    expect(news().map(({ seq, ack, message }) => [seq, ack, message?.type])).toEqual([[1, 1, 'ack']])
    await clock.advance(300)
    delivery.receive(again)
    expect(news().map(({ seq, ack, message }) => [seq, ack, message?.type])).toEqual([[1, 1, say('lost').type]])
    await clock.advance(440)
    expect(news()).toEqual([])
  })

  it('slows down less on a link that has let something through', async () => {
    const { clock, delivery, frames } = alone()
    delivery.resume()
    delivery.receive({ seq: 1, ack: 0, message: say('here') })
    delivery.send(say('and you?'))
    const { length } = frames
    await clock.advance(10_000)
    expect(frames.length - length).toBe(10) // after 600, 1500, 2500 ms, and so on
  })

  it.each([
    [0, 450],
    [0.999999, 750],
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
    for (let seq = 1; seq <= 20; seq += 1) {
      delivery.send(say('x'))
      await clock.advance(200)
      delivery.receive(bareAck(0, seq))
    }
    news()
    const resendAfter400 = async () => {
      await clock.advance(399)
      expect(news()).toHaveLength(1)
      await clock.advance(1)
      expect(news()).toHaveLength(1)
    }
    delivery.send(say('x'))
    await resendAfter400()
    // Confirmed 550 ms after it was sent again, but maybe it was the first one that arrived: nothing is learned.
    await clock.advance(550)
    delivery.receive(bareAck(0, 21))
    delivery.send(say('y'))
    await resendAfter400()
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
    delivery.receive(bareAck(0, 1))
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
    expect(news().at(-1)).toEqual(bareAck(0, 2))
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
    delivery.receive(bareAck(0, 10))
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
    for (const ack of [2, 2 ** 31]) delivery.receive(bareAck(0, ack))
    expect([told, delivery.counters.refused]).toEqual([['heard', 'heard'], 2])
  })

  it('survive all numbers that come through the door', () => {
    const { delivery, delivered, clock } = alone()
    delivery.resume()
    const numbers = [2 ** 31, 65, 64, 63, 2, 0, 1]
    for (const seq of numbers) for (const ack of numbers) delivery.receive({ seq, ack, message: say(`${seq}`) })
    expect(delivered).toEqual(['1', '2'])
    expect(delivery.counters.refused).toBeGreaterThan(0)
    delivery.close()
    expect(clock.pending).toBe(0)
  })
})
