import mqtt from 'mqtt'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { describeTransport } from '@parley-rtc/core/testing'
import { startAedes, type Broker } from '../../../e2e/brokers.ts'
import { mqttTransport } from './index.ts'
import { createCuttable } from './testing/cuttable-transport.ts'

// One broker for all checks: each has a room of its own.
let broker: Broker
const clients = new Set<mqtt.MqttClient>()
beforeAll(async () => {
  broker = await startAedes()
})
afterAll(async () => {
  for (const client of clients) client.end(true)
  await broker?.close()
})

describeTransport(
  'MQTT 3.1.1 on aedes',
  createCuttable(() => broker.url),
  { describe, it },
)

describeTransport(
  'MQTT over WebSocket on aedes',
  createCuttable(() => broker.websocketUrl),
  { describe, it },
)

const withOwnClient = () => {
  const client = mqtt.connect(broker.url)
  clients.add(client)
  return mqttTransport({ client })
}
describeTransport('a client of somebody else on aedes', { transport: withOwnClient }, { describe, it })
