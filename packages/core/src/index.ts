export { createPeer } from './peer.ts'
export type {
  CallOptions,
  Peer,
  PeerCounters,
  PeerDropReason,
  PeerEvents,
  PeerOptions,
  PeerSignaling,
} from './peer-handle.ts'
export type { Session, SessionEvents, SessionMute, SessionSignal, SessionTrack } from './session/session-handle.ts'
export type { SessionTransceiver } from './session/tracks.ts'
export type { SessionSnapshot, SessionStatus } from './session/session-snapshot.ts'
export type { SessionDeadlines } from './session/deadlines.ts'
export type { SessionEnd } from './session/session-event.ts'
export type { Counts, SessionPhase, SessionReport } from './session/report.ts'
export type { ConnectionReport, SelectedPair } from './rtc/connection-stats.ts'
export type { Channel, ChannelData, ChannelEvents, ChannelLoss, ChannelState } from './channel/channel-handle.ts'
export type { ChannelOptions } from './channel/channel-options.ts'
export type { CandidateCounters } from './negotiation/candidates.ts'
export type { Role } from './negotiation/role.ts'
export type { ConfigurationSource, PeerConnectionConstructor } from './rtc/peer-connection.ts'
export type { DeliveryCounters } from './signaling/delivery.ts'
export type { Carrier } from './signaling/dialog.ts'
export type { EndReason, Message } from './signaling/message.ts'
export type {
  PeerAddress,
  PresenceChange,
  SignalingJoin,
  SignalingLink,
  SignalingTransport,
} from './signaling/transport.ts'
export { isParleyError, ParleyError } from './errors.ts'
export type { ParleyErrorCode } from './errors.ts'
export type { Listen, Unsubscribe, Warning } from './emitter.ts'
export type { Clock } from './clock.ts'
