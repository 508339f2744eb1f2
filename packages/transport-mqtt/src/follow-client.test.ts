import mqtt from 'mqtt'
import { describe, expect, it } from 'vitest'
import { startAedes, startMosquitto } from '../../../e2e/brokers.ts'
import { mqttTransport } from './index.ts'
import { join } from './testing/guest.ts'

const soon = { timeout: 4000 }

describe('with a client of somebody else', () => {
  it('never ends it, and leaves nothing on it', async () => {
    const broker = await startAedes()
    const client = await mqtt.connectAsync(broker.url)
    const heard: string[] = []
    client.on('message', (topic) => heard.push(topic))
    const before = ['connect', 'close', 'message'].map((event) => client.listenerCount(event as 'connect'))
    const transport = mqttTransport({ client })
    const [ann, bob] = [join(transport, 'ann'), join(transport, 'bob')]
    await expect.poll(() => [ann.present(), bob.present()], soon).toEqual([['bob'], ['ann']])
    await ann.link.close()
    await expect.poll(() => bob.present(), soon).toEqual([])
    const carl = join(mqttTransport({ url: broker.url }), 'carl')
    await expect.poll(() => bob.present(), soon).toEqual(['carl']) // bob still sees who comes
    await bob.link.close()
    await carl.link.close()
    expect(client.connected).toBe(true)
    expect(['connect', 'close', 'message'].map((event) => client.listenerCount(event as 'connect'))).toEqual(before)
    await client.subscribeAsync('mine')
    const topics = ['parley/lobby/dan/d1', `parley/lobby/ann/${ann.self.instance}/dan`]
    for (const topic of [...topics, 'mine']) await client.publishAsync(topic, 'hello', { qos: 1 })
    await expect.poll(() => heard, soon).toContain('mine')
    for (const topic of topics) expect(heard).not.toContain(topic)
    await client.endAsync()
    await broker.close()
  })

  it('shares it with another transport in the same room', async () => {
    const broker = await startAedes()
    const client = await mqtt.connectAsync(broker.url)
    const [ann, bob] = [join(mqttTransport({ client }), 'ann'), join(mqttTransport({ client }), 'bob')]
    await expect.poll(() => [ann.present(), bob.present()], soon).toEqual([['bob'], ['ann']])
    await ann.link.close()
    const carl = join(mqttTransport({ url: broker.url }), 'carl')
    await expect.poll(() => bob.present(), soon).toEqual(['carl']) // bob still sees who comes
    await Promise.all([bob.link.close(), carl.link.close()])
    await client.endAsync()
    await broker.close()
  })

  it('is lost and comes back with it', async () => {
    const broker = await startMosquitto()
    const client = mqtt.connect(broker.url, { protocolVersion: 5, reconnectPeriod: 20 })
    const [ann, bob] = [join(mqttTransport({ client }), 'ann'), join(mqttTransport({ url: broker.url }), 'bob')]
    await expect.poll(() => [ann.present(), bob.present()], soon).toEqual([['bob'], ['ann']])
    client.stream.destroy()
    await expect.poll(() => [ann.opens(), ann.closes.length], soon).toEqual([2, 1])
    await expect.poll(() => ann.changes, soon).toEqual(['joined bob', 'joined bob'])
    bob.link.send('ann', 'welcome back')
    await expect.poll(() => ann.messages, soon).toEqual([{ from: 'bob', text: 'welcome back' }])
    await Promise.all([ann.link.close(), bob.link.close()])
    await client.endAsync()
    await broker.close()
  })
})
