import { describe, expect, it } from 'vitest'
import { createStage } from './test-stage.ts'

describe('refusals', () => {
  const refusals = [
    [4400, 'transport-failed'],
    [4401, 'unauthorized'],
    [4403, 'unauthorized'],
    [4409, 'id-taken'],
    [4426, 'incompatible'],
    [4507, 'room-full'],
  ] as const

  it.each(refusals)('end the joining: %i is told as %s', async (closeCode, code) => {
    const { clock, sockets, socket, calls, reasons, link } = await createStage()
    socket().open()
    socket().end(closeCode, 'the reason in words')
    expect(calls).toEqual(['close'])
    expect(reasons[0]).toMatchObject({
      code,
      message: `relay.example: the reason in words (${closeCode}).`,
    })
    await clock.advance(600_000)
    expect([sockets.length, clock.pending]).toEqual([1, 0])
    expect(() => link.send('bob', 'nothing')).not.toThrow()
    await link.close()
  })

  it.each(refusals)('end the reconnecting too: %i is told as %s', async (closeCode, code) => {
    const { clock, welcome, reconnect, socket, calls, reasons } = await createStage()
    welcome()
    await reconnect()
    socket().open()
    socket().end(closeCode)
    expect(calls).toEqual(['open', 'close', 'close'])
    expect(reasons).toEqual([undefined, expect.objectContaining({ code })])
    expect(clock.pending).toBe(0)
  })

  it.each([
    ['no answer', 1006, '', 'relay.example: no answer (1006).'],
    ['an id that is held', 4423, 'the id is held for 20000 ms', 'relay.example: the id is held for 20000 ms (4423).'],
  ])('are not all: %s is the trouble of the link, which is tried again', async (_, closeCode, reason, trouble) => {
    const { socket, link } = await createStage()
    expect(link.trouble).toBeUndefined()
    socket().end(closeCode, reason)
    expect(link.trouble).toBe(trouble)
  })

  it('are told once when the room was open', async () => {
    const { clock, welcome, socket, calls, reasons } = await createStage()
    welcome()
    socket().end(4401, 'the token has expired')
    expect(calls).toEqual(['open', 'close'])
    expect(reasons).toEqual([expect.objectContaining({ code: 'unauthorized' })])
    expect(clock.pending).toBe(0)
  })

  it.each([1000, 1001, 1006, 1008, 1009, 1011, 1012, 1013, 4408, 4423, 4429, 4999, 3000])(
    'do not include %i: it is tried again',
    async (closeCode) => {
      const { welcome, reconnect, sockets, calls, reasons } = await createStage()
      welcome()
      await reconnect(closeCode)
      expect(sockets).toHaveLength(2)
      expect([calls, reasons]).toEqual([['open', 'close'], [undefined]])
    },
  )
})
