import { randomBytes, timingSafeEqual } from 'node:crypto'
import { covers } from './authorize.ts'
import { closeConnection, ping, type Connection, type Entry } from './connection.ts'
import type { RelayContext } from './context.ts'
import { parseHello, type Hello } from './hello.ts'
import { abandon, announce, push, tell, vacate } from './membership.ts'
import type { Member } from './rooms.ts'

/** What a client wants that has said hello. */
interface Claim extends Entry {
  readonly hello: Hello
}

/** Takes the first frame of a client, and lets it join or closes it. */
export const greet = (context: RelayContext, connection: Connection, data: Buffer, isBinary: boolean): void => {
  const { entry } = connection
  if (!entry) return
  if (isBinary) return closeConnection(connection, 'malformedHello', 'the first frame must be text')
  if (data.length > context.limits.helloBytes)
    return closeConnection(connection, 'malformedHello', `the first frame exceeds ${context.limits.helloBytes} bytes`)
  const hello = parseHello(data)
  if (typeof hello === 'string') return closeConnection(connection, 'malformedHello', hello)
  entry.hello = hello
  connection.phase = 'joining'
  if (!context.authorize) return claim(context, connection, { ...entry, hello })
  authorize(context, connection, { ...entry, hello }).catch((error: unknown) => {
    closeConnection(connection, 'authorizationFailed', 'it cannot be said now who may join')
    context.logger.error({ err: error }, 'authorize() failed')
  })
}

const authorize = async (context: RelayContext, connection: Connection, entry: Claim): Promise<void> => {
  const { request, hello } = entry
  const grant = await context.authorize?.({
    token: hello.token,
    origin: request.headers.origin,
    address: connection.address,
    room: hello.room,
    id: hello.id,
    request,
  })
  if (connection.phase !== 'joining') return // it was closed meanwhile
  if (covers(grant, hello)) claim(context, connection, entry)
  else closeConnection(connection, 'unauthorized', 'not allowed to join this room under this id')
}

const claim = (context: RelayContext, connection: Connection, entry: Claim): void => {
  const { hello } = entry
  const member = context.rooms.find(hello.room, hello.id)
  if (!member) return enter(context, connection, entry)
  if (isOwner(member, hello)) return takeOver(context, connection, entry, member)
  if (member.link) return ask(context, connection, member.link)
  const wait = Math.max(1, Math.ceil((member.hold?.until ?? 0) - context.now))
  closeConnection(connection, 'idHeld', `the id is held for ${wait} ms`)
}

const isOwner = ({ resume }: Member<Connection>, hello: Hello): boolean => {
  const expected = Buffer.from(resume)
  const given = Buffer.from(hello.resume ?? '')
  return given.length === expected.length && timingSafeEqual(given, expected)
}

const enter = (context: RelayContext, connection: Connection, entry: Claim): void => {
  const { room, id, instance } = entry.hello
  const resume = randomBytes(32).toString('base64url')
  const member = context.rooms.enter({ room, id, instance, resume }, connection)
  if (!member) return closeConnection(connection, 'full', 'the room is full')
  welcome(context, connection, entry, member)
  announce(context, member.room, { type: 'joined', peer: { id, instance } }, connection)
}

const takeOver = (context: RelayContext, connection: Connection, entry: Claim, member: Member<Connection>): void => {
  const before = member.link
  if (member.instance !== entry.hello.instance) {
    // The same owner, started anew: what waits is for an instance that is no more.
    vacate(context, member)
    enter(context, connection, entry)
  } else {
    const frames = context.rooms.resume(member, connection)
    context.counters.resumed++
    connection.confirmed = true
    welcome(context, connection, entry, member)
    for (const frame of frames) push(context, connection, frame)
  }
  if (!before) return
  before.member = undefined
  for (const challenger of before.challengers ?? []) challenger.deadline = context.now
  closeConnection(before, 'replaced', 'a newer socket took over')
}

const welcome = (
  context: RelayContext,
  connection: Connection,
  { openedAt, hello: { room, id } }: Claim,
  member: Member<Connection>,
): void => {
  const { limits, counters, now, logger, pseudonym } = context
  connection.member = member
  connection.entry = undefined
  connection.phase = 'joined'
  connection.deadline = now + limits.pingInterval
  counters.joined++
  context.observeJoin((now - openedAt) / 1000)
  logger.debug({ id: pseudonym(id), room: pseudonym(room), address: connection.address }, 'joined')
  const peers = [...member.room.members.values()]
    .filter((peer) => peer !== member)
    .map((peer) => ({ id: peer.id, instance: peer.instance }))
  tell(context, connection, { type: 'welcome', resume: member.resume, peers })
  // Its answer comes behind the welcome, and so says that the client has its token.
  ping(connection)
}

/** Asks the owner of an id for a sign of life, because somebody else wants it. */
const ask = (context: RelayContext, challenger: Connection, owner: Connection): void => {
  challenger.phase = 'asking'
  challenger.pingedAt = context.now
  challenger.deadline = context.now + context.limits.proofTimeout
  const isFirst = !owner.challengers?.some(({ phase }) => phase === 'asking')
  owner.challengers = isFirst ? [challenger] : [...(owner.challengers ?? []), challenger]
  if (isFirst) ping(owner)
}

/** A pong is a sign of life: whoever waits for the id of this connection will not get it. */
export const confirm = (context: RelayContext, connection: Connection): void => {
  connection.heardAt = context.now
  connection.confirmed = true
  for (const challenger of connection.challengers ?? []) refuseId(challenger)
  connection.challengers = undefined
}

/** Decides about a challenger when its time is over, or when the owner of the id is gone. */
export const decide = (context: RelayContext, challenger: Connection): void => {
  const { entry } = challenger
  if (!entry?.hello) return
  const { hello } = entry
  const owner = context.rooms.find(hello.room, hello.id)?.link
  if (owner?.challengers?.includes(challenger)) {
    if (owner.heardAt > challenger.pingedAt) return refuseId(challenger)
    abandon(context, owner, 'silent')
  }
  claim(context, challenger, { ...entry, hello })
}

const refuseId = (challenger: Connection): void => {
  if (challenger.phase === 'asking') closeConnection(challenger, 'idTaken', 'somebody who is there has this id')
}
