import mqtt from 'mqtt'
import { connect as connectSocket, createServer, type AddressInfo, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createPeer } from '@parley-rtc/core'
import { createFakeWebRtc } from '@parley-rtc/core/testing'
import { startAedes, startMosquitto, type BrokerProcess } from '../../../e2e/brokers.ts'
import { mqttTransport } from './index.ts'
import { join, type Guest } from './testing/guest.ts'

const soon = { timeout: 4000 }

describe('on mosquitto', () => {
  let broker: BrokerProcess
  const guests = new Set<Guest>()
  const others = new Set<mqtt.MqttClient>()
  beforeEach(async () => {
    broker = await startMosquitto()
  })
  afterEach(async () => {
    await Promise.all([...guests].map(({ link }) => link.close()))
    for (const other of others) other.end(true)
    guests.clear()
    others.clear()
    await broker.close()
  })

  const enter = (id: string, options: object = {}, instance?: string): Guest => {
    const guest = join(mqttTransport({ url: broker.url, ...options }), id, 'lobby', instance)
    guests.add(guest)
    return guest
  }
  const meet = async (...all: readonly Guest[]): Promise<void> => {
    for (const guest of all) {
      await expect.poll(() => guest.present(), soon).toHaveLength(all.length - 1)
    }
  }
  const other = async (options: mqtt.IClientOptions = {}): Promise<mqtt.MqttClient> => {
    const client = await mqtt.connectAsync(broker.url, { protocolVersion: 5, reconnectPeriod: 0, ...options })
    others.add(client)
    return client
  }
  const inboxOf = (guest: Guest): string => `parley/lobby/${guest.self.id}/${guest.self.instance}`

  it.each([4, 5] as const)('comes back when the broker died, with MQTT %s', async (protocolVersion) => {
    const [ann, bob] = [enter('ann', { protocolVersion }), enter('bob', { protocolVersion })]
    await meet(ann, bob)
    await broker.kill()
    await expect.poll(() => [ann.closes, bob.closes], soon).toEqual([[undefined], [undefined]])
    ann.link.send('bob', 'into the void')
    await broker.restart()
    await expect.poll(() => [ann.opens(), bob.opens()], soon).toEqual([2, 2])
    await meet(ann, bob)
    ann.link.send('bob', 'again')
    await expect.poll(() => bob.messages, soon).toEqual([{ from: 'ann', text: 'again' }])
  })

  it('tells as left who crashed, by its will', async () => {
    const clients: mqtt.MqttClient[] = []
    const transport = mqttTransport({
      connect: (options) => {
        const client = mqtt.connect(broker.url, options)
        clients.push(client)
        return client
      },
      random: () => 0.999,
    })
    const ann = enter('ann')
    const bob = join(transport, 'bob')
    guests.add(bob)
    await meet(ann, bob)
    clients[0]?.stream.destroy()
    await expect.poll(() => ann.changes, soon).toEqual(['joined bob', 'left bob', 'joined bob'])
  })

  it('announces itself again when somebody clears its presence, and is there when somebody overwrites it', async () => {
    const [ann, bob] = [enter('ann'), enter('bob')]
    await meet(ann, bob)
    const vandal = await other()
    await vandal.publishAsync(inboxOf(bob), '', { retain: true, qos: 1 })
    await expect.poll(() => ann.changes, soon).toEqual(['joined bob', 'left bob', 'joined bob'])
    await vandal.publishAsync(inboxOf(bob), 'graffiti', { retain: true, qos: 1 })
    const carl = enter('carl')
    await expect.poll(() => carl.present(), soon).toEqual(['ann', 'bob'])
  })

  it('lets core find out that a presence is of a machine that crashed together with its broker', async () => {
    await (await other()).publishAsync('parley/lobby/ghost/gone', 'here', { retain: true, qos: 1 })
    const peer = createPeer({
      id: 'ann',
      room: 'lobby',
      transport: mqttTransport({ url: broker.url }),
      rtc: { RTCPeerConnection: createFakeWebRtc().RTCPeerConnection },
      deadlines: { reach: 300, end: 300 },
    })
    await peer.ready
    await expect.poll(() => peer.peers.map(({ id }) => id), soon).toEqual(['ghost'])
    await expect(peer.call('ghost').connected).rejects.toMatchObject({ reason: 'unreachable' })
    await peer.close()
  })

  it.each([4, 5] as const)('refuses what was retained in an inbox, with MQTT %s', async (protocolVersion) => {
    const author = await other()
    await author.publishAsync('parley/lobby/ann/old-1/bob', 'an hour ago', { retain: true, qos: 1 })
    const transport = mqttTransport({ url: broker.url, protocolVersion })
    const ann = join(transport, 'ann', 'lobby', 'old-1')
    guests.add(ann)
    await expect.poll(() => ann.opens(), soon).toBe(1)
    await author.publishAsync('parley/lobby/ann/old-1/bob', 'now', { qos: 1 })
    await expect.poll(() => ann.messages, soon).toEqual([{ from: 'bob', text: 'now' }])
    // MQTT 5 does not even send it; 3.1.1 has no way to say so.
    expect(transport.counters.retained).toBe(protocolVersion === 5 ? undefined : 1)
  })

  it('gets nothing that was sent before it came, since no session is kept', async () => {
    const first = enter('ann', {}, 'same-instance')
    await expect.poll(() => first.opens(), soon).toBe(1)
    await first.link.close()
    const author = await other()
    await author.publishAsync('parley/lobby/ann/same-instance/bob', 'an hour ago', { qos: 1 })
    const second = enter('ann', {}, 'same-instance')
    await expect.poll(() => second.opens(), soon).toBe(1)
    await author.publishAsync('parley/lobby/ann/same-instance/bob', 'now', { qos: 1 })
    await expect.poll(() => second.messages, soon).toEqual([{ from: 'bob', text: 'now' }])
  })

  it('hands a message that QoS 1 delivers twice to core, which drops the second', async () => {
    const ann = enter('ann')
    await expect.poll(() => ann.opens(), soon).toBe(1)
    const author = await other()
    for (const dup of [false, true]) await author.publishAsync(`${inboxOf(ann)}/bob`, 'twice', { qos: 1, dup })
    await expect.poll(() => ann.messages.map(({ text }) => text), soon).toEqual(['twice', 'twice'])
  })

  it('survives hostile topics and payloads, and counts them', async () => {
    const transport = mqttTransport({ url: broker.url })
    const ann = join(transport, 'ann')
    guests.add(ann)
    await expect.poll(() => ann.opens(), soon).toBe(1)
    const vandal = await other()
    const hostile: readonly (readonly [string, string | Buffer])[] = [
      ['%65ve/e1', 'here'], // another way to write eve
      ['eve/%65', 'here'],
      ['%/e3', 'here'],
      ['eve/%FF', 'here'],
      ['/e5', 'here'],
      ['eve/', 'here'],
      ['a.b/e7', 'here'],
      ['eve e/e8', 'here'],
      [`eve/${'x'.repeat(129)}`, 'x'.repeat(100_000)],
      [`${'x'.repeat(129)}/e10`, Buffer.from([0xff, 0xfe, 0])],
      [`ann/${ann.self.instance}/%6eobody`, 'from nobody'],
      [`ann/${ann.self.instance}/`, 'from nobody'],
    ]
    for (const [topic, payload] of hostile) await vandal.publishAsync(`parley/lobby/${topic}`, payload, { qos: 1 })
    for (const topic of ['a', 'a/b/c', 'a/b/c/d', '//', `ann/${ann.self.instance}/b/c`, '$SYS/x'])
      await vandal.publishAsync(`parley/lobby/${topic}`, '', { qos: 1 })
    await vandal.publishAsync(`${inboxOf(ann)}/eve`, Buffer.from([0xc3, 0x28]), { qos: 1 })
    await expect.poll(() => ann.messages, soon).toEqual([{ from: 'eve', text: '\ufffd(' }])
    expect(transport.counters.malformed).toBe(hostile.length)
    expect(ann.changes).toEqual([])
    expect(ann.closes).toEqual([])
  })

  it('keeps its connection whatever id it sends to', async () => {
    const ann = enter('ann')
    await expect.poll(() => ann.opens(), soon).toBe(1)
    for (const to of ['+', '#', 'a/#', '$SYS', '\u0000', '']) ann.link.send(to, 'hello')
    const bob = enter('bob+#/$')
    await meet(ann, bob)
    ann.link.send('bob+#/$', 'hello')
    await expect.poll(() => bob.messages, soon).toEqual([{ from: 'ann', text: 'hello' }])
    expect(ann.closes).toEqual([])
  })
})

