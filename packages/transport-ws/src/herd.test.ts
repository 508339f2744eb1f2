import { createRandom, createVirtualClock } from '@parley-rtc/core/testing'
import { describe, expect, it } from 'vitest'
import { createFakeWebSocket, type FakeSocket } from './fake-web-socket.ts'
import { webSocketTransport } from './index.ts'
import { createListener } from './test-stage.ts'

describe('a thousand clients of one relay', () => {
  const clientCount = 1_000

  /** How many attempts fall into each second from the moment when the relay is lost, until all are back. */
  const simulate = async (lose: (socket: FakeSocket, random: () => number) => void, isUp: (now: number) => boolean) => {
    const clock = createVirtualClock()
    const { WebSocket, sockets } = createFakeWebSocket()
    const random = createRandom(7)
    const transport = webSocketTransport({ url: 'ws://relay.example', WebSocket, clock, random })
    const links = Array.from({ length: clientCount }, (_, index) => transport(createListener(`client ${index}`).join))
    const welcome = (socket: FakeSocket): void => {
      socket.open()
      socket.deliver('\n{"type":"welcome","peers":[]}')
    }
    await clock.advance(0)
    sockets.forEach(welcome)
    const start = clock.now()
    const attempts: number[] = []
    const returns: number[] = []
    sockets.splice(0).forEach((socket) => lose(socket, random))
    await clock.runUntil(() => {
      for (const socket of sockets.splice(0)) {
        const second = Math.floor((clock.now() - start) / 1_000)
        attempts[second] = (attempts[second] ?? 0) + 1
        if (isUp(clock.now() - start)) {
          welcome(socket)
          returns[second] = (returns[second] ?? 0) + 1
        } else socket.end(1006)
      }
      return returns.reduce((sum, count) => sum + count, 0) === clientCount
    }, 120_000)
    for (const link of links) void link.close()
    await clock.advance(2_000)
    expect(clock.pending).toBe(0)
    return { attempts, returns }
  }

  // They find it at their own pace, so the longer it was away, the thinner they come: shares of all in one second.
  it.each([
    { downFor: 1, mostPerSecond: 0.4 },
    { downFor: 2, mostPerSecond: 0.35 },
    { downFor: 5, mostPerSecond: 0.3 },
    { downFor: 30, mostPerSecond: 0.1 },
  ])('come back spread out when it was killed and is up again after $downFor s', async ({ downFor, mostPerSecond }) => {
    const { returns } = await simulate(
      (socket) => socket.end(1006),
      (now) => now >= downFor * 1_000,
    )
    expect(returns.reduce((sum, count) => sum + count, 0)).toBe(clientCount)
    expect(Math.max(...returns.filter(Boolean)) / clientCount).toBeLessThan(mostPerSecond)
  })

  it('come back over the five seconds that it spreads them when it stops', async () => {
    const { returns, attempts } = await simulate(
      (socket, random) => {
        socket.deliver(`\n{"type":"drain","after":${Math.floor(random() * 5_000)}}`)
        socket.end(1012)
      },
      () => true,
    )
    expect(returns.reduce((sum, count) => sum + count, 0)).toBe(clientCount)
    expect(Math.max(...returns) / clientCount).toBeLessThan(0.25)
    expect(attempts).toEqual(returns)
  })
})
