import type { Participant } from './participant.ts'
import type { SessionRecord } from './session-record.ts'
import { GaveUp, type World } from './world.ts'

/** What happens in a world, by name. Each throws when something is not as it must be. */
export const scenarios: Readonly<Record<string, (world: World) => Promise<void>>> = {
  'plain call': async (world) => {
    const { caller, callee } = await connect(world)
    await chat(world, caller, callee)
    if (world.pick(2) === 0) return
    world.causes.add('hangup')
    ;(world.pick(2) === 0 ? caller : callee).session.hangup('bye')
  },

  'both call at once': async (world) => {
    const [alice, bob] = await meet(world)
    world.call(alice, 'bob')
    await world.clock.advance(world.pick(200))
    acceptCalls(world, alice, bob)
    world.call(bob, 'alice')
    const [mine, theirs] = [world.call(alice, 'bob'), world.call(bob, 'alice')]
    for (const record of [mine, theirs]) world.openChat(record)
    await whenConnected(world, mine, theirs)
    await chat(world, mine, theirs)
  },

  'renegotiation storm': async (world) => {
    const { caller, callee } = await connect(world)
    const each = 12
    for (const { session, participant } of [caller, callee])
      for (let index = 0; index < each; index += 1)
        world.later(world.pick(600), () => session.addTrack(makeTrack(participant, index)))
    const haveAll = () => [caller, callee].every(({ tracks }) => tracks.length === each)
    await world.until(haveAll, 'every track arrives', 30_000)
    await chat(world, caller, callee)
  },

  'ends at random moments': async (world) => {
    world.causes.add('hangup')
    const [alice, bob] = await meet(world)
    const answers = ['hangup', 'reject', 'accept', 'accept', 'accept'] as const
    bob.peer.on('call', ({ remoteId }) => {
      const answer = answers[world.pick(answers.length)] ?? 'accept'
      world.later(world.pick(300), () => whenRinging(world, bob, remoteId, ({ session }) => session[answer]()))
    })
    const { session } = world.call(alice, 'bob')
    world.later(world.pick(700), () => session.hangup('bye'))
    world.later(world.pick(700), () => world.recordOf(bob, 'alice')?.session.hangup())
    await world.until(() => session.getSnapshot().status === 'ended', 'the call is over')
  },

  'both call, and both may end': async (world) => {
    world.causes.add('hangup')
    const [alice, bob] = await meet(world)
    acceptCalls(world, alice, bob)
    world.call(alice, 'bob')
    await world.clock.advance(world.pick(100))
    world.call(bob, 'alice')
    const [ender, other] = world.pick(2) === 0 ? [alice, bob] : [bob, alice]
    const soon = [100, 500][world.pick(2)] ?? 0
    world.later(world.pick(soon), () => world.recordOf(ender, other.id)?.session.hangup())
    if (world.pick(2) === 0) world.later(world.pick(500), () => world.recordOf(other, ender.id)?.session.hangup())
    // Whoever is left over learns of it from the other side, not from a deadline.
    await world.clock.advance(20_000)
    const isOpen = ({ session }: SessionRecord) => !['connected', 'ended'].includes(session.getSnapshot().status)
    if (world.records.some(isOpen)) throw new GaveUp('still calling')
  },

  'reload of a page': async (world) => {
    world.causes.add('reload')
    const [alice, bob] = await meet(world)
    acceptCalls(world, bob)
    const first = world.call(alice, 'bob')
    world.openChat(first)
    await world.clock.advance(world.pick(2_000))
    // What the old page has not answered yet may go on with the new one.
    const wasTaken = first.connectedAt !== undefined
    bob.crash(world.pick(2) * 200)
    await world.clock.advance(world.pick(400))
    const bobAgain = world.join('bob')
    acceptCalls(world, bobAgain, alice)
    await world.clock.advance(1_000)
    const [end] = first.ends
    if (wasTaken && end?.reason !== 'replaced') throw new Error(`With the old page it is ${end?.reason ?? 'alive'}.`)
    const [caller, callee] = world.pick(2) === 0 ? [alice, bobAgain] : [bobAgain, alice]
    const again = await connectTo(world, caller, callee)
    await chat(world, again.caller, again.callee)
  },

  'partition between offer and answer': async (world) => {
    const [alice, bob] = await meet(world)
    acceptCalls(world, bob)
    let answeredAt = 0
    const cut = world.network.intercept(({ text }) => {
      if (!text.includes('"type":"answer"')) return
      answeredAt = world.clock.now()
      world.network.partition(true)
      world.later(3_000, () => world.network.partition(false))
      cut()
    })
    const caller = world.call(alice, 'bob')
    await whenConnected(world, caller)
    const { offers } = alice.fake.counters
    // With what is lost beside, it can take longer than Firefox waits after its answer: then it needs another connection.
    const most = (caller.connectedAt ?? 0) - answeredAt > 5_000 ? 2 : 1
    if (offers > most) throw new Error(`The partition cost ${offers} offers instead of ${most}.`)
  },

  'signaling lost for ever': async (world) => {
    const { alice, bob, caller, callee } = await connect(world)
    // The control channel opens a moment after the connection.
    await world.clock.advance(100)
    if (world.pick(2) === 0) world.network.partition(true)
    else for (const { id } of [alice, bob]) world.network.disconnect(id)
    await world.clock.advance(world.pick(60_000))
    for (const { session, participant } of [caller, callee]) session.addTrack(makeTrack(participant, 0))
    const haveAll = () => [caller, callee].every(({ tracks }) => tracks.length === 1)
    await world.until(haveAll, 'the control channel carries the renegotiation', 2_000)
    await chat(world, caller, callee)
  },

  'path lost for ever': async (world) => {
    const { caller, callee } = await connect(world)
    world.causes.add('path')
    world.fabric.cut()
    const areOver = () => [caller, callee].every(({ ends }) => ends[0]?.reason === 'failed')
    // A browser takes up to 8.6 s to see that the path is silent; then comes the ladder: two restarts, and four connections at
    // most, each for 15 s at most and 6 s after the last. Most seeds take 30 s.
    await world.until(areOver, 'both sides end as failed', 110_000)
  },

  'path lost for a while': async (world) => {
    const { caller, callee } = await connect(world)
    await world.clock.advance(world.pick(1_000))
    world.fabric.cut()
    await world.clock.advance(world.pick(20_000))
    world.fabric.heal()
    await world.clock.advance(10_000)
    await chatAgain(world, caller, callee)
  },

  'addresses changed': async (world) => {
    const { caller, callee } = await connect(world)
    for (let times = world.pick(3); times >= 0; times -= 1) {
      await world.clock.advance(world.pick(1_000))
      world.fabric.change()
      await world.clock.advance(world.pick(2) * 10_000)
    }
    await chatAgain(world, caller, callee)
  },

  'addresses changed while signaling is lost': async (world) => {
    const { caller, callee } = await connect(world)
    await world.clock.advance(world.pick(1_000))
    world.network.partition(true)
    world.fabric.change()
    await world.clock.advance(world.pick(25_000))
    world.network.partition(false)
    await world.clock.advance(5_000)
    await chatAgain(world, caller, callee)
  },

  'no path at all': async (world) => {
    const [alice, bob] = await meet(world)
    acceptCalls(world, bob)
    world.fabric.cut()
    const { ends } = world.call(alice, 'bob')
    await world.until(() => ends.length > 0, 'the call is over')
    const reason = ends[0]?.reason ?? ''
    if (reason === 'unreachable' || reason === 'unanswered') throw new GaveUp(reason)
    if (reason !== 'failed') throw new Error(`Without a path it ended as ${reason}.`)
  },

  'mesh of three': async (world) => {
    const all = ['alice', 'bob', 'carol'].map((id) => world.join(id))
    acceptCalls(world, ...all)
    await world.clock.advance(50)
    for (const from of all)
      for (const to of all) if (from !== to) world.later(world.pick(200), () => void world.call(from, to.id))
    const isComplete = () =>
      all.every(
        ({ peer: { sessions } }) =>
          sessions.length === 2 && sessions.every((session) => session.getSnapshot().status === 'connected'),
      )
    await world.until(() => isComplete() || hasGivenUp(world.records), 'everybody is connected to everybody', 120_000)
    if (!isComplete()) throw new GaveUp('mesh')
  },
}

