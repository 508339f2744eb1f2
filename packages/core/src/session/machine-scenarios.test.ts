import { describe, expect, it } from 'vitest'
import { getShortestPaths } from 'xstate/graph'
import {
  events,
  samples,
  sentBy,
  start,
  stateOf,
  states,
  take,
  tell,
  waitsOf,
  type Cause,
  type MachineSnapshot,
} from './machine-stage.ts'
import { sessionMachine } from './machine.ts'
import type { SessionEvent } from './session-event.ts'

const hasConnection = (state: string) => state.startsWith('active.')

describe('paths', () => {
  const waits = states.flatMap((state) => [...waitsOf(state).values()])
  const paths = getShortestPaths(sessionMachine, {
    input: { localId: 'alice', remoteId: 'bob' },
    events: [...Object.values(events).filter(({ type }) => type !== 'signal.candidates'), ...waits],
    serializeState: ({ value, context }) => JSON.stringify([value, context.role, context.end]),
    stopWhen: ({ status }) => status === 'done',
  })

  it('lead to every state', () => {
    const reached = new Set(paths.map(({ state }) => stateOf(state)))
    expect(states.filter((state) => !reached.has(state))).toEqual([])
  })

  it('have a connection in the active states and in no other', () => {
    for (const { state, steps } of paths) {
      const end = steps.reduce((now, { event }) => take(now, event)[0], start('alice', 'bob'))
      expect(stateOf(end)).toBe(stateOf(state))
      if (end.status === 'active') expect('connection' in end.children).toBe(hasConnection(stateOf(end)))
    }
  })

  it('start and stop a connection in turns', () => {
    for (const { steps } of paths) {
      let running = 0
      let now = start('alice', 'bob')
      for (const { event } of steps) {
        const [next, actions] = take(now, event)
        for (const { type } of actions) {
          if (type === 'xstate.spawnChild') running += 1
          if (type === 'xstate.stopChild') running -= 1
          expect([0, 1]).toContain(running)
        }
        now = next
      }
      expect(running).toBe(hasConnection(stateOf(now)) ? 1 : 0)
    }
  })

  it('end with one reason that never changes', () => {
    for (const { state } of paths.filter(({ state: { value } }) => value === 'ended')) {
      expect(state.context.end).toBeDefined()
      for (const event of Object.values(events)) expect(take(state, event)[0].context.end).toBe(state.context.end)
    }
  })
})

describe('a call that rings', () => {
  it('has no connection until it is accepted, whatever comes', () => {
    const before = ['ringing.present', 'ringing.absent'].map((state) => samples[state]!)
    const causes = Object.keys(events).filter((type) => type !== 'call.accept') as Cause[]
    for (const snapshot of before)
      for (const first of causes)
        for (const second of causes) expect('connection' in take(snapshot, first, second)[0].children).toBe(false)
  })

  it('hands its offer and its early candidates to the connection', () => {
    const [, actions] = take(samples['ringing.present']!, 'signal.candidates', 'call.accept')
    const spawn = actions.find(({ type }) => type === 'xstate.spawnChild')
    expect(spawn?.params).toMatchObject({
      input: { role: 'callee', offer: { offer: 1 }, candidates: { counters: { queued: 1 } } },
    })
  })
})

describe('both call at once', () => {
  it.each(['active.calling.unheard', 'active.calling.heard'])('gives its own call up in %s', (state) => {
    const before = samples[state]!
    const step = take(before, 'call.yield')
    expect(tell(before, step)).toBe('-> active.connecting.attempting, stops, starts')
    const types = step[1].map(({ type }) => type).filter((type) => type.endsWith('Child'))
    expect(types).toEqual(['xstate.stopChild', 'xstate.spawnChild'])
    expect(step[0].context).toMatchObject({ role: 'callee', offer: { offer: 1 } })
    const spawn = step[1].find(({ type }) => type === 'xstate.spawnChild')
    expect(spawn?.params).toMatchObject({ input: { role: 'callee', offer: { offer: 1 } } })
  })

  it.each([
    'active.connecting.attempting',
    'active.connecting.awaitingOffer',
    'active.connected.live',
    'active.interrupted.lost',
    'active.interrupted.closed',
    'active.recovering.firstRestart',
    'active.ending',
    'ending',
    'ended',
  ])('gives nothing up in %s', (state) => {
    expect(tell(samples[state]!, take(samples[state]!, 'call.yield'))).toBe('')
  })
})

/** The events by which a side ends a session that is active, with the reason it then gives. */
const acts = {
  'call.hangup': 'hangup',
  'call.close': 'closed',
  'negotiation.failed': 'failed',
  recover: 'failed',
} as const
type Act = keyof typeof acts

const reconnecting = (localId: string, remoteId: string) =>
  start(
    ...([localId, remoteId, 'call.start', 'signal.answer', 'rtc.connected', 'rtc.disconnected'] as const),
    ...(['grace', 'restart', 'restart'] as const),
  )

