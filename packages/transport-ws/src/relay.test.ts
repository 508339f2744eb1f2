import { createRelay, type Relay, type RelayOptions } from '@parley-rtc/relay'
import { createVirtualClock, describeTransport } from '@parley-rtc/core/testing'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { WebSocket } from 'ws'
import { webSocketTransport, type WebSocketConstructor, type WebSocketTransportOptions } from './index.ts'
import { createListener } from './test-stage.ts'

// Here the real relay answers. What takes minutes is tested against a relay that the test plays, in the other files.

const relays: Relay[] = []
const links: { readonly close: () => Promise<void> }[] = []
/** The newest socket of each instance, so that a test can cut it. */
const sockets = new Map<string, WebSocket>()

const start = async (options: RelayOptions = {}) => {
  const relay = createRelay({ port: 0, ...options })
  relays.push(relay)
  return { relay, ...(await relay.listen()) }
}

const stop = async (): Promise<void> => {
  await Promise.all(links.splice(0).map((link) => link.close()))
  await Promise.all(relays.splice(0).map((relay) => relay.close()))
  sockets.clear()
}

/** The class of `ws`, with an origin if one is given; it remembers whose socket is whose. */
const trackedWebSocket = (origin?: string): WebSocketConstructor =>
  class extends WebSocket {
    constructor(url: string, protocols: string[]) {
      super(url, protocols, origin === undefined ? {} : { origin })
    }
    override send(data: string): void {
      if (!data.includes('\n')) sockets.set(JSON.parse(data).instance, this)
      super.send(data)
    }
  }

const cut = (instance: string): void => {
  const socket = sockets.get(instance)
  if (!socket) throw new Error(`There is no socket of ${instance}.`)
  socket.terminate()
}

const join = (url: string, id: string, options: Partial<WebSocketTransportOptions> = {}) => {
  const listener = createListener(id)
  const link = webSocketTransport({ url, WebSocket: trackedWebSocket(), ...options })(listener.join)
  links.push(link)
  /** Waits until all of these were told. */
  const until = (...calls: unknown[]) =>
    vi.waitFor(() => expect(listener.calls).toEqual(expect.arrayContaining(calls)), { timeout: 5_000, interval: 5 })
  return { ...listener, link, until }
}

afterEach(stop)

let url = ''
describeTransport(
  'webSocketTransport()',
  {
    transport: () => webSocketTransport({ url, WebSocket: trackedWebSocket() }),
    setup: async () => {
      ;({ url } = await start({ limits: { connectionsPerAddress: 1_000, connectBurst: 1_000 } }))
    },
    teardown: stop,
    disconnect: ({ instance }) => cut(instance),
    exclusiveIds: true,
  },
  { describe, it },
)

