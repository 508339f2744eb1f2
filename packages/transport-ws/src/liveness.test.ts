import { describe, expect, it } from 'vitest'
import { createStage } from './test-stage.ts'

describe('an open socket', () => {
  it('is asked for a sign of life after 15 s of silence, and dead 10 s later', async () => {
    const { clock, welcome, socket, sockets, calls } = await createStage()
    welcome()
    const first = socket()
    await clock.advance(14_999)
    expect(first.sent).toHaveLength(1)
    await clock.advance(1)
    expect(first.sent.slice(1)).toEqual(['\n'])
    await clock.advance(9_999)
    expect(calls).toEqual(['open'])
    await clock.advance(1)
    expect(calls).toEqual(['open', 'close'])
    expect(sockets).toHaveLength(2)
  })

  it.each(['\n', 'bob\nhello', 'what nobody understands'])('lives on when it brings %j in time', async (frame) => {
    const { clock, welcome, socket, sockets } = await createStage()
    welcome()
    await clock.advance(24_999)
    socket().deliver(frame)
    await clock.advance(14_999)
    expect([sockets.length, socket().sent.length]).toEqual([1, 2])
  })

  it('is not asked while it brings something', async () => {
    const { clock, welcome, socket } = await createStage()
    welcome()
    for (let second = 0; second < 120; second += 10) {
      await clock.advance(10_000)
      socket().deliver('bob\nstill talking')
    }
    expect(socket().sent).toHaveLength(1)
  })

  it('is closed without a code when it is dead, so that the relay keeps the id', async () => {
    const { clock, welcome, sockets } = await createStage()
    welcome()
    await clock.advance(25_000)
    expect(sockets[0]?.closes).toEqual([undefined])
  })

  it('is terminated when it is dead, where that is possible: its close would wait for the dead', async () => {
    const { clock, welcome, sockets } = await createStage({ canTerminate: true })
    welcome()
    await clock.advance(25_000)
    expect([sockets[0]?.isTerminated(), sockets[0]?.closes]).toEqual([true, []])
  })

  it('tells nothing any more once it was taken for dead', async () => {
    const { clock, welcome, sockets, calls } = await createStage()
    welcome()
    await clock.advance(25_000)
    welcome()
    calls.length = 0
    sockets[0]?.deliver('bob\nfrom beyond')
    sockets[0]?.deliver('\n{"type":"welcome","peers":[]}')
    sockets[0]?.end(4409)
    expect(calls).toEqual([])
  })

  it('is followed, when it is lost, by one that asks for the same id with the token of the relay', async () => {
    const { welcome, reconnect, socket } = await createStage()
    socket().open()
    expect(JSON.parse(socket().sent[0] ?? '')).not.toHaveProperty('resume')
    welcome()
    await reconnect()
    socket().open()
    expect(JSON.parse(socket().sent[0] ?? '')).toMatchObject({ instance: 'ann-1', resume: 'token of the relay' })
  })
})
