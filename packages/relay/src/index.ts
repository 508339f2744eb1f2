/**
 * The WebSocket relay of Parley: it passes text between the peers of a room and says who is there.
 *
 * @packageDocumentation
 */
export { createRelay, type Relay, type RelayAddress, type RelayOptions } from './relay.ts'
export type { Authorize, AuthorizeRequest, Grant } from './authorize.ts'
export type { Clock } from './clock.ts'
export type { DropReason, EndReason, RefuseReason, RelayCounters } from './counters.ts'
export type { RelayHandlers, RequestHandler } from './http.ts'
export { defaultLimits, type RelayLimits } from './limits.ts'
export type { RelayLogger } from './log.ts'
export type { AllowedOrigins } from './origin.ts'
