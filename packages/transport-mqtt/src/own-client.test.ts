import { createVirtualClock, type VirtualClock } from '@parley-rtc/core/testing'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { mqttTransport, type MqttConnectOptions, type MqttTransportOptions } from './index.ts'
import { createFakeClient, type FakeClient } from './testing/fake-client.ts'
import { join } from './testing/guest.ts'

describe('a room on clients of its own', () => {
  let clock: VirtualClock
  let clients: FakeClient[]
  let options: MqttConnectOptions[]
  const start = async (more: Partial<MqttTransportOptions> = {}) => {
    const connect = (made: MqttConnectOptions): FakeClient => {
      const client = createFakeClient()
      clients.push(client)
      options.push(made)
      return client
    }
    const ann = join(mqttTransport({ connect, clock, random: () => 0.5, ...more }), 'ann', 'lobby', 'ann-1')
    await vi.waitFor(() => expect(clients.length + Number(more.connect !== undefined)).toBe(1))
    return ann
  }
  const refuse = (reason: unknown): void => {
    const client = clients.at(-1)
    client?.emit('error', Object.assign(new Error('Connection refused'), { code: reason }))
    client?.close()
  }

  beforeEach(() => {
    clock = createVirtualClock()
    clients = []
    options = []
  })

  it('asks for nothing to be kept, and leaves a will that clears its presence', async () => {
    await start()
    expect(options[0]).toMatchObject({
      protocolVersion: 5,
      clientId: 'ann-1',
      clean: true,
      reconnectPeriod: 0,
      properties: { sessionExpiryInterval: 0 },
      will: { topic: 'parley/lobby/ann/ann-1', payload: '', qos: 1, retain: true },
    })
  })

  it('has the last level of its topics as client id', async () => {
    await start()
    join(mqttTransport({ connect: clientOf, clock }), 'ann', 'lobby', 'an instance')
    await vi.waitFor(() => expect(options).toHaveLength(2))
    expect(options[1]?.clientId).toBe('an%20instance')
    expect(options[1]?.will.topic).toBe(`parley/lobby/ann/${options[1]?.clientId}`)
  })
  const clientOf = (made: MqttConnectOptions): FakeClient => {
    options.push(made)
    return createFakeClient()
  }

  it('says what is wrong while it has no broker', async () => {
    const ann = await start()
    expect(ann.link.trouble).toBeUndefined()
    refuse(undefined)
    expect(ann.link.trouble).toBe('No MQTT broker: Connection refused.')
  })

  it('falls back to MQTT 3.1.1 at once, and stays there', async () => {
    const ann = await start()
    refuse(1)
    expect(options.map(({ protocolVersion }) => protocolVersion)).toEqual([5, 4])
    await clock.advance(0)
    clients[1]?.open()
    clients[1]?.close()
    await clock.advance(250)
    expect(options.map(({ protocolVersion }) => protocolVersion)).toEqual([5, 4, 4])
    expect(ann.closes).toEqual([undefined])
  })

  it.each([
    [4, 'unauthorized'],
    [5, 'unauthorized'],
    [0x86, 'unauthorized'],
    [0x8a, 'unauthorized'],
    [0x9a, 'incompatible'],
  ])('gives up when it is refused with %s, as %s', async (reason, code) => {
    const ann = await start()
    refuse(reason)
    expect(ann.closes).toMatchObject([{ code }])
    await clock.advance(600_000)
    expect(clients).toHaveLength(1)
    expect(clock.pending).toBe(0)
  })

  it.each([3, 0x88, 0x89, 0x97, 0x9f, 'ECONNREFUSED', undefined])('tries again after %s', async (reason) => {
    const ann = await start()
    refuse(reason)
    await clock.advance(125)
    expect(clients).toHaveLength(2)
    expect(ann.closes).toEqual([])
  })

  it('stops when its session is taken over, and says so once', async () => {
    const ann = await start()
    clients[0]?.open()
    clients[0]?.emit('disconnect', { reasonCode: 0x8e })
    clients[0]?.emit('error', Object.assign(new Error('reset'), { code: 'ECONNRESET' }))
    clients[0]?.close()
    expect(ann.closes).toMatchObject([{ code: 'id-taken' }])
    await clock.advance(600_000)
    expect(clients).toHaveLength(1)
    expect(clock.pending).toBe(0)
  })

  it('waits at random up to 250 ms, then up to 1, 2, 4 … 30 s', async () => {
    await start()
    const waits: number[] = []
    for (let attempt = 0; attempt < 9; attempt += 1) {
      const before = clock.now()
      clients.at(-1)?.close()
      await clock.runUntil(() => clients.length === attempt + 2, 60_000)
      waits.push((clock.now() - before) * 2)
    }
    expect(waits).toEqual([250, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000])
  })

  it('waits longer each time that it is lost soon after it opened, so that it fights nobody', async () => {
    await start()
    for (let attempt = 0; attempt < 6; attempt += 1) {
      clients.at(-1)?.open()
      clients.at(-1)?.close()
      await clock.runUntil(() => clients.length === attempt + 2, 60_000)
    }
    clients.at(-1)?.open()
    await clock.advance(30_000)
    const before = clock.now()
    clients.at(-1)?.close()
    await clock.runUntil(() => clients.length === 8, 60_000)
    expect(clock.now() - before).toBe(125)
  })

  it('gives up when the broker closes the connection five times while it enters', async () => {
    const ann = await start()
    for (let attempt = 1; attempt <= 5; attempt += 1) {
      expect(ann.closes).toEqual([])
      clients.at(-1)?.connect()
      clients.at(-1)?.close()
      await clock.runUntil(() => clients.length === attempt + 1, 60_000)
    }
    expect(ann.closes).toMatchObject([{ code: 'unauthorized' }])
    expect(clients).toHaveLength(5)
  })

  it('connects at once when the network is back', async () => {
    const target = new EventTarget()
    vi.stubGlobal('addEventListener', target.addEventListener.bind(target))
    vi.stubGlobal('removeEventListener', target.removeEventListener.bind(target))
    const ann = await start()
    clients[0]?.close()
    target.dispatchEvent(new Event('online'))
    expect(clients).toHaveLength(2)
    target.dispatchEvent(new Event('online'))
    expect(clients).toHaveLength(2)
    await ann.link.close()
    target.dispatchEvent(new Event('online'))
    expect(clients).toHaveLength(2)
    vi.unstubAllGlobals()
  })

  it('takes a connect function that fails for a failed attempt', async () => {
    let attempts = 0
    const connect = async (): Promise<FakeClient> => {
      attempts += 1
      if (attempts === 1) throw new Error('no token')
      const client = createFakeClient()
      clients.push(client)
      return client
    }
    const ann = join(mqttTransport({ connect, clock, random: () => 0.5 }), 'ann')
    await vi.waitFor(() => expect(attempts).toBe(1))
    await clock.advance(125)
    expect(attempts).toBe(2)
    clients[0]?.open()
    expect(ann.opens()).toBe(1)
  })

  it('ends a client that it gets after it was closed', async () => {
    let give = (_client: FakeClient): void => {}
    const connect = vi.fn(() => new Promise<FakeClient>((resolve) => (give = resolve)))
    const ann = join(mqttTransport({ connect, clock }), 'ann')
    await vi.waitFor(() => expect(connect).toHaveBeenCalledOnce())
    await ann.link.close()
    const client = createFakeClient()
    give(client)
    await vi.waitFor(() => expect(client.ended).toEqual([true]))
  })

  it.each([
    [true, false],
    [false, true],
  ])('ends its client politely if the broker confirmed all (%s)', async (isConfirmed, isForced) => {
    const ann = await start()
    clients[0]?.open()
    clients[0]?.published[0]?.done()
    const leaving = ann.link.close()
    if (isConfirmed) clients[0]?.published.at(-1)?.done()
    await clock.advance(1000)
    await leaving
    expect(clients[0]?.ended).toEqual([isForced])
  })
})

describe('mqttTransport({ url })', () => {
  it('is missed where nothing else is given, and says so', async () => {
    const ann = join(mqttTransport({}), 'ann')
    await vi.waitFor(() => expect(ann.closes).toMatchObject([{ code: 'unsupported' }]))
    expect(ann.closes[0]?.message).toContain('needs a url')
  })

  it.each(['http://127.0.0.1', 'mqtt', 'localhost:1883'])('cannot work with %s, and says so', async (url) => {
    const ann = join(mqttTransport({ url }), 'ann')
    await vi.waitFor(() => expect(ann.closes).toMatchObject([{ code: 'unsupported' }]))
    expect(ann.closes[0]?.message).toContain(url)
  })

  it('cannot speak mqtt: in a browser, and says so', async () => {
    vi.stubGlobal('process', Object.create(process, { versions: { value: {} } }))
    const ann = join(mqttTransport({ url: 'mqtt://127.0.0.1' }), 'ann', 'lobby', 'ann-1')
    await vi.waitFor(() => expect(ann.closes).toMatchObject([{ code: 'unsupported' }]))
    expect(ann.closes[0]?.message).toContain('browser')
    vi.unstubAllGlobals()
  })
})