describe('on a broker that takes small packets only', () => {
  it('lowers maxLength to what the broker takes, and drops what is longer', async () => {
    const broker = await startMosquitto({ config: ['max_packet_size 3000'] })
    const transport = mqttTransport({ url: broker.url })
    const [ann, bob] = [join(transport, 'ann'), join(transport, 'bob')]
    expect(ann.link.maxLength).toBe(65_536)
    await expect.poll(() => ann.present(), soon).toEqual(['bob'])
    await expect.poll(() => bob.present(), soon).toEqual(['ann'])
    const { maxLength = 0 } = ann.link
    expect(maxLength).toBe(914)
    ann.link.send('bob', 'x'.repeat(4000))
    ann.link.send('bob', '語'.repeat(maxLength))
    await expect.poll(() => bob.messages.map(({ text }) => text), soon).toEqual(['語'.repeat(maxLength)])
    expect(transport.counters['too-large']).toBe(1)
    expect(ann.closes).toEqual([])
    await Promise.all([ann.link.close(), bob.link.close()])
    await broker.close()
  })

  it('gives up as incompatible with the first message where none fits', async () => {
    const broker = await startMosquitto({ config: ['max_packet_size 500'] })
    const transport = mqttTransport({ url: broker.url })
    const [ann, bob] = [join(transport, 'ann'), join(transport, 'bob')]
    await expect.poll(() => ann.present(), soon).toEqual(['bob'])
    expect(ann.link.maxLength).toBe(512)
    ann.link.send('bob', 'x'.repeat(512))
    await expect.poll(() => ann.closes, soon).toEqual([expect.objectContaining({ code: 'incompatible' })])
    expect(ann.closes[0]?.message).toContain('reason 149')
    await Promise.all([ann.link.close(), bob.link.close()])
    await broker.close()
  })
})

