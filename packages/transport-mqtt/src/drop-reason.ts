/** Why something was not delivered. */
export type MqttDropReason =
  /** A message was retained in an inbox: it is as old as the broker pleases. */
  | 'retained'
  /** A presence or an inbox topic that no transport of this kind writes. */
  | 'malformed'
  /** Somebody is in the room for whom there was no place (`maxPeers`). */
  | 'crowded'
  /** The link was not open or lost too soon, the recipient not known, or too much unconfirmed. Core sends again. */
  | 'unsent'
  /** The broker takes no packet of that size. */
  | 'too-large'
  /** The broker does not let this peer write to that one. */
  | 'refused'

/** How often; a reason that never was is absent. */
export type MqttCounters = Partial<Record<MqttDropReason, number>>
