import { initialTransition, transition, type AnyStateNode, type SnapshotFrom } from 'xstate'
import type { Message } from '../signaling/message.ts'
import { sessionMachine } from './machine.ts'
import type { SessionEvent } from './session-event.ts'

/** The session machine by pure transitions, for its tests: no actor runs, every deadline comes when a test says so. */
export type MachineSnapshot = SnapshotFrom<typeof sessionMachine>

/** What followed an event: the next snapshot, and the actions that an actor would carry out. */
export type Step = readonly [MachineSnapshot, readonly { readonly type: string; readonly params?: unknown }[]]

const offer = { offer: 1, sdp: 'v=0\r\na=ice-ufrag:BBBB\r\n' }

/** One of each event; a new type does not compile before it has one. */
export const events: { readonly [Type in SessionEvent['type']]: Extract<SessionEvent, { type: Type }> } = {
  'call.start': { type: 'call.start' },
  'call.accept': { type: 'call.accept' },
  'call.reject': { type: 'call.reject', reason: 'busy' },
  'call.hangup': { type: 'call.hangup' },
  'call.close': { type: 'call.close' },
  'call.yield': { type: 'call.yield', ...offer },
  'signal.offer': { type: 'signal.offer', ...offer },
  'signal.answer': { type: 'signal.answer', ...offer },
  'signal.candidates': { type: 'signal.candidates', ufrag: 'BBBB', candidates: [{ candidate: '' }] },
  'signal.floor-request': { type: 'signal.floor-request' },
  'signal.floor-grant': { type: 'signal.floor-grant' },
  'signal.ringing': { type: 'signal.ringing' },
  'signal.reconnect': { type: 'signal.reconnect', connection: 1 },
  'signal.ping': { type: 'signal.ping' },
  'signal.frozen': { type: 'signal.frozen' },
  'signal.channels': { type: 'signal.channels', received: [] },
  'signal.muted': { type: 'signal.muted', mids: [] },
  'signal.reject': { type: 'signal.reject', reason: 'rejected' },
  'signal.hangup': { type: 'signal.hangup', reason: 'failed' },
  'remote.left': { type: 'remote.left' },
  'remote.joined': { type: 'remote.joined' },
  'remote.replaced': { type: 'remote.replaced' },
  'network.changed': { type: 'network.changed' },
  'page.frozen': { type: 'page.frozen' },
  'page.woken': { type: 'page.woken' },
  'control.heard': { type: 'control.heard' },
  'delivery.heard': { type: 'delivery.heard' },
  'delivery.settled': { type: 'delivery.settled' },
  'rtc.connected': { type: 'rtc.connected' },
  'rtc.disconnected': { type: 'rtc.disconnected' },
  'rtc.failed': { type: 'rtc.failed' },
  'negotiation.failed': { type: 'negotiation.failed' },
  'rtc.closed': { type: 'rtc.closed' },
  'negotiation.signals': { type: 'negotiation.signals', messages: [{ type: 'floor-request' }] },
  'negotiation.changed': {
    type: 'negotiation.changed',
    offers: 1,
    state: 'offering',
    candidates: { queued: 0, applied: 0, stale: 0, dropped: 0 },
  },
}

/** The waits that a state may be in. */
export const deadlines = [
  'reach',
  'answer',
  'ring',
  'connect',
  'probe',
  'silence',
  'grace',
  'restart',
  'recover',
  'end',
] as const
export type Deadline = (typeof deadlines)[number]
export type Cause = SessionEvent['type'] | Deadline

/** A state in one word, such as `active.calling.unheard`. */
export const stateOf = ({ value }: { readonly value: unknown }): string =>
  typeof value === 'string'
    ? value
    : Object.entries(value as object)
        .map(([name, inner]) => `${name}.${stateOf({ value: inner })}`)
        .join(' ')

const leavesOf = (nodes: Readonly<Record<string, AnyStateNode>>): readonly string[] =>
  Object.values(nodes).flatMap(({ path, states: inner, always }) => {
    if (always !== undefined) return [] // left as soon as it is entered
    return Object.keys(inner).length === 0 ? [path.join('.')] : leavesOf(inner)
  })

/** The innermost states of the machine. */
export const states = leavesOf(sessionMachine.states as Readonly<Record<string, AnyStateNode>>)

