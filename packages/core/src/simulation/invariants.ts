import type { SessionRecord } from './session-record.ts'
import type { World } from './world.ts'

/** What must hold in a world at rest, whatever happened in it before. Each broken one in words. */
export const brokenInvariants = (world: World): string[] => [
  ...world.violations,
  ...disagreements(world.records),
  ...openConnections(world),
  ...exceededBounds(world),
  ...world.records.flatMap(repetitions),
  ...redelivered(world.records),
  ...tornDown(world),
  ...wrongCandidates(world),
]

/** I1: both ends finish connected, or with one reason that both report. */
const disagreements = (records: readonly SessionRecord[]): string[] => {
  const alive = records.filter(({ participant }) => participant.isAlive())
  const ids = new Set(alive.map(({ session }) => session.id))
  return [...ids].flatMap((id) => {
    const sides = alive.filter(({ session }) => session.id === id)
    const outcomes = new Set(sides.map(outcomeOf))
    const isHalf = sides.length === 1 && outcomes.has('connected')
    if (outcomes.size === 1 && !isHalf) return []
    const told = sides.map((side) => `${side.participant.name} ${outcomeOf(side)}`)
    return [`I1: the sides of session ${id.slice(0, 4)} disagree: ${told.join(', ')}${isHalf ? ' alone' : ''}`]
  })
}

const outcomeOf = ({ session, ends: [end] }: SessionRecord): string => {
  const { status } = session.getSnapshot()
  return status === 'ended' ? `ended as ${end?.reason}` : status
}

/** I3: as many connections as sessions need, and no more. */
const openConnections = ({ participants }: World): string[] =>
  participants.flatMap(({ name, fake, peer }) =>
    fake.open > peer.sessions.length ? [`I3: ${name} has ${fake.open} for ${peer.sessions.length} sessions`] : [],
  )

/** I4: nothing that waits grows without bound. */
const exceededBounds = ({ records, clock }: World): string[] => [
  ...records.flatMap(({ participant, session }) => {
    const { queued } = session.getSnapshot().candidates
    return queued > 8 ? [`I4: ${queued} candidates wait at ${participant.name}`] : []
  }),
  ...(clock.pending > 500 ? [`I4: ${clock.pending} timers wait`] : []),
]

/** I5: each event of the application at most once for each cause. */
const repetitions = ({ participant: { name }, calls, ends, messages, tracks, warnings }: SessionRecord): string[] => [
  ...(calls > 1 ? [`I5: ${name} heard of one call ${calls} times`] : []),
  ...(ends.length > 1 ? [`I5: ${name} heard of one end ${ends.length} times`] : []),
  ...(new Set(messages).size < messages.length ? [`I5: ${name} got a message twice: ${messages.join(' ')}`] : []),
  ...(new Set(tracks).size < tracks.length ? [`I5: ${name} heard of a track twice`] : []),
  ...warnings.map((warning) => `${name} was warned: ${warning}`),
]

/** I5, beneath: no signaling message is delivered more often than it was sent. */
const redelivered = (records: readonly SessionRecord[]): string[] =>
  records.flatMap((record) => {
    const { name, isAlive } = record.participant
    const others = records.filter(({ session }) => session !== record.session && session.id === record.session.id)
    const sent = others.flatMap(({ signals }) => signals)
    const received = record.signals.filter((signal) => signal.endsWith(record.session.id))
    const countOf = (signals: readonly string[], signal: string) => signals.filter((one) => one === signal).length
    const isTooOften = (signal: string) => {
      const times = countOf(received, signal)
      return signal.startsWith('received') && times > countOf(sent, signal.replace('received', 'sent'))
    }
    // A page that crashed does not tell what it sent.
    if (!isAlive() || others.length === 0 || others.some(({ participant }) => !participant.isAlive())) return []
    return [...new Set(received.filter(isTooOften))].map((signal) => `I5: ${name} ${signal} more than once`)
  })

/** I6: what was connected ends only by an act, or by a path that is gone. */
const tornDown = ({ records, causes }: World): string[] =>
  records.flatMap(({ participant: { name }, connectedAt, ends: [end] }) =>
    causes.size === 0 && connectedAt !== undefined && end !== undefined
      ? [`I6: ${name} was connected and ended as ${end.reason} without a cause`]
      : [],
  )

/** A fake tells when a candidate reaches a description that is not of its generation. */
const wrongCandidates = ({ participants }: World): string[] =>
  participants.flatMap(({ name, fake: { counters } }) =>
    counters.candidatesLost + counters.candidatesRefused > 0
      ? [`${name} applied candidates of another generation: ${JSON.stringify(counters)}`]
      : [],
  )

/** What a closed peer leaves behind. */
export const leaks = ({ participants }: World): string[] =>
  participants
    .filter(({ isAlive }) => isAlive())
    .flatMap(({ name, peer, fake, timers, listeners }) => [
      ...(fake.open > 0 ? [`I3: ${name} is closed with ${fake.open} open connections`] : []),
      ...(peer.sessions.length > 0 ? [`${name} is closed with ${peer.sessions.length} sessions`] : []),
      ...(timers() > 0 ? [`${name} is closed with ${timers()} timers`] : []),
      ...(listeners() > 0 ? [`${name} is closed with ${listeners()} listeners`] : []),
    ])