/** Ends it here, and returns what the other side will read. */
const endBy = (snapshot: MachineSnapshot, act: Act): readonly [MachineSnapshot, SessionEvent] => {
  const [after, actions] = take(snapshot, act)
  const [message] = sentBy(actions)
  return [after, { ...message, type: `signal.${message?.type}` } as SessionEvent]
}

describe('both end at once', () => {
  const pairs = (Object.keys(acts) as Act[]).flatMap((first) =>
    (Object.keys(acts) as Act[]).map((second) => [first, second] as const),
  )

  it.each(pairs)('agree when alice ends by %s and bob by %s, and the messages cross', (ofAlice, ofBob) => {
    const [alice, toBob] = endBy(reconnecting('alice', 'bob'), ofAlice)
    const [bob, toAlice] = endBy(reconnecting('bob', 'alice'), ofBob)
    const waiting = take(alice, toAlice)[0]
    expect(stateOf(waiting)).toBe('active.ending')
    const ends = [take(waiting, 'delivery.settled')[0], take(bob, toBob)[0]]
    expect(ends.map(stateOf)).toEqual(['ended', 'ended'])
    expect(ends.map(({ context }) => context.end?.reason)).toEqual([acts[ofAlice], acts[ofAlice]])
    expect(ends.map(({ context }) => context.end?.by)).toEqual(['local', 'remote'])
  })

  it.each(pairs)('agree when %s came first and %s is too late', (first, second) => {
    for (const [one, other] of [
      ['alice', 'bob'],
      ['bob', 'alice'],
    ] as const) {
      const [ending, message] = endBy(reconnecting(one, other), first)
      const ended = take(reconnecting(other, one), message, second)[0]
      const confirmed = take(ending, 'delivery.settled')[0]
      expect([ended, confirmed].map(({ context }) => context.end?.reason)).toEqual([acts[first], acts[first]])
    }
  })

  it('takes the words of the end that stands', () => {
    const bob = take(reconnecting('bob', 'alice'), { type: 'call.hangup', message: 'mine' })[0]
    const end = take(bob, { type: 'signal.hangup', reason: 'closed', message: 'hers' })[0].context.end
    expect(end).toEqual({ reason: 'closed', by: 'remote', message: 'hers' })
    const alone = take(bob, { type: 'signal.hangup', reason: 'closed' })[0].context.end
    expect(alone).toEqual({ reason: 'closed', by: 'remote' })
  })

  it('lets a call that was cancelled and refused at once end for one reason', () => {
    for (const [caller, callee] of [
      ['alice', 'bob'],
      ['bob', 'alice'],
    ] as const) {
      const [cancelled, toCallee] = endBy(start(caller, callee, 'call.start'), 'call.hangup')
      const [rejected, toCaller] = endBy(start(callee, caller, 'signal.offer'), 'call.hangup')
      const reasons = [take(cancelled, toCaller)[0], take(rejected, toCallee)[0]].map(
        ({ context }) => context.end?.reason,
      )
      expect(reasons[0]).toBe(reasons[1])
      expect(reasons[0]).toBe(caller === 'alice' ? 'cancelled' : 'rejected')
    }
  })
})

describe('the message that ends a session', () => {
  it.each([
    ['call.reject', 'ringing.present', 'reject', 'busy'],
    ['call.hangup', 'ringing.present', 'reject', 'rejected'],
    ['call.close', 'ringing.present', 'hangup', 'closed'],
    ['ring', 'ringing.present', 'hangup', 'unanswered'],
    ['reach', 'ringing.absent', 'hangup', 'unreachable'],
    ['call.hangup', 'active.calling.heard', 'hangup', 'cancelled'],
    ['answer', 'active.calling.heard', 'hangup', 'unanswered'],
    ['reach', 'active.calling.unheard', 'hangup', 'unreachable'],
    ['connect', 'active.connecting.attempting', 'hangup', 'failed'],
    ['recover', 'active.recovering.reconnecting', 'hangup', 'failed'],
    ['recover', 'active.recovering.awaitingOffer', 'hangup', 'failed'],
    ['call.hangup', 'active.connected.live', 'hangup', 'hangup'],
  ] as const)('after %s in %s is a %s that says %s', (cause, state, type, reason) => {
    const [, actions] = take(samples[state]!, cause)
    expect(sentBy(actions)).toMatchObject([{ type, reason }])
  })

  it('carries what was said', () => {
    const [after, actions] = take(samples['active.connected.live']!, { type: 'call.hangup', message: 'bye' })
    expect(sentBy(actions)).toMatchObject([{ message: 'bye' }])
    expect(after.context.end).toEqual({ reason: 'hangup', by: 'local', message: 'bye' })
  })
})
