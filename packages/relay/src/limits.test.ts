import { readFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { defaultLimits, resolveLimits, type RelayLimits } from './limits.ts'
import { connect, join } from './test-client.ts'
import { startRelay, startTimedRelay } from './test-relay.ts'

describe('resolveLimits()', () => {
  it('puts what is given over the defaults', () => {
    expect(resolveLimits({ rooms: 2 })).toEqual({ ...defaultLimits, rooms: 2 })
  })

  it.each([
    [{ rooms: 0 }, 'The limit rooms must be a whole number from 1 on; this is 0.'],
    [{ rooms: Number.NaN }, 'this is null'],
    [{ peers: 2 }, 'There is no limit "peers".'],
    [{ byteBurst: 10 }, 'must let one frame through'],
  ])('refuses %o', (limits, message) => {
    expect(() => resolveLimits(limits as Partial<RelayLimits>)).toThrow(message)
  })
})

describe('the README', () => {
  it('names each limit with its flag', () => {
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
    for (const name of Object.keys(defaultLimits)) {
      const flag = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
      expect(readme).toContain(`| \`${name}\` | \`--${flag}\` | \`${flag.replaceAll('-', '_').toUpperCase()}\` |`)
    }
  })
})

describe('the limits of a connection', () => {
  it('let 200 frames through at once, then tell once, and let 50 a second through', async () => {
    const { url, relay, clock } = await startTimedRelay()
    const bob = await join(url, { id: 'bob' })
    const ann = await join(url, { id: 'ann' })
    for (let count = 0; count < 210; count++) ann.send('bob', String(count))
    expect(await ann.takeSaid('slow-down')).toEqual({ type: 'slow-down', retryAfter: 1_000 })
    await vi.waitFor(() => expect(relay.counters.dropped['over-rate']).toBeGreaterThanOrEqual(10))
    await bob.settle()
    const heard = () => bob.frames.filter((frame) => frame.startsWith('ann')).length
    const first = heard()
    expect(first).toBe(200)
    clock.advance(1_000)
    for (let count = 0; count < 49; count++) ann.send('bob', String(count))
    await ann.settle()
    await bob.settle()
    expect(heard()).toBe(first + 49)
    expect(relay.counters.slowDowns).toBe(1)
  })

  it('let 1 MiB through at once', async () => {
    const { url } = await startTimedRelay()
    const bob = await join(url, { id: 'bob' })
    const ann = await join(url, { id: 'ann' })
    for (let count = 0; count < 11; count++) ann.send('bob', 'x'.repeat(100_000))
    const { retryAfter } = await ann.takeSaid('slow-down')
    expect(retryAfter).toBe(1_000)
    await bob.settle()
    expect(bob.frames.filter((frame) => frame.startsWith('ann'))).toHaveLength(10)
  })

  it('close with 4429 whoever is over the rate again and again', async () => {
    const { url, relay } = await startTimedRelay()
    const ann = await join(url, { id: 'ann' })
    for (let count = 0; count < 1_000; count++) ann.send('nobody', 'x')
    expect(await ann.closed).toEqual([4429, 'over the rate again and again'])
    expect(relay.counters.slowDowns).toBe(2)
  })

  it.each(['ping', 'pong'] as const)('count a %s that nobody asked for as a frame', async (kind) => {
    const { url } = await startTimedRelay({ limits: { messageBurst: 10 } })
    const ann = await join(url, { id: 'ann' })
    for (let count = 0; count < 50; count++) ann.socket[kind]()
    expect((await ann.closed)[0]).toBe(4429)
  })

  it('do not count the pongs that others cause by asking for an id', async () => {
    const { url, relay } = await startTimedRelay({ limits: { connectBurst: 1_000, messageBurst: 5 } })
    const ann = await join(url, { id: 'ann' })
    await ann.settle()
    for (let count = 0; count < 10; count++) {
      const other = connect(url)
      await other.opened
      other.hello({ id: 'ann' })
      expect((await other.closed)[0]).toBe(4409)
    }
    await ann.settle()
    expect(relay.counters.dropped['over-rate']).toBe(0)
  })

  it('close with 4429 whoever floods before the welcome', async () => {
    const { url } = await startTimedRelay({ authorize: () => new Promise(() => {}) })
    const ann = connect(url)
    await ann.opened
    ann.hello({ id: 'ann' })
    for (let count = 0; count < 300; count++) ann.send('nobody', 'x')
    expect((await ann.closed)[0]).toBe(4429)
  })

  it.each([
    ['bytes', (client: ReturnType<typeof connect>) => client.socket.send(Buffer.from('ann\nx'))],
    ['no line feed', (client: ReturnType<typeof connect>) => client.socket.send('ann')],
    ['an address that is too long', (client: ReturnType<typeof connect>) => client.send('x'.repeat(400), 'x')],
    ['a word to the relay that it does not know', (client: ReturnType<typeof connect>) => client.send('', '{}')],
  ])('close with 1008 after three frames with %s', async (_what, send) => {
    const { url, relay } = await startRelay()
    const ann = await join(url, { id: 'ann' })
    send(ann)
    send(ann)
    await ann.settle()
    send(ann)
    expect((await ann.closed)[0]).toBe(1008)
    expect(relay.counters.dropped.malformed).toBe(3)
  })

  it('close with 1009 after a frame of more than 128 KiB, whatever its length says', async () => {
    const { url, relay } = await startRelay()
    const [ann, bob] = [await join(url, { id: 'ann' }), await join(url, { id: 'bob' })]
    ann.send('bob', 'x'.repeat(128 * 1024 - 4))
    expect(await bob.take((frame) => frame.startsWith('ann'))).toHaveLength(128 * 1024)
    ann.send('bob', 'x'.repeat(128 * 1024 - 3))
    expect((await ann.closed)[0]).toBe(1009)
    await vi.waitFor(() => expect(relay.counters.ended['too-large']).toBe(1))
  })

  it('close with 1008 after more than 64 fragments', async () => {
    const { url, relay } = await startRelay()
    const ann = await join(url, { id: 'ann' })
    for (let count = 0; count < 65; count++) ann.socket.send('x', { fin: false })
    expect((await ann.closed)[0]).toBe(1008)
    await vi.waitFor(() => expect(relay.counters.ended.invalid).toBe(1))
  })

  it('close with 1013 whoever does not read, and keep what comes for it then', async () => {
    const { url, relay } = await startRelay({ limits: { bufferedBytes: 256 * 1024, byteBurst: 1024 ** 3 } })
    const ann = await join(url, { id: 'ann' })
    const deaf = await join(url, { id: 'deaf' })
    await deaf.settle()
    deaf.socket.pause()
    await vi.waitFor(
      () => {
        ann.send('deaf', 'x'.repeat(120_000))
        expect(relay.counters.dropped['slow-reader']).toBe(1)
      },
      { interval: 1, timeout: 8_000 },
    )
    await ann.settle()
    expect(ann.said().map(({ type }) => type)).not.toContain('left')
    await vi.waitFor(() => expect(relay.counters.ended.readsTooSlowly).toBe(1), 5_000)
    const again = await join(url, { id: 'deaf', resume: deaf.welcome.resume })
    ann.send('deaf', 'still here?')
    expect(await again.take((frame) => frame === 'ann\nstill here?')).toBeTruthy()
  })
})

describe('the limits of everybody', () => {
  it('close with 4507 when a room is full, and when there are too many rooms', async () => {
    const { url } = await startRelay({ limits: { peersPerRoom: 2, rooms: 2 } })
    await join(url, { id: 'a', room: 'one' })
    await join(url, { id: 'b', room: 'one' })
    await join(url, { id: 'a', room: 'two' })
    for (const room of ['one', 'three']) {
      const late = connect(url)
      await late.opened
      late.hello({ id: 'c', room })
      expect(await late.closed).toEqual([4507, 'the room is full'])
    }
  })

  it.each([
    ['connections', { connections: 2 }, 'connections'],
    ['connections of one address', { connectionsPerAddress: 2 }, 'address'],
    ['new connections of one address', { connectBurst: 2, connectsPerSecond: 1 }, 'address-rate'],
  ] as const)('refuse with 503 and Retry-After when there are too many %s', async (_what, limits, reason) => {
    const { url, relay } = await startTimedRelay({ limits })
    const first = await join(url, { id: 'a' })
    await join(url, { id: 'b' })
    const refused = connect(url)
    const response = await new Promise<IncomingMessage>((resolve) =>
      refused.socket.on('unexpected-response', (_request, answer) => resolve(answer)),
    )
    expect(response).toMatchObject({ statusCode: 503, headers: { 'retry-after': expect.stringMatching(/^\d+$/) } })
    expect(relay.counters.refused[reason]).toBe(1)
    first.socket.close(1000)
    await first.closed
    await vi.waitFor(() => expect(relay.counters.ended.left).toBe(1))
    if (reason !== 'address-rate') await join(url, { id: 'c' })
  })

  it('drop sockets without a request beyond twice the connections of an address', async () => {
    const { port } = await startRelay({ limits: { connectionsPerAddress: 2 } })
    let ended = 0
    const sockets = Array.from({ length: 6 }, () => new Socket().on('error', () => {}).on('close', () => ended++))
    onTestFinished(() => sockets.forEach((socket) => socket.destroy()))
    for (const socket of sockets) socket.connect(port, '127.0.0.1').resume()
    await vi.waitFor(() => expect(ended).toBe(2))
  })
})