/** Two peers that know of each other. */
const meet = async (world: World): Promise<readonly [Participant, Participant]> => {
  const both = [world.join('alice'), world.join('bob')] as const
  await world.clock.advance(50)
  return both
}

export const connect = async (world: World) => {
  const [alice, bob] = await meet(world)
  acceptCalls(world, bob)
  return { alice, bob, ...(await connectTo(world, alice, bob)) }
}

const connectTo = async (world: World, from: Participant, to: Participant) => {
  const caller = world.call(from, to.id)
  world.openChat(caller)
  await whenConnected(world, caller)
  const callee = world.recordOf(to, from.id)
  if (callee === undefined) throw new Error(`${to.name} has no session with ${from.name}.`)
  await whenConnected(world, callee)
  return { caller, callee }
}

/** On a very bad network a session may end instead, as long as both sides agree. */
const whenConnected = async (world: World, ...records: readonly SessionRecord[]): Promise<void> => {
  const areConnected = () => records.every(({ connectedAt }) => connectedAt !== undefined)
  await world.until(() => areConnected() || hasGivenUp(records), 'connected', 120_000)
  if (!areConnected()) throw new GaveUp(records.flatMap(({ ends }) => ends.map(({ reason }) => reason)).join())
}

const hasGivenUp = (records: readonly SessionRecord[]): boolean => records.some(({ ends }) => ends.length > 0)

