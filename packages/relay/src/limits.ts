/** What one client, one address and everybody together may take. All are hard bounds; sizes are bytes, times ms. */
export interface RelayLimits {
  /** Longest frame, in bytes. Default 128 KiB; a longer one closes with 1009. */
  readonly frameBytes: number
  /** Longest first frame, in bytes. Default 8 KiB. */
  readonly helloBytes: number
  /** Time for the first frame and its authorization, in ms. Default 5 000. */
  readonly helloTimeout: number
  /** Fragments of one message. Default 64; more close with 1008. */
  readonly fragments: number
  /** Pieces in which an unfinished frame may wait in memory. Default 1 024; more close with 1008. */
  readonly bufferedChunks: number
  /** Time for the head of an HTTP request, in ms, on a server of the relay's own. Default 10 000. */
  readonly requestTimeout: number
  /** Peers of one room, held ids included. Default 64. */
  readonly peersPerRoom: number
  /** Rooms. Default 10 000. */
  readonly rooms: number
  /** Connections in all. Default 10 000. */
  readonly connections: number
  /** Connections of one address (IPv6: of one /64), loopback included. Default 32. */
  readonly connectionsPerAddress: number
  /** New connections a second of one address. Default 10. */
  readonly connectsPerSecond: number
  /** New connections of one address that may come at once. Default 200. */
  readonly connectBurst: number
  /** Frames a second of one connection. Default 50. */
  readonly messagesPerSecond: number
  /** Frames of one connection that may come at once. Default 200. */
  readonly messageBurst: number
  /** Bytes a second of one connection. Default 256 KiB. */
  readonly bytesPerSecond: number
  /** Bytes of one connection that may come at once. Default 1 MiB. */
  readonly byteBurst: number
  /** How often within 10 s a connection may be told to slow down; the last time closes with 4429. Default 3. */
  readonly slowDowns: number
  /** Malformed frames of one connection; the last one closes with 1008. Default 3. */
  readonly malformedFrames: number
  /** Bytes that wait for a client that reads slowly. Default 1 MiB; more close with 1013. */
  readonly bufferedBytes: number
  /** How long a lost id is held for its owner, in ms. Default 30 000. */
  readonly holdTime: number
  /** Frames that wait for one held id. Default 64. */
  readonly holdFrames: number
  /** Bytes that wait for one held id. Default 256 KiB. */
  readonly holdBytes: number
  /** Bytes that wait for all held ids together. Default 64 MiB. */
  readonly heldBytes: number
  /** Time between two pings of a connection, in ms. Default 25 000. */
  readonly pingInterval: number
  /** Silence after a ping that ends a connection, in ms. Default 20 000. */
  readonly pingTimeout: number
  /** Time for a sign of life when somebody else asks for the id of a connection, in ms. Default 2 000. */
  readonly proofTimeout: number
}

/** The limits of {@link RelayLimits} that hold unless others are given. */
export const defaultLimits: RelayLimits = {
  frameBytes: 128 * 1024,
  helloBytes: 8 * 1024,
  helloTimeout: 5_000,
  fragments: 64,
  bufferedChunks: 1_024,
  requestTimeout: 10_000,
  peersPerRoom: 64,
  rooms: 10_000,
  connections: 10_000,
  connectionsPerAddress: 32,
  connectsPerSecond: 10,
  connectBurst: 200,
  messagesPerSecond: 50,
  messageBurst: 200,
  bytesPerSecond: 256 * 1024,
  byteBurst: 1024 * 1024,
  slowDowns: 3,
  malformedFrames: 3,
  bufferedBytes: 1024 * 1024,
  holdTime: 30_000,
  holdFrames: 64,
  holdBytes: 256 * 1024,
  heldBytes: 64 * 1024 * 1024,
  pingInterval: 25_000,
  pingTimeout: 20_000,
  proofTimeout: 2_000,
}

/** The defaults with what is given over them. Throws a TypeError that names a limit which is unknown or no number. */
export const resolveLimits = (given: Partial<RelayLimits> = {}): RelayLimits => {
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(defaultLimits, name)) throw new TypeError(`There is no limit ${JSON.stringify(name)}.`)
    if (!Number.isInteger(value) || value < 1)
      throw new TypeError(`The limit ${name} must be a whole number from 1 on; this is ${JSON.stringify(value)}.`)
  }
  const limits = { ...defaultLimits, ...given }
  if (limits.byteBurst < limits.frameBytes)
    throw new TypeError(`The limit byteBurst (${limits.byteBurst}) must let one frame through (${limits.frameBytes}).`)
  return limits
}
