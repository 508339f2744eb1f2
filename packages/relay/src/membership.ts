import { closeConnection, markEnded, type Connection } from './connection.ts'
import type { RelayContext } from './context.ts'
import type { Member, Room } from './rooms.ts'
import { relayFrame, type CloseName, type RelayMessage } from './wire.ts'

const text = { binary: false } as const

/**
 * Sends a frame; false when it was dropped. Whoever reads too slowly is closed: what waits for one client must never
 * grow with what others send.
 */
export const push = (context: RelayContext, connection: Connection, frame: Buffer): boolean => {
  const { socket } = connection
  if (socket.readyState !== socket.OPEN) {
    context.counters.dropped.closing++
    return false
  }
  if (socket.bufferedAmount > context.limits.bufferedBytes) {
    context.counters.dropped['slow-reader']++
    expel(context, connection, 'readsTooSlowly', 'too much waits to be read')
    return false
  }
  socket.send(frame, text)
  return true
}

/** Says something to one client. */
export const tell = (context: RelayContext, connection: Connection, message: RelayMessage): boolean =>
  push(context, connection, relayFrame(message))

/** Says something to everybody in a room who is there. */
export const announce = (context: RelayContext, room: Room<Connection>, message: RelayMessage, but?: Connection) => {
  const frame = relayFrame(message)
  for (const { link } of room.members.values()) if (link && link !== but) push(context, link, frame)
}

/** Closes the connection of a member; its id is held. */
export const expel = (context: RelayContext, connection: Connection, name: CloseName, reason: string): void => {
  depart(context, connection, 'lost')
  closeConnection(connection, name, reason)
}

/** Ends a connection that does not answer, without a word: nobody would hear it. */
export const abandon = (context: RelayContext, connection: Connection, reason: 'silent' | 'failed'): void => {
  depart(context, connection, 'lost')
  markEnded(connection, reason)
  connection.socket.terminate()
}

/** Ends one connection that met a fault of the relay, and nothing else. */
export const fail = (context: RelayContext, connection: Connection, error: unknown): void => {
  abandon(context, connection, 'failed')
  context.logger.error({ err: error, address: connection.address }, 'a connection failed')
}

/** Takes a connection out of its room: its id is free at once when it left, and held when it was lost. */
export const depart = (context: RelayContext, connection: Connection, how: 'left' | 'lost'): void => {
  const { member } = connection
  connection.member = undefined
  if (member?.link !== connection) return
  // Who never got its welcome has no token to come back with: to hold its id would lock out its next attempt.
  const held = how === 'lost' && connection.confirmed && context.rooms.hold(member, context.now)
  if (!held) vacate(context, member)
  for (const challenger of connection.challengers ?? []) challenger.deadline = context.now
}

/** Frees an id, and tells the room. */
export const vacate = (context: RelayContext, member: Member<Connection>): void => {
  context.counters.dropped['hold-over'] += context.rooms.leave(member)
  announce(context, member.room, { type: 'left', peer: { id: member.id, instance: member.instance } })
}
