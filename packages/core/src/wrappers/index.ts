export { failover, type FailoverOptions } from './failover.ts'
export { withPresence, type WithPresenceOptions } from './with-presence.ts'
