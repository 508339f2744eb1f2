import { describe, expect, it } from 'vitest'
import type { SignalingTransport } from '../signaling/transport.ts'
import { createVirtualClock } from './virtual-clock.ts'
import { withFaults, type WithFaultsOptions } from './with-faults.ts'

const setUp = (options: WithFaultsOptions = {}) => {
  const clock = createVirtualClock()
  const sent: string[] = []
  let closes = 0
  const transport: SignalingTransport = () => ({
    send: (_to, text) => sent.push(text),
    close: () => {
      closes += 1
      return Promise.resolve()
    },
  })
  const ignore = (): void => undefined
  const link = withFaults(transport, { clock, ...options })({
    room: 'lobby',
    self: { id: 'alice', instance: 'alice-1' },
    onOpen: ignore,
    onMessage: ignore,
    onPresence: ignore,
    onUnreachable: ignore,
    onClose: ignore,
  })
  return { clock, link, sent, closes: () => closes }
}

describe('withFaults', () => {
  it('passes everything on at once when no fault is asked for', () => {
    const { link, sent } = setUp()
    for (const text of ['1', '2', '3']) link.send('bob', text)
    expect(sent).toEqual(['1', '2', '3'])
  })

  it('loses, doubles and delays', async () => {
    const lossy = setUp({ loss: 1 })
    lossy.link.send('bob', '1')
    await lossy.clock.advance(10)
    expect(lossy.sent).toEqual([])

    const late = setUp({ duplicate: 1, delay: 5 })
    late.link.send('bob', '1')
    await late.clock.advance(4)
    expect(late.sent).toEqual([])
    await late.clock.advance(1)
    expect(late.sent).toEqual(['1', '1'])
  })

  it('lets messages overtake', async () => {
    const { clock, link, sent } = setUp({ reorder: 100 })
    const texts = Array.from({ length: 20 }, (_, index) => `${index}`)
    for (const text of texts) link.send('bob', text)
    await clock.advance(100)
    expect(sent).not.toEqual(texts)
    expect([...sent].sort()).toEqual([...texts].sort())
  })

  it('sends nothing and holds no timer after close', async () => {
    const { clock, link, sent, closes } = setUp({ delay: 5 })
    link.send('bob', '1')
    await link.close()
    link.send('bob', '2')
    expect(clock.pending).toBe(0)
    await clock.advance(10)
    expect(sent).toEqual([])
    expect(closes()).toBe(1)
  })
})
