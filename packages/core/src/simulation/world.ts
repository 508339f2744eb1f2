import { createFabric } from '../testing/fake-fabric.ts'
import type { FakeProfile } from '../testing/fake-profile.ts'
import type { FaultOptions } from '../testing/faults.ts'
import { memoryNetwork } from '../testing/memory-network.ts'
import { createRandom } from '../testing/random.ts'
import { createVirtualClock } from '../testing/virtual-clock.ts'
import { brokenInvariants, leaks } from './invariants.ts'
import { createParticipant, type Participant } from './participant.ts'
import { createRecorder, type SessionRecord } from './session-record.ts'
import { traceOf } from './trace.ts'

export interface WorldOptions {
  readonly seed: number
  readonly faults?: FaultOptions
  /** The browser of each participant, in the order in which they join. Default: by chance. */
  readonly profiles?: readonly FakeProfile[]
  /** No control channel ever opens, so that everything goes over the network. Default false. */
  readonly withoutControl?: boolean
  /** The command that runs this world again. */
  readonly replay: string
}

/** ms. Longer than all deadlines of a session together: whatever is not over by then never will be. */
const lifetime = 180_000

/** What a script throws when the network was too bad for its call: no failure as long as both sides agree. */
export class GaveUp extends Error {}

/** Whole peers on one virtual network, one virtual clock and fake connections: the same run for the same seed. */
export const createWorld = ({ seed, faults = {}, profiles = [], withoutControl = false, replay }: WorldOptions) => {
  const clock = createVirtualClock()
  const random = createRandom(seed)
  const network = memoryNetwork({ clock, delay: 10, ...faults, seed })
  const fabric = createFabric({ clock, latency: 5 })
  const recorder = createRecorder(() => clock.now())
  const participants: Participant[] = []
  /** What the script did that may end a session that is connected. */
  const causes = new Set<string>()

  /** A whole number from 0 to `limit` - 1. */
  const pick = (limit: number): number => Math.floor(random() * limit)

  const join = (id: string): Participant => {
    const ofId = participants.filter((participant) => participant.id === id).length
    const profile = profiles[participants.length] ?? (pick(2) === 0 ? 'chromium' : 'firefox')
    const participant = createParticipant({
      id,
      name: ofId === 0 ? id : `${id}#${ofId + 1}`,
      clock,
      random,
      transport: network.transport(),
      withoutControl,
      // Some browsers take longer to make an offer than the network takes to bring one.
      webRtc: { profile, fabric, latency: [1, 5, 60][pick(3)] ?? 1 },
    })
    participants.push(participant)
    participant.peer.on('call', (session) => {
      if (!participant.isAlive()) return
      recorder.note(`${participant.name} call`)
      recorder.record(participant, session).calls += 1
    })
    recorder.note(`${participant.name} joins as ${profile}`)
    return participant
  }

  const until = async (predicate: () => boolean, what: string, limit = lifetime): Promise<void> => {
    if (!(await clock.runUntil(predicate, limit))) throw new Error(`After ${limit} ms still not: ${what}.`)
  }

  /** Lets everything come to its end: each session is connected or over. */
  const settle = async (): Promise<void> => {
    const isSettled = ({ participant, session }: SessionRecord) =>
      !participant.isAlive() || ['connected', 'ended'].includes(session.getSnapshot().status)
    await until(() => recorder.records.every(isSettled), 'every session is connected or ended')
    await clock.advance(3_000)
    await until(() => recorder.records.every(isSettled), 'every session is connected or ended')
  }

  const closeAll = async (): Promise<void> => {
    causes.add('close')
    const open = participants.filter(({ isAlive }) => isAlive())
    let closed = 0
    for (const { peer } of open) {
      void peer.close().then(() => (closed += 1))
      await clock.advance(pick(2) * pick(1_000))
    }
    await until(() => closed === open.length, 'every peer is closed', 10_000)
  }

  return {
    clock,
    random,
    pick,
    network,
    fabric,
    participants,
    records: recorder.records,
    violations: recorder.violations,
    causes,
    join,
    until,
    settle,
    closeAll,
    openChat: recorder.openChat,
    note: recorder.note,
    call: (from: Participant, to: string): SessionRecord => {
      recorder.note(`${from.name} calls ${to}`)
      return recorder.record(from, from.peer.call(to))
    },
    /** Does something to a session at a later time; what a session refuses by then is no fault of the world. */
    later: (ms: number, act: () => void): void => {
      clock.setTimeout(act, ms)
    },
    recordOf: ({ peer }: Participant, remoteId: string): SessionRecord | undefined =>
      recorder.records
        .filter(({ participant, session }) => participant.peer === peer && session.remoteId === remoteId)
        .at(-1),
    describe: (): string => traceOf({ seed, faults, replay, lines: recorder.lines, sent: network.sent }),
  }
}

export type World = ReturnType<typeof createWorld>

/** Runs a script in a world, then lets it come to rest, and holds it against the invariants, open and closed. */
export const run = async (options: WorldOptions, script: (world: World) => Promise<void>): Promise<World> => {
  const world = createWorld(options)
  const rejections: unknown[] = []
  const onRejection = (error: unknown) => rejections.push(error)
  process.on('unhandledRejection', onRejection)
  try {
    await script(world).catch((error: unknown) => {
      if (!(error instanceof GaveUp)) throw error
      world.causes.add('gave up')
    })
    await world.settle()
    assertNone(brokenInvariants(world))
    await world.closeAll()
    // Before anything else runs: a timer or a listener that is left now is left for good.
    const left = leaks(world)
    await world.clock.advance(60_000)
    assertNone([...left, ...brokenInvariants(world), ...rejections.map((error) => `I2 unhandled: ${String(error)}`)])
    if (world.clock.pending > 0) assertNone([`${world.clock.pending} timers of the network are left`])
    return world
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${world.describe()}`, { cause: error })
  } finally {
    process.off('unhandledRejection', onRejection)
  }
}

const assertNone = (violations: readonly string[]): void => {
  if (violations.length > 0) throw new Error(violations.join('\n'))
}