/** Each person who is called takes a while to answer. */
const acceptCalls = (world: World, ...participants: readonly Participant[]): void => {
  for (const participant of participants)
    participant.peer.on('call', ({ remoteId }) => {
      world.later(world.pick(300), () => whenRinging(world, participant, remoteId, ({ session }) => session.accept()))
    })
}

const whenRinging = (
  world: World,
  participant: Participant,
  remoteId: string,
  act: (record: SessionRecord) => void,
): void => {
  const record = world.recordOf(participant, remoteId)
  if (participant.isAlive() && record?.session.getSnapshot().status === 'ringing') act(record)
}

/** Both send ten messages, and each comes once and in order. */
export const chat = async (world: World, ...sides: readonly [SessionRecord, SessionRecord]): Promise<void> =>
  chatWithin(world, 5_000, sides)

const chatWithin = async (
  world: World,
  limit: number,
  sides: readonly [SessionRecord, SessionRecord],
): Promise<void> => {
  for (const side of sides) side.messages.length = 0
  const texts = Array.from({ length: 10 }, (_, index) => `message ${index}`)
  for (const side of sides) for (const text of texts) world.openChat(side).send(text)
  const areComplete = () => sides.every(({ messages }) => messages.length >= texts.length)
  await world.until(areComplete, 'every message arrives', limit)
  await world.clock.advance(500)
  for (const { messages, participant } of sides)
    if (messages.join() !== texts.join()) throw new Error(`${participant.name} got ${messages.join()}.`)
}

/** Whatever happened to the path: both are connected in the end, and what is said meanwhile arrives. */
const chatAgain = async (world: World, ...sides: readonly [SessionRecord, SessionRecord]): Promise<void> => {
  const areUp = () => sides.every(({ session }) => session.getSnapshot().status === 'connected')
  await world.until(() => areUp() || hasGivenUp(sides), 'connected again', 60_000)
  if (!areUp()) throw new GaveUp('not connected again')
  await chatWithin(world, 60_000, sides)
}

/** The fake takes anything with a kind and an id. */
export const makeTrack = ({ name }: Participant, index: number): MediaStreamTrack =>
  ({ kind: index % 2 === 0 ? 'audio' : 'video', id: `${name} ${index}` }) as MediaStreamTrack