/** The events of the waits that a state is in, by their names. */
export const waitsOf = (state: string): ReadonlyMap<string, SessionEvent> => {
  const steps = state.split('.')
  const nodes = steps.map((_, depth) => `session.${steps.slice(0, depth + 1).join('.')}`)
  const waits = nodes.flatMap((id) => {
    const known = id === 'session.ended' ? '#ended' : id
    const { ownEvents } = sessionMachine.getStateNodeById(known.replace('#', '')) as AnyStateNode
    return ownEvents.filter((type) => type.startsWith('xstate.after.'))
  })
  return new Map(waits.map((type) => [/after\.([a-z]+)/.exec(type)?.[1] ?? type, { type } as unknown as SessionEvent]))
}

export const take = (snapshot: MachineSnapshot, ...causes: readonly (Cause | SessionEvent)[]): Step =>
  causes.reduce<Step>(
    ([now], cause) => {
      const named =
        typeof cause === 'string' ? (events[cause as SessionEvent['type']] ?? waitsOf(stateOf(now)).get(cause)) : cause
      // An actor that is done takes no events; the pure function would.
      const isTaken = named !== undefined && now.status === 'active'
      return isTaken ? transition(sessionMachine, now, named) : [now, []]
    },
    [snapshot, []],
  )

/** A new session of `localId` with `remoteId` after some events. */
export const start = (localId: string, remoteId: string, ...causes: readonly (Cause | SessionEvent)[]) => {
  const input = { localId, remoteId }
  return take(initialTransition(sessionMachine, input)[0], ...causes)[0]
}

export const sentBy = (actions: Step[1]): readonly Message[] =>
  actions.flatMap(({ type, params }) =>
    type === 'xstate.emit' ? (params as { event: { messages: Message[] } }).event.messages : [],
  )

/** Everything that a step did, in words. */
export const tell = (before: MachineSnapshot, [after, actions]: Step): string => {
  const did = (type: string) => actions.some((action) => action.type === type)
  const { end } = after.context
  const effects: readonly (string | false)[] = [
    stateOf(after) !== stateOf(before) && `-> ${stateOf(after)}`,
    end !== before.context.end && end !== undefined && `${end.by} ${end.reason}`,
    did('xstate.stopChild') && 'stops',
    did('xstate.spawnChild') && 'starts',
    ...sentBy(actions).map((message) => `sends ${message.type}`),
    did('toConnection') && 'forwards',
    after.context.ignored > before.context.ignored && 'ignored',
    after.context.early.counters.queued > before.context.early.counters.queued && 'keeps it',
    after.context.negotiation !== before.context.negotiation && 'shows it',
  ]
  return effects.filter((effect) => effect !== false).join(', ')
}

const calling = start('alice', 'bob', 'call.start')
const ringing = start('alice', 'bob', 'signal.offer')
const connected = take(calling, 'signal.answer', 'rtc.connected')[0]
const interrupted = take(connected, 'rtc.disconnected')[0]
/** From a call that rings to one that recovers. */
const lost = ['call.accept', 'rtc.connected', 'rtc.disconnected', 'grace'] as const

/** A way to each state; alice is the one whose act stands when both do the same. */
export const samples: Readonly<Record<string, MachineSnapshot>> = {
  idle: start('alice', 'bob'),
  'ringing.present': ringing,
  'ringing.absent': take(ringing, 'remote.left')[0],
  'active.calling.unheard': calling,
  'active.calling.heard': take(calling, 'delivery.heard')[0],
  'active.connecting.attempting': take(calling, 'signal.answer')[0],
  'active.connecting.awaitingOffer': take(ringing, 'call.accept', 'rtc.failed')[0],
  'active.connected.live': connected,
  'active.connected.asking': take(connected, 'probe')[0],
  'active.connected.absent': take(connected, 'remote.left')[0],
  'active.connected.doubted': take(connected, 'probe', 'silence')[0],
  'active.connected.moved': take(connected, 'network.changed')[0],
  'active.connected.frozen': take(connected, 'signal.frozen')[0],
  'active.interrupted.lost': interrupted,
  'active.interrupted.closed': take(connected, 'rtc.closed')[0],
  'active.recovering.firstRestart': take(interrupted, 'grace')[0],
  'active.recovering.secondRestart': take(interrupted, 'grace', 'restart')[0],
  'active.recovering.reconnecting': take(interrupted, 'grace', 'restart', 'restart')[0],
  'active.recovering.backingOff': take(interrupted, 'grace', 'restart', 'restart', 'rtc.failed')[0],
  'active.recovering.awaitingOffer': take(start('alice', 'bob', 'signal.offer'), ...lost, 'restart', 'restart')[0],
  'active.ending': take(connected, 'call.hangup')[0],
  ending: take(ringing, 'call.reject')[0],
  ended: take(ringing, 'signal.hangup')[0],
}
