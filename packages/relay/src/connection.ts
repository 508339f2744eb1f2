import type { IncomingMessage } from 'node:http'
import type { WebSocket } from 'ws'
import type { EndReason } from './counters.ts'
import type { Hello } from './hello.ts'
import type { RelayLimits } from './limits.ts'
import { createRate, type Rate } from './rate.ts'
import type { Member } from './rooms.ts'
import { closeCodes, type CloseName } from './wire.ts'

/**
 * One socket. It has no timer of its own: the sweep looks at `deadline`, and `phase` says what is due then.
 *
 * - `hello`: waits for the first frame; `joining`: its authorization runs. Due: the close with 4408.
 * - `asking`: somebody else has the id and was asked for a sign of life. Due: the decision.
 * - `joined`: due: a ping. `pinged`: due: a look whether anything was heard since.
 * - `draining`: due: the close with 1012.
 * - `closing`: nothing is due; `ws` ends a closing handshake that takes too long.
 */
export interface Connection {
  readonly socket: WebSocket
  /** Where it comes from. */
  readonly address: string
  readonly rate: Rate
  phase: 'hello' | 'joining' | 'asking' | 'joined' | 'pinged' | 'draining' | 'closing'
  deadline: number
  heardAt: number
  pingedAt: number
  /** Pings that were not answered yet. */
  awaitedPongs: number
  malformedFrames: number
  /** Whether it was heard of since the welcome, and so has its resume token. */
  confirmed: boolean
  /** Those who wait for a sign of life of this one, because they want its id. */
  challengers: Connection[] | undefined
  member: Member<Connection> | undefined
  /** What is needed until it has joined, and forgotten then. */
  entry: Entry | undefined
  endedAs: EndReason | undefined
}

export interface Entry {
  readonly request: IncomingMessage
  readonly openedAt: number
  hello: Hello | undefined
}

export const createConnection = (
  socket: WebSocket,
  address: string,
  request: IncomingMessage,
  limits: RelayLimits,
  now: number,
): Connection => ({
  socket,
  address,
  rate: createRate(limits, now),
  phase: 'hello',
  deadline: now + limits.helloTimeout,
  heardAt: now,
  pingedAt: now,
  awaitedPongs: 0,
  malformedFrames: 0,
  confirmed: false,
  challengers: undefined,
  member: undefined,
  entry: { request, openedAt: now, hello: undefined },
  endedAs: undefined,
})

/** Asks for a sign of life. */
export const ping = (connection: Connection): void => {
  connection.awaitedPongs++
  connection.socket.ping()
}

/** Closes a connection that is a member of no room (any more), with the words of the reason cut to what fits. */
export const closeConnection = (connection: Connection, name: CloseName, reason: string): void => {
  if (connection.phase === 'closing') return
  markEnded(connection, name)
  // RFC 6455, section 5.5: a control frame carries at most 125 bytes, two of which are the code. Reasons are ASCII.
  connection.socket.close(closeCodes[name], reason.slice(0, 123))
}

/** From now on it neither gets nor gives anything. The first reason is the one that counts. */
export const markEnded = (connection: Connection, reason: EndReason): void => {
  connection.phase = 'closing'
  connection.deadline = Number.POSITIVE_INFINITY
  connection.entry = undefined
  connection.endedAs ??= reason
}
