import { describe, expect, it } from 'vitest'
import { callee, caller, events, sentBy, start, stateOf, take, type NegotiationSnapshot } from './machine-stage.ts'
import type { NegotiationEvent, NegotiationSignal } from './signals.ts'

/** One side: its machine, and as much of an RTCPeerConnection as negotiation depends on. */
interface Side {
  readonly machine: NegotiationSnapshot
  readonly signaling: 'stable' | 'have-local-offer' | 'have-remote-offer'
  /** Whether the connection did its part of the operation and the machine was not told yet. */
  readonly settled: boolean
  /** Changes that the application made, that the newest offer holds, and that were negotiated. */
  readonly made: number
  readonly offered: number
  readonly negotiated: number
  /** A `negotiationneeded` event is queued. */
  readonly firing: boolean
  /** Changes that the application still wants to make. */
  readonly plans: number
  /** On its way to the other side. */
  readonly sent: readonly NegotiationSignal[]
}

type World = readonly [Side, Side]

const operations = ['offering', 'applyingAnswer', 'applyingOffer', 'answering']

const send = (side: Side, event: NegotiationEvent | 'done'): Side => {
  const [machine, actions] = take(side.machine, event)
  // Only a request that crosses an offer may be ignored: the answer repeats it.
  const isIgnored = machine.context.ignored > side.machine.context.ignored
  if (isIgnored && event !== 'done' && event.type !== 'signal.floor-request')
    throw new Error(`${JSON.stringify(event)} has no meaning in ${stateOf(side.machine)}`)
  const isNewOffer = stateOf(machine) === 'offering' && stateOf(side.machine) !== 'offering'
  return {
    ...side,
    machine,
    // The offer holds what was changed before it was begun.
    offered: isNewOffer ? side.made : side.offered,
    sent: [...side.sent, ...sentBy(actions)],
  }
}

/** W3C webrtc-pc, 4.7.3: asked when something changes and when signaling becomes stable. */
const checkNeed = (side: Side): Side => ({
  ...side,
  firing: side.firing || (side.signaling === 'stable' && side.made > side.negotiated),
})

/** The connection finishes the operation in flight; a browser would throw where this throws. */
const settle = (side: Side): Side => {
  const done = { ...side, settled: true }
  const state = stateOf(side.machine)
  const [from, to] = (
    {
      offering: ['stable', 'have-local-offer'],
      applyingAnswer: ['have-local-offer', 'stable'],
      applyingOffer: ['stable', 'have-remote-offer'],
      answering: ['have-remote-offer', 'stable'],
    } as const
  )[state as 'offering']
  if (side.signaling !== from) throw new Error(`${state} in ${side.signaling}`)
  const negotiated = state === 'applyingAnswer' ? side.offered : side.negotiated
  return checkNeed({ ...done, signaling: to, negotiated })
}

/** Everything that one side may do next. */
const stepsOf = (near: Side, far: Side): readonly World[] => {
  const steps: World[] = []
  const state = stateOf(near.machine)
  const [signal, ...later] = far.sent
  if (operations.includes(state) && !near.settled) steps.push([settle(near), far])
  if (near.settled) steps.push([{ ...send(near, 'done'), settled: false }, far])
  if (near.firing) {
    const fired = { ...near, firing: false }
    const isNeeded = near.signaling === 'stable' && near.made > near.negotiated
    steps.push([isNeeded ? send(fired, events['rtc.negotiationNeeded']) : fired, far])
  }
  if (near.plans > 0) steps.push([checkNeed({ ...near, plans: near.plans - 1, made: near.made + 1 }), far])
  if (signal !== undefined) {
    const event = { ...signal, type: `signal.${signal.type}` } as NegotiationEvent
    steps.push([send(near, event), { ...far, sent: later }])
  }
  return steps
}

const swap = ([first, second]: World): World => [second, first]
const next = (world: World) => [...stepsOf(...world), ...stepsOf(...swap(world)).map(swap)]

const keyOf = (world: World) =>
  JSON.stringify(
    world.map(({ machine: { value, context }, ...side }) => [
      value,
      context.localOffer,
      context.pendingChanges,
      context.remote,
      side,
    ]),
  )

const isOffering = ({ machine, signaling }: Side) => stateOf(machine) === 'offering' || signaling === 'have-local-offer'

const check = (world: World) => {
  const told = () => world.map(({ machine }) => stateOf(machine)).join(' and ')
  if (world.every(isOffering)) throw new Error(`Both sides offer: ${told()}`)
  for (const { machine } of world) {
    if (machine.context.error !== undefined) throw new Error(`A machine failed: ${told()}`)
  }
}

/** Walks every order in which things can happen; returns the worlds in which nothing more does. */
const explore = (first: World): { readonly visited: number; readonly ends: readonly World[] } => {
  const seen = new Set([keyOf(first)])
  const open = [first]
  const ends: World[] = []
  for (let world = open.pop(); world !== undefined; world = open.pop()) {
    check(world)
    const following = next(world)
    if (following.length === 0) ends.push(world)
    for (const step of following) {
      const key = keyOf(step)
      if (!seen.has(key)) open.push(step)
      seen.add(key)
    }
  }
  return { visited: seen.size, ends }
}

const unchanged = { settled: false, made: 0, offered: 0, negotiated: 0, firing: false, sent: [] } as const

/** The caller has made its first offer, and the machine of the callee is made for it. */
const begin = (plansOfCaller: number, plansOfCallee: number): World => [
  { ...unchanged, machine: start(caller, 'rtc.opened', 'done'), signaling: 'have-local-offer', plans: plansOfCaller },
  { ...unchanged, machine: start(callee, 'rtc.opened'), signaling: 'stable', plans: plansOfCallee },
]

describe('two machines, in every order of events', () => {
  it.each([
    [0, 0],
    [1, 0],
    [0, 1],
    [1, 1],
    [2, 1],
    [1, 2],
  ])(
    'negotiate %i changes of the caller and %i of the callee, and never offer both',
    (plansOfCaller, plansOfCallee) => {
      const { ends, visited } = explore(begin(plansOfCaller, plansOfCallee))
      expect(visited).toBeGreaterThan(3)
      expect(ends.length).toBeGreaterThan(0)
      for (const end of ends) {
        expect(end.map(({ signaling }) => signaling)).toEqual(['stable', 'stable'])
        expect(end.map(({ made, negotiated }) => made - negotiated)).toEqual([0, 0])
        expect(end.map(({ machine }) => stateOf(machine)).sort()).toEqual(['stable.holdingFloor', 'stable.listening'])
      }
    },
  )
})
