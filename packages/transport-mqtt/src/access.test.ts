import mqtt from 'mqtt'
import { describe, expect, it } from 'vitest'
import { startAedes, startMosquitto, type Broker } from '../../../e2e/brokers.ts'
import { mqttTransport, type MqttTransportOptions } from './index.ts'
import { join, type Guest } from './testing/guest.ts'

const soon = { timeout: 4000 }

/** The time of this machine, fifty times as fast. */
const clock = {
  now: () => performance.now() * 50,
  setTimeout: (run: () => void, ms: number) => setTimeout(run, ms / 50),
  clearTimeout: (id: unknown) => clearTimeout(id as NodeJS.Timeout),
}

/** Joins, expects to be refused for good, and returns why. `opens`: how often it was let in before. */
const expectRefusal = async (
  broker: Broker,
  options: MqttTransportOptions,
  code: string,
  opens = 0,
): Promise<string> => {
  try {
    const ann = join(mqttTransport({ url: broker.url, ...options }), 'ann')
    await expect.poll(() => ann.closes.at(-1), soon).toMatchObject({ code })
    expect([ann.opens(), ann.closes.length]).toEqual([opens, Math.max(opens, 1)])
    await ann.link.close()
    return ann.closes.at(-1)?.message ?? ''
  } finally {
    await broker.close()
  }
}

describe('a broker that refuses', () => {
  it.each([4, 5] as const)('the user ends with `unauthorized`, with MQTT %s', async (protocolVersion) => {
    const broker = await startMosquitto({ config: ['allow_anonymous false'] })
    const message = await expectRefusal(broker, { protocolVersion }, 'unauthorized')
    expect(message).toMatch(/refuses the client .* \(reason (5|135), unauthorized\)/)
  })

  it('both versions of MQTT ends with `incompatible`', async () => {
    const broker = await startAedes()
    const message = await expectRefusal(broker, { protocolVersion: 5 }, 'incompatible')
    expect(message).toContain('reason 1, incompatible')
  })

  it('a subscription ends with `unauthorized`', async () => {
    const broker = await startAedes()
    broker.aedes.authorizeSubscribe = (_client, subscription, done) =>
      done(null, subscription.topic.endsWith('/+/+') ? subscription : null)
    const message = await expectRefusal(broker, {}, 'unauthorized')
    expect(message).toContain('the subscription of parley/lobby/ann/')
  })

  it('the presence with a reason ends with `unauthorized`', async () => {
    const broker = await startMosquitto({ accessList: ['pattern read parley/#'] })
    const message = await expectRefusal(broker, { protocolVersion: 5 }, 'unauthorized', 1)
    expect(message).toContain('reason 135')
  })

  it.each([
    ['to write', 4, 'pattern read parley/#'],
    ['to read', 4, 'pattern write parley/#'],
    ['to read', 5, 'pattern write parley/#'],
  ] as const)('without a word %s the presence ends with `unauthorized`, with MQTT %s', async (_, version, rule) => {
    const broker = await startMosquitto({ accessList: [rule] })
    const message = await expectRefusal(broker, { protocolVersion: version, clock }, 'unauthorized', 1)
    expect(message).toContain('refuses silently the presence parley/lobby/ann/')
  })

  it('by closing the connection ends with `unauthorized` after five times', async () => {
    const broker = await startAedes()
    let attempts = 0
    broker.aedes.authorizePublish = (_client, packet, done) => {
      if (packet.payload.length > 0) attempts += 1 // not the will
      done(new Error('not for you'))
    }
    await expectRefusal(broker, { clock }, 'unauthorized', 5)
    expect(attempts).toBe(5)
  })
})

describe('the access list of the docs', () => {
  const accessList = [
    'pattern read parley/+/+/+',
    'pattern readwrite parley/+/%u/%c',
    'pattern read parley/+/%u/%c/+',
    'pattern write parley/+/+/+/%u',
  ]

  it('lets everybody be who they are, and nobody be somebody else or read what is not for them', async () => {
    const broker = await startMosquitto({ accessList })
    const enter = (id: string): Guest => join(mqttTransport({ url: broker.url, username: id }), id)
    const [ann, bob] = [enter('ann'), enter('bob')]
    await expect.poll(() => [ann.present(), bob.present()], soon).toEqual([['bob'], ['ann']])
    const eve = await mqtt.connectAsync(broker.url, { protocolVersion: 5, username: 'eve', clientId: 'e1' })
    const heard: string[] = []
    eve.on('message', (topic) => heard.push(topic))
    const inbox = `parley/lobby/bob/${bob.self.instance}`
    await eve.subscribeAsync([`${inbox}/+`, '#'], { qos: 1 })
    await expect(eve.publishAsync('parley/lobby/ann/e1', 'here', { qos: 1 })).rejects.toMatchObject({ code: 135 })
    await expect(eve.publishAsync(`${inbox}/ann`, 'I am ann', { qos: 1 })).rejects.toMatchObject({ code: 135 })
    ann.link.send('bob', 'a secret')
    await expect.poll(() => bob.messages, soon).toEqual([{ from: 'ann', text: 'a secret' }])
    bob.link.send('ann', 'thanks')
    await eve.publishAsync(`${inbox}/eve`, 'I am eve', { qos: 1 })
    await expect.poll(() => bob.messages.at(-1), soon).toEqual({ from: 'eve', text: 'I am eve' })
    expect(heard.filter((topic) => topic.split('/').length > 4)).toEqual([])
    await Promise.all([ann.link.close(), bob.link.close(), eve.endAsync()])
    await broker.close()
  })

  it('counts messages that it does not let through', async () => {
    const broker = await startMosquitto({ accessList: [...accessList.slice(0, 3), 'pattern write parley/+/ann/+/%u'] })
    const transport = mqttTransport({ url: broker.url, username: 'ann' })
    const ann = join(transport, 'ann')
    const bob = join(mqttTransport({ url: broker.url, username: 'bob' }), 'bob')
    await expect.poll(() => ann.present(), soon).toEqual(['bob'])
    ann.link.send('bob', 'hello')
    await expect.poll(() => transport.counters.refused, soon).toBe(1)
    expect(ann.closes).toEqual([])
    await Promise.all([ann.link.close(), bob.link.close()])
    await broker.close()
  })
})
