export { createVirtualClock, type VirtualClock, type VirtualClockOptions } from './virtual-clock.ts'
export { createRandom, type Random } from './random.ts'
export { type FaultOptions } from './faults.ts'
export { withFaults, type WithFaultsOptions } from './with-faults.ts'
export {
  memoryNetwork,
  type Interception,
  type LoggedMessage,
  type MemoryNetwork,
  type MemoryNetworkOptions,
  type SentMessage,
} from './memory-network.ts'
export { createFakeWebRtc, type FakeWebRtc, type FakeWebRtcOptions } from './fake-web-rtc.ts'
export { type FakeCounters } from './fake-surroundings.ts'
export { createFabric, type Fabric, type FabricOptions } from './fake-fabric.ts'
export { type FakeProfile } from './fake-profile.ts'
export {
  describeTransport,
  transportChecks,
  type TestRunner,
  type TransportCheck,
  type TransportSubject,
} from './describe-transport.ts'
