import { connect as connectSocket, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { AuthorizeRequest } from './authorize.ts'
import type { RelayLimits } from './limits.ts'
import { connect, join } from './test-client.ts'
import { startRelay } from './test-relay.ts'

/** Enough for a 99th percentile. */
const fewestTrips = 100

/**
 * Two peers that talk while an attack goes on. `during` repeats the attack until they have talked enough, and resolves
 * with the time that 99 % of their round trips took at most, in ms: there and back, so twice what is promised.
 */
const startHonestPair = async (url: string, fields: { room: string; token?: string } = { room: 'honest' }) => {
  const ann = await join(url, { id: 'ann', ...fields })
  const bob = await join(url, { id: 'bob', ...fields })
  bob.socket.on('message', (data) => {
    const text = String(data)
    if (text.startsWith('ann\n')) bob.send('ann', text.slice(4))
  })
  const times: number[] = []
  let attacked = true
  const talk = async (): Promise<void> => {
    for (let count = 0; attacked; count++) {
      const start = performance.now()
      ann.send('bob', `${count}`)
      await ann.take((frame) => frame === `bob\n${count}`)
      times.push(performance.now() - start)
      await pause(count < 150 ? 5 : 25) // the pair keeps to its own rate: a burst, then less than 50 a second
    }
  }
  return {
    during: async (attack: (round: number) => Promise<void>): Promise<number> => {
      const talking = talk()
      talking.catch(() => {})
      for (let round = 0; times.length < fewestTrips; round++) await attack(round)
      attacked = false
      await talking
      return times.sort((one, other) => one - other)[Math.floor(times.length * 0.99)] ?? Number.POSITIVE_INFINITY
    },
  }
}

const connectByHand = (port: number): Socket => {
  const socket = connectSocket(port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  return socket.on('error', () => {})
}

/** A socket on which the attacker writes bytes of its own choice, after a good handshake. */
const upgradeByHand = async (port: number): Promise<Socket> => {
  const socket = connectByHand(port)
  socket.write(
    'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n' +
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: parley.1\r\n\r\n',
  )
  await new Promise((resolve) => socket.once('data', resolve))
  return socket
}

/** A masked frame with a mask of zeros (RFC 6455, section 5.2), with a length of its own. */
const frameByHand = (firstByte: number, length: number, payload: Buffer): Buffer => {
  const head = Buffer.alloc(14)
  head[0] = firstByte
  head[1] = 0x80 | 127
  head.writeBigUInt64BE(BigInt(length), 2)
  return Buffer.concat([head, payload])
}

const closedBy = (socket: Socket): Promise<unknown> => {
  socket.resume()
  return new Promise((resolve) => socket.once('close', resolve))
}

const refusal = async (url: string, hello: object): Promise<readonly [number, string]> => {
  const client = connect(url)
  await client.opened
  client.hello(hello)
  return client.closed
}

describe('an honest pair goes on under 100 ms', { timeout: 15_000 }, () => {
  const setup = async (limits: Partial<RelayLimits> = {}) => {
    // The attacker and the pair have one address, so it may connect as often as a thousand attackers.
    const started = await startRelay({ limits: { connectBurst: 100_000, connectionsPerAddress: 100, ...limits } })
    return { ...started, ...(await startHonestPair(started.url)) }
  }

  it('while others send frames that are none', async () => {
    const { port, url, relay, during } = await setup()
    const rubbish = [
      frameByHand(0xff, 3, Buffer.from('abc')), // reserved bits
      frameByHand(0x83, 3, Buffer.from('abc')), // a reserved opcode
      frameByHand(0x81, 2, Buffer.from([0xc3, 0x28])), // no UTF-8
      frameByHand(0x80, 3, Buffer.from('abc')), // a continuation of nothing
      frameByHand(0x89, 200, Buffer.alloc(200)), // a ping that is too long
      Buffer.from([0x81, 0x05, 0x68, 0x65, 0x6c, 0x6c, 0x6f]), // unmasked
      Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe7]), // close with code 999
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    ]
    let sent = 0
    const attack = async (): Promise<void> => {
      await Promise.all(
        rubbish.map(async (bytes) => {
          const socket = await upgradeByHand(port)
          socket.write(bytes)
          sent++
          await closedBy(socket)
        }),
      )
      expect((await refusal(url, { room: 1 }))[0]).toBe(4400)
    }
    expect(await during(attack)).toBeLessThan(100)
    await vi.waitFor(() => expect(relay.counters.ended.invalid).toBe(sent))
  })

  it('while others send frames of 20 MiB', async () => {
    const { port, relay, during } = await setup()
    const before = process.memoryUsage().arrayBuffers
    const piece = Buffer.alloc(256 * 1024, 0x78)
    let sent = 0
    const push = async (): Promise<void> => {
      const socket = await upgradeByHand(port)
      const closed = closedBy(socket)
      sent++
      socket.write(frameByHand(0x81, 20 * 1024 * 1024, piece))
      for (let count = 0; count < 80 && !socket.destroyed; count++) {
        if (!socket.write(piece)) await Promise.race([closed, new Promise((go) => socket.once('drain', go))])
      }
      await closed
    }
    expect(await during(async () => void (await Promise.all([push(), push(), push(), push(), push()])))).toBeLessThan(
      100,
    )
    await vi.waitFor(() => expect(relay.counters.ended['too-large']).toBe(sent))
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 1024 * 1024)
  })

  it('while others send tiny fragments without end', async () => {
    const { port, relay, during } = await setup()
    const fragment = Buffer.from([0x00, 0x81, 0, 0, 0, 0, 0x78])
    const fragments = Buffer.concat(Array.from({ length: 50_000 }, () => fragment))
    let sent = 0
    const attack = async (): Promise<void> => {
      const socket = await upgradeByHand(port)
      const closed = closedBy(socket)
      sent++
      socket.write(Buffer.from([0x01, 0x81, 0, 0, 0, 0, 0x78]))
      socket.write(fragments)
      await closed
    }
    expect(await during(attack)).toBeLessThan(100)
    await vi.waitFor(() => expect(relay.counters.ended.invalid).toBe(sent))
  })

  it('while others hold half a request, or half a frame', async () => {
    const { port, relay, during } = await setup({ requestTimeout: 300, helloTimeout: 300 })
    const hold = async (socket: Socket, bytes: string | Buffer): Promise<void> => {
      socket.write(bytes)
      await closedBy(socket)
    }
    const attack = async (): Promise<void> => {
      const requests = Array.from({ length: 25 }, () => hold(connectByHand(port), 'GET / HTTP/1.1\r\nX: '))
      const half = frameByHand(0x81, 100, Buffer.from('{"room"'))
      const frames = Array.from({ length: 25 }, async () => hold(await upgradeByHand(port), half))
      await Promise.all([...requests, ...frames])
    }
    expect(await during(attack)).toBeLessThan(100)
    await vi.waitFor(() => expect(relay.counters.ended.noHello).toBeGreaterThanOrEqual(25))
  })

  it('while others join and leave all the time', async () => {
    const { url, relay, during } = await setup({ connectBurst: 200 })
    const comeAndGo = async (index: number): Promise<void> => {
      const client = connect(url)
      await client.opened.catch(() => {})
      if (client.socket.readyState === client.socket.OPEN) client.hello({ id: `s${index}`, room: 'storm' })
      client.socket.terminate()
      await client.closed
    }
    const attack = async (): Promise<void> => {
      await Promise.all(Array.from({ length: 40 }, (_, index) => comeAndGo(index)))
    }
    expect(await during(attack)).toBeLessThan(100)
    for (let round = 0; round < 6; round++) await attack()
    expect(relay.counters.refused['address-rate']).toBeGreaterThan(0)
    expect(relay.counters.accepted).toBeLessThan(300)
  })

  it('while others flood', async () => {
    const { url, relay, during } = await setup()
    const flood = async (name: string): Promise<void> => {
      const client = await join(url, { id: name, room: `flood ${name}` })
      for (let count = 0; count < 5_000 && client.socket.readyState === client.socket.OPEN; count++) {
        client.send('nobody', 'x'.repeat(1_000))
        if (count % 10 === 0) await new Promise(setImmediate)
      }
      expect((await client.closed)[0]).toBe(4429)
    }
    const attack = async (round: number): Promise<void> => {
      await Promise.all(Array.from({ length: 5 }, (_, index) => flood(`${round}-${index}`)))
    }
    expect(await during(attack)).toBeLessThan(100)
    expect(relay.counters.dropped['over-rate']).toBeGreaterThanOrEqual(5 * 400)
  })

  it('while foreign pages try to come in', async () => {
    const { url, relay, during } = await setup()
    const attack = async (): Promise<void> => {
      const page = connect(url, { origin: 'https://evil.example' })
      expect((await page.closed)[0]).toBe(4403)
    }
    expect(await during(attack)).toBeLessThan(100)
    expect(relay.counters.joined).toBe(2)
  })

  it('while others want their ids', async () => {
    const { url, relay, during } = await setup()
    const lost = await join(url, { id: 'lost', room: 'honest' })
    await lost.settle()
    lost.socket.terminate()
    await vi.waitFor(() => expect(relay.counters.ended.lost).toBe(1))
    const attack = async (round: number): Promise<void> => {
      const resume = ['', 'A'.repeat(43), lost.welcome.resume][round % 3]
      expect((await refusal(url, { id: 'ann', room: 'honest', resume }))[0]).toBe(4409)
      expect((await refusal(url, { id: 'lost', room: 'honest', resume: 'A'.repeat(43) }))[0]).toBe(4423)
    }
    expect(await during(attack)).toBeLessThan(100)
  })

  it('while others guess rooms: the answers are the same for rooms that are and are not', async () => {
    const authorize = ({ token, room }: AuthorizeRequest) => (token === 'mine' && room === 'mine' ? {} : undefined)
    const { url } = await startRelay({ authorize, limits: { connectBurst: 100_000 } })
    const pair = await startHonestPair(url, { room: 'mine', token: 'mine' })
    const attack = async (): Promise<void> => {
      const there = await refusal(url, { id: 'ann', room: 'mine' })
      expect(there).toEqual([4401, 'not allowed to join this room under this id'])
      expect(await refusal(url, { id: 'ann', room: 'mine', resume: 'A'.repeat(43) })).toEqual(there)
      for (const room of ['yours', '__proto__', '*']) expect(await refusal(url, { id: 'ann', room })).toEqual(there)
    }
    expect(await pair.during(attack)).toBeLessThan(100)
  })

  it('while somebody does not read what others send', async () => {
    const { url, relay, during } = await setup({ messageBurst: 1_000_000, byteBurst: 1024 ** 3 })
    const attack = async (round: number): Promise<void> => {
      const room = `deaf ${round}`
      const deaf = await join(url, { id: 'deaf', room })
      deaf.socket.pause()
      const sender = await join(url, { id: 'sender', room })
      const { dropped } = relay.counters
      const before = dropped['slow-reader']
      while (dropped['slow-reader'] === before) {
        sender.send('deaf', 'x'.repeat(64 * 1024))
        await sender.settle()
      }
      expect(sender.socket.bufferedAmount).toBeLessThan(1024 * 1024)
      sender.socket.terminate()
    }
    expect(await during(attack)).toBeLessThan(100)
    await vi.waitFor(() => expect(relay.counters.ended.readsTooSlowly).toBeGreaterThan(0), 5_000)
  })
})
