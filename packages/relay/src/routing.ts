import { closeConnection, type Connection } from './connection.ts'
import type { RelayContext } from './context.ts'
import { confirm, greet } from './joining.ts'
import { expel, push, tell } from './membership.ts'
import { overRate, take } from './rate.ts'
import type { Member } from './rooms.ts'
import { addressEnd, aliveFrame, readdress } from './wire.ts'

/** Takes one frame of a client. This is the hot path: it reads the address, and nothing behind it. */
export const receive = (context: RelayContext, connection: Connection, data: Buffer, isBinary: boolean): void => {
  const { member } = connection
  if (!member) return receiveEarly(context, connection, data, isBinary)
  connection.heardAt = context.now
  connection.confirmed = true
  if (!take(connection.rate, data.length, context.now, context.limits)) return tooFast(context, connection, data.length)
  const end = isBinary ? -1 : addressEnd(data)
  if (end <= 0) {
    if (end === 0 && data.length === 1) push(context, connection, aliveFrame)
    else malformed(context, connection)
    return
  }
  const to = data.toString('utf8', 0, end)
  const recipient = member.room.members.get(to)
  if (!recipient || recipient === member) {
    context.counters.dropped.unreachable++
    tell(context, connection, { type: 'unreachable', to })
    return
  }
  deliver(context, recipient, readdress(data, end, member.id))
}

const deliver = (context: RelayContext, recipient: Member<Connection>, frame: Buffer): void => {
  const { counters, rooms } = context
  if (recipient.link) {
    if (!push(context, recipient.link, frame)) return
  } else if (!rooms.keep(recipient, frame)) {
    counters.dropped['hold-full']++
    return
  }
  counters.messages++
  counters.bytes += frame.length
}

/** A frame of a connection that is in no room: its hello, or something that comes too early or too late. */
const receiveEarly = (context: RelayContext, connection: Connection, data: Buffer, isBinary: boolean): void => {
  const { counters, limits, now } = context
  if (connection.phase === 'hello') return greet(context, connection, data, isBinary)
  counters.dropped[connection.phase === 'closing' ? 'closing' : 'before-welcome']++
  if (!take(connection.rate, data.length, now, limits)) closeConnection(connection, 'overRate', 'too many frames')
}

/** A ping of a client, which `ws` answers. It counts as a frame, so that a flood of them ends like any other. */
export const receivePing = (context: RelayContext, connection: Connection): void => {
  if (take(connection.rate, 0, context.now, context.limits)) return
  if (connection.member) tooFast(context, connection, 0)
  else closeConnection(connection, 'overRate', 'too many frames')
}

/**
 * A pong of a client. One that answers a ping of the relay costs it nothing: else whoever asks for its id again and
 * again would drive it over its rate, and out.
 */
export const receivePong = (context: RelayContext, connection: Connection): void => {
  confirm(context, connection)
  if (connection.awaitedPongs > 0) connection.awaitedPongs--
  else receivePing(context, connection)
}

const tooFast = (context: RelayContext, connection: Connection, bytes: number): void => {
  const { counters, limits, now } = context
  counters.dropped['over-rate']++
  const verdict = overRate(connection.rate, bytes, now, limits)
  if (verdict === 'drop') return
  if (verdict === 'close') return expel(context, connection, 'overRate', 'over the rate again and again')
  counters.slowDowns++
  tell(context, connection, { type: 'slow-down', retryAfter: verdict })
}

const malformed = (context: RelayContext, connection: Connection): void => {
  context.counters.dropped.malformed++
  if (++connection.malformedFrames < context.limits.malformedFrames) return
  expel(context, connection, 'malformedFrames', 'a frame is text: an address, a line feed, a payload')
}