describe('behind a network that stands still', () => {
  it('gives up a connection on which nothing moves, and makes another', async () => {
    const broker = await startAedes()
    const sockets = new Set<Socket>()
    const proxy = createServer((socket) => {
      const upstream = connectSocket(Number(new URL(broker.url).port), '127.0.0.1')
      for (const [from, to] of [
        [socket, upstream],
        [upstream, socket],
      ] as const) {
        sockets.add(from)
        from.on('error', () => {}).pipe(to)
      }
    }).listen(0, '127.0.0.1')
    await vi.waitFor(() => expect(proxy.listening).toBe(true))
    const url = `mqtt://127.0.0.1:${(proxy.address() as AddressInfo).port}`
    const ann = join(mqttTransport({ url: broker.url }), 'ann')
    const bob = join(mqttTransport({ url, options: { keepalive: 1 } }), 'bob')
    await expect.poll(() => [ann.present(), bob.present()], soon).toEqual([['bob'], ['ann']])
    for (const socket of sockets) socket.pause()
    // Both ends of the standing connection give it up, and another one is made.
    await expect.poll(() => ann.changes, soon).toEqual(['joined bob', 'left bob', 'joined bob'])
    await expect.poll(() => [bob.opens(), bob.closes], soon).toEqual([2, [undefined]])
    for (const socket of sockets) socket.resume()
    bob.link.send('ann', 'back')
    await expect.poll(() => ann.messages, soon).toEqual([{ from: 'bob', text: 'back' }])
    await Promise.all([ann.link.close(), bob.link.close()])
    proxy.close()
    for (const socket of sockets) socket.destroy()
    await broker.close()
  })
})
