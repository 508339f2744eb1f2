import { afterAll, beforeAll, describe, it } from 'vitest'
import { describeTransport } from '@parley-rtc/core/testing'
import { startNats, type Broker } from '../../../e2e/brokers.ts'
import { createCuttable } from './testing/cuttable-transport.ts'

// One broker for all checks: each has a room of its own.
let broker: Broker
beforeAll(async () => {
  broker = await startNats()
})
afterAll(() => broker?.close())

describeTransport(
  'MQTT 3.1.1 on NATS',
  createCuttable(() => broker.url),
  { describe, it },
)

describeTransport(
  'MQTT over WebSocket on NATS',
  createCuttable(() => broker.websocketUrl),
  { describe, it },
)
