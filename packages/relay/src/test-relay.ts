import { onTestFinished } from 'vitest'
import { createRelay, type Relay, type RelayAddress, type RelayOptions } from './relay.ts'
import { createTestClock, type TestClock } from './test-clock.ts'

/** A relay on a free port that ends with its test. */
export const startRelay = async (options: RelayOptions = {}): Promise<RelayAddress & { readonly relay: Relay }> => {
  const relay = createRelay({ port: 0, ...options })
  onTestFinished(relay.close)
  return { ...(await relay.listen()), relay }
}

/** The same with the time in the hands of the test. */
export const startTimedRelay = async (
  options: RelayOptions = {},
): Promise<RelayAddress & { readonly relay: Relay; readonly clock: TestClock }> => {
  const clock = createTestClock()
  return { ...(await startRelay({ ...options, clock })), clock }
}
