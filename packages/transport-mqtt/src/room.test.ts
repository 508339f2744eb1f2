import type { SignalingJoin } from '@parley-rtc/core'
import { createVirtualClock, type VirtualClock } from '@parley-rtc/core/testing'
import { beforeEach, describe, expect, it } from 'vitest'
import { mqttTransport, type MqttTransport } from './index.ts'
import { createFakeClient, type FakeClient } from './testing/fake-client.ts'
import { join, type Guest } from './testing/guest.ts'

const announcement = (id: string): [string, string] => [`parley/lobby/${id}/${id}-1`, 'here']

describe('a room on a client of somebody else', () => {
  let clock: VirtualClock
  let client: FakeClient
  let transport: MqttTransport
  let ann: Guest
  const own = (): string => `parley/lobby/ann/${ann.self.instance}`

  beforeEach(() => {
    clock = createVirtualClock()
    client = createFakeClient()
    transport = mqttTransport({ client, clock, maxPeers: 3 })
    ann = join(transport, 'ann')
  })

  it('enters at once on a client that is connected already, but not before it was returned', async () => {
    client.connect()
    const guest = join(mqttTransport({ client, clock }), 'bob')
    expect(client.subscribed).toHaveLength(1)
    await clock.advance(0)
    expect(client.subscribed).toHaveLength(2)
    expect(guest.opens()).toBe(0)
  })

  it('is open when its subscriptions are granted, and announces itself then', () => {
    client.connect()
    expect([client.published, ann.opens()]).toEqual([[], 0])
    client.grant()
    expect(ann.opens()).toBe(1)
    expect(client.published).toMatchObject([
      { topic: own(), options: { retain: true, properties: { messageExpiryInterval: 900 } } },
    ])
    client.deliver(own(), client.published[0]?.text ?? '')
    expect(ann.opens()).toBe(1)
  })

  it('announces nobody who leaves as soon as it is open', () => {
    let leave = () => {}
    const join: SignalingJoin = {
      room: 'lobby',
      self: { id: 'bob', instance: 'bob-1' },
      onOpen: () => leave(),
      onMessage: () => {},
      onPresence: () => {},
      onUnreachable: () => {},
      onClose: () => {},
    }
    const link = mqttTransport({ client, clock })(join)
    leave = () => void link.close()
    client.connect()
    client.grant()
    client.grant()
    expect(client.published.filter(({ topic }) => topic === 'parley/lobby/bob/bob-1').map(({ text }) => text)).toEqual([
      '',
    ])
  })

  it('tells who was announced before it was open after it is', () => {
    client.connect()
    client.deliver(...announcement('bob'))
    expect(ann.changes).toEqual([])
    client.grant()
    expect(ann.changes).toEqual(['joined bob'])
  })

  it('tells as left, two seconds after it is back, who left meanwhile', async () => {
    client.open()
    client.deliver(...announcement('bob'))
    client.deliver(...announcement('carl'))
    await clock.advance(60_000)
    client.close()
    expect(ann.closes).toEqual([undefined])
    client.open()
    client.deliver(...announcement('carl'))
    await clock.advance(1999)
    expect(ann.present()).toEqual(['bob', 'carl'])
    await clock.advance(1)
    expect(ann.present()).toEqual(['carl'])
    expect(ann.changes).toEqual(['joined bob', 'joined carl', 'joined carl', 'left bob'])
  })

  it('says after 2 s and every 200 s again that it is there, long before a broker of MQTT 5 forgets it', async () => {
    client.open()
    await clock.advance(602_000)
    const said = client.published.filter(({ topic }) => topic === own())
    expect(said).toHaveLength(5)
    expect(said.every(({ text, options }) => text === said[0]?.text && options.retain)).toBe(true)
  })

  it('tells as left who has not said for ten minutes that it is there, and nobody who has', async () => {
    client.open()
    client.deliver(...announcement('bob'))
    client.deliver(...announcement('carl'))
    await clock.advance(600_000)
    client.deliver(...announcement('carl'))
    expect(ann.present()).toEqual(['bob', 'carl'])
    await clock.advance(200_000)
    expect(ann.present()).toEqual(['carl'])
    await clock.advance(800_000)
    expect(ann.present()).toEqual([])
  })

  it('tells nothing of who came and went while it was entering', () => {
    client.connect()
    client.deliver(...announcement('bob'))
    client.deliver(announcement('bob')[0], '')
    client.grant()
    client.deliver(own(), 'here')
    expect(ann.present()).toEqual([])
  })

  it('knows so many others and no more, and counts the rest', () => {
    client.open()
    for (const id of ['b', 'c', 'd', 'e', 'b']) client.deliver(...announcement(id))
    expect(ann.present()).toEqual(['b', 'c', 'd'])
    expect(transport.counters.crowded).toBe(1)
    client.deliver(announcement('c')[0], '')
    client.deliver(...announcement('e'))
    expect(ann.present()).toEqual(['b', 'd', 'e'])
  })

  it('has at most 256 unconfirmed messages, and counts the rest', () => {
    client.open()
    client.deliver(...announcement('bob'))
    for (let sent = 0; sent < 300; sent += 1) ann.link.send('bob', 'hello')
    expect(client.published).toHaveLength(256) // its presence is one of them
    expect(transport.counters.unsent).toBe(45)
    for (const { done } of client.published) done()
    ann.link.send('bob', 'hello')
    expect(client.published).toHaveLength(257)
  })

  it('publishes a message once for each instance, for sixty seconds, and never retained', () => {
    client.open()
    client.deliver(...announcement('bob'))
    client.deliver('parley/lobby/bob/bob-2', 'here')
    ann.link.send('bob', 'hello')
    const options = { qos: 1, retain: false, properties: { messageExpiryInterval: 60 } }
    expect(client.published.slice(1)).toMatchObject([
      { topic: 'parley/lobby/bob/bob-1/ann', text: 'hello', options },
      { topic: 'parley/lobby/bob/bob-2/ann', text: 'hello', options },
    ])
  })

  it('sends nothing before it is open or while it is lost', () => {
    ann.link.send('bob', 'too early')
    client.open()
    client.deliver(...announcement('bob'))
    client.close()
    ann.link.send('bob', 'too late')
    expect(client.published.filter(({ topic }) => topic.endsWith('/ann'))).toEqual([])
    expect(transport.counters.unsent).toBe(2)
  })

  it('counts what was under way when the link was lost', () => {
    client.open()
    client.deliver(...announcement('bob'))
    ann.link.send('bob', 'hello')
    client.published.at(-1)?.done(new Error('Connection closed'))
    expect(transport.counters.unsent).toBe(1)
  })

  it('counts what goes to somebody who is not there, and does not say that nobody will come', async () => {
    client.open()
    await clock.advance(2000)
    ann.link.send('bob', 'hello')
    expect(transport.counters.unsent).toBe(1)
    expect(ann.unreachable).toEqual([])
  })

  it('reads ids in topics, each written in one way only', () => {
    client.open()
    client.deliver(`${own()}/J%C3%BCrgen`, 'hello')
    expect(ann.messages).toEqual([{ from: 'Jürgen', text: 'hello' }])
    for (const forged of ['J%c3%bcrgen', '%62ob', 'b.b', 'b*b', '%', '%FF', 'bo b', 'x'.repeat(129), ''])
      client.deliver(`${own()}/${forged}`, 'hello')
    expect(ann.messages).toHaveLength(1)
    expect(transport.counters.malformed).toBe(9)
  })

  it.each([
    [0x97, 'incompatible'],
    [0x87, 'unauthorized'],
    [0x80, 'unauthorized'],
  ])('gives up with a subscription that is refused with %s, as %s', async (reason, code) => {
    client.connect()
    client.grant([1, reason])
    expect(ann.closes).toMatchObject([{ code }])
    await clock.advance(1000)
    client.connect()
    expect(client.subscribed).toHaveLength(1)
  })

  it('gives up as `unauthorized` when its presence was confirmed and does not come back in ten seconds', async () => {
    client.connect()
    client.grant()
    client.published[0]?.done()
    await clock.advance(9999)
    expect(ann.closes).toEqual([])
    await clock.advance(1)
    expect(ann.closes).toMatchObject([{ code: 'unauthorized' }])
  })

  it('gives up nothing while the broker has not confirmed', async () => {
    client.connect()
    client.grant()
    await clock.advance(60_000)
    expect(ann.closes).toEqual([])
  })

  it('takes its presence back when it leaves, and waits for the broker no longer than a second', async () => {
    client.open()
    let hasLeft = false
    const leaving = ann.link.close().then(() => (hasLeft = true))
    expect(client.published.at(-1)).toMatchObject({ topic: own(), text: '', options: { retain: true } })
    await clock.advance(999)
    expect(hasLeft).toBe(false)
    await clock.advance(1)
    await leaving
    expect(client.ended).toEqual([])
    expect(clock.pending).toBe(0)
  })

  it('leaves no timer behind, whoever is there', async () => {
    client.open()
    client.deliver(...announcement('bob'))
    const leaving = ann.link.close()
    client.published.at(-1)?.done()
    await leaving
    expect(clock.pending).toBe(0)
    expect(ann.changes).toEqual(['joined bob'])
  })
})

describe('the prefix', () => {
  it.each([
    ['acme/plant-7/parley', 'acme/plant-7/parley/lobby/+/+'],
    ['$SYS/+/#', '%24SYS/%2B/%23/lobby/+/+'],
  ])('%s has several levels, and nothing gets in by them', (prefix, filter) => {
    const client = createFakeClient()
    join(mqttTransport({ client, prefix }), 'ann')
    client.connect()
    expect(client.subscribed[0]?.[0]).toBe(filter)
  })
})
