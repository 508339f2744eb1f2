import { afterAll, beforeAll, describe, it } from 'vitest'
import { describeTransport } from '@parley-rtc/core/testing'
import { startMosquitto, type Broker } from '../../../e2e/brokers.ts'
import { createCuttable } from './testing/cuttable-transport.ts'

// One broker for all checks: each has a room of its own.
let broker: Broker
beforeAll(async () => {
  broker = await startMosquitto()
})
afterAll(() => broker?.close())

describeTransport(
  'MQTT 5 on mosquitto',
  createCuttable(() => broker.url, { protocolVersion: 5 }),
  { describe, it },
)

describeTransport(
  'MQTT 3.1.1 on mosquitto',
  createCuttable(() => broker.url, { protocolVersion: 4 }),
  { describe, it },
)

describeTransport(
  'MQTT over WebSocket on mosquitto',
  createCuttable(() => broker.websocketUrl),
  { describe, it },
)