describe('with the relay', () => {
  it('delivers nothing after close(), though it was on its way', async () => {
    const { url } = await start()
    const ann = join(url, 'ann')
    const bob = join(url, 'bob')
    await ann.until('joined bob bob-1')
    ann.link.send('bob', 'before')
    await bob.until(['ann', 'before'])
    ann.link.send('bob', 'on its way')
    const seen = bob.calls.length
    await bob.link.close()
    ann.link.send('bob', 'too late')
    await ann.until('left bob bob-1', 'unreachable bob')
    expect(bob.calls).toHaveLength(seen)
  })

  it('comes back to a relay that was killed and started again, and sees who is there', async () => {
    const before = await start()
    const ann = join(before.url, 'ann')
    const bob = join(before.url, 'bob')
    await ann.until('open', 'joined bob bob-1')
    await bob.until('open', 'joined ann ann-1')
    ann.calls.length = bob.calls.length = 0
    await before.relay.close()
    await ann.until('close')
    await bob.until('close')
    await start({ port: before.port })
    await ann.until('open', 'joined bob bob-1')
    await bob.until('open', 'joined ann ann-1')
    ann.link.send('bob', 'again')
    await bob.until(['ann', 'again'])
    expect(ann.reasons).toEqual([undefined])
  })

  it('gets what was sent to it while it was lost, and nobody notices that it was', async () => {
    const { url } = await start()
    const ann = join(url, 'ann', { random: () => 0.99 })
    const bob = join(url, 'bob')
    await bob.until('joined ann ann-1')
    await ann.until('joined bob bob-1')
    cut('ann-1')
    await ann.until('close')
    bob.link.send('ann', 'while you were away')
    await ann.until(['bob', 'while you were away'])
    expect(ann.calls.filter((call) => call === 'open')).toHaveLength(2)
    expect(bob.calls).toEqual(['open', 'joined ann ann-1'])
  })

  it('waits for an id that is held for somebody who was lost, and has it then', async () => {
    const { relay, url } = await start({ limits: { holdTime: 400 } })
    // A page that crashes: its next instance does not know the token.
    const crashed = new WebSocket(url, 'parley.1')
    crashed.on('open', () => crashed.send(JSON.stringify({ room: 'lobby', id: 'ann', instance: 'ann-0' })))
    crashed.on('message', (data) => (String(data) === '\n' ? crashed.terminate() : crashed.send('\n')))
    await vi.waitFor(() => expect(relay.counters.ended.lost).toBe(1))
    const ann = join(url, 'ann', { random: () => 0 })
    await ann.until('open')
    expect(ann.calls).toEqual(['open'])
    expect(relay.counters.ended.idHeld).toBeGreaterThan(0)
  })

  it('takes the token to `authorize`, and an id that it grants', async () => {
    const authorize = vi.fn(({ token }) => (token === 'ticket 2' ? { id: 'ann' } : undefined))
    const { url } = await start({ authorize })
    const ann = join(url, 'ann', { token: async () => 'ticket 2' })
    await ann.until('open')
    expect(authorize).toHaveBeenCalledWith(expect.objectContaining({ token: 'ticket 2', room: 'lobby', id: 'ann' }))
  })

  it.each<[string, string, RelayOptions, Partial<WebSocketTransportOptions>]>([
    ['4401', 'unauthorized', { authorize: () => undefined }, { token: 'wrong' }],
    ['4403', 'unauthorized', {}, { WebSocket: trackedWebSocket('https://elsewhere.example') }],
    ['4507', 'room-full', { limits: { peersPerRoom: 1 } }, {}],
  ])('tells a refusal with %s as %s', async (closeCode, code, relayOptions, options) => {
    const { url } = await start(relayOptions)
    const [first, second] = [join(url, 'bob', options), join(url, 'ann', options)]
    await vi.waitFor(() => expect([...first.reasons, ...second.reasons].length).toBeGreaterThan(0), { timeout: 5_000 })
    const [reason] = [...first.reasons, ...second.reasons]
    expect(reason).toMatchObject({ code, message: expect.stringContaining(`(${closeCode}).`) })
  })

  it('tells as id-taken that somebody who is there has the id', async () => {
    const { url } = await start()
    const first = join(url, 'ann')
    await first.until('open')
    const second = createListener('ann')
    const self = { id: 'ann', instance: 'ann-2' }
    links.push(webSocketTransport({ url, WebSocket: trackedWebSocket() })({ ...second.join, self }))
    await vi.waitFor(() => expect(second.reasons).toEqual([expect.objectContaining({ code: 'id-taken' })]), 5_000)
    expect(first.calls).toEqual(['open'])
  })

  it('tells a name that the relay does not take as transport-failed', async () => {
    const { url } = await start()
    const ann = createListener('ann')
    const self = { id: 'ann', instance: 'no instance at all' }
    links.push(webSocketTransport({ url, WebSocket: trackedWebSocket() })({ ...ann.join, self }))
    await vi.waitFor(() => expect(ann.reasons).toEqual([expect.objectContaining({ code: 'transport-failed' })]))
    expect(ann.reasons[0]?.message).toContain('(4400)')
  })

  it('stays until a relay that drains closes it, and comes back to the next one after the time that it was given', async () => {
    const relayClock = createVirtualClock()
    const clock = createVirtualClock()
    const before = await start({ clock: relayClock, random: () => 0.5 })
    const ann = join(before.url, 'ann', { clock, random: () => 0 })
    await clock.runUntil(() => false, 0)
    await ann.until('open')
    const drained = before.relay.drain()
    await relayClock.advance(4_000)
    expect(ann.calls).toEqual(['open'])
    await vi.waitFor(async () => {
      await relayClock.advance(1_000)
      expect(ann.calls).toEqual(['open', 'close'])
    })
    await vi.waitFor(async () => {
      await relayClock.advance(1_000)
      await Promise.race([drained, Promise.reject(new Error('It still drains.'))])
    })
    await start({ port: before.port })
    sockets.clear()
    await clock.advance(2_499)
    expect(sockets.size).toBe(0)
    await clock.advance(1)
    await vi.waitFor(() => expect(ann.calls).toEqual(['open', 'close', 'open']))
  })
})
