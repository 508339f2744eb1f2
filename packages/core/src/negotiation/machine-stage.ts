import { initialTransition, transition, type AnyStateNode, type SnapshotFrom } from 'xstate'
import { negotiationMachine } from './machine.ts'
import type { ConnectionCommand, NegotiationEvent, NegotiationInput, NegotiationSignal } from './signals.ts'

/** The negotiation machine by pure transitions, for its tests: no actor runs, every operation ends when a test says so. */
export type NegotiationSnapshot = SnapshotFrom<typeof negotiationMachine>

/** What followed an event: the next snapshot, and the actions that an actor would carry out. */
export type Step = readonly [NegotiationSnapshot, readonly { readonly type: string; readonly params?: unknown }[]]

const remoteOffer = { offer: 1, sdp: 'v=0\r\na=ice-ufrag:BBBB\r\n' }
export const candidate = { candidate: 'candidate:1 1 udp 1 192.0.2.1 9 typ host', sdpMid: '0', sdpMLineIndex: 0 }
export const caller: NegotiationInput = { role: 'caller' }
export const callee: NegotiationInput = { role: 'callee', offer: remoteOffer }

/** One of each event; a new type does not compile before it has one. */
export const events: { readonly [Type in NegotiationEvent['type']]: Extract<NegotiationEvent, { type: Type }> } = {
  'signal.offer': { type: 'signal.offer', ...remoteOffer },
  'signal.answer': { type: 'signal.answer', ...remoteOffer },
  'signal.candidates': { type: 'signal.candidates', ufrag: 'BBBB', candidates: [candidate] },
  'signal.floor-request': { type: 'signal.floor-request' },
  'signal.floor-grant': { type: 'signal.floor-grant' },
  'rtc.opened': { type: 'rtc.opened' },
  'rtc.negotiationNeeded': { type: 'rtc.negotiationNeeded' },
  'rtc.candidates': { type: 'rtc.candidates', ufrag: 'AAAA', candidates: [candidate] },
  'rtc.candidateRefused': { type: 'rtc.candidateRefused' },
  'rtc.error': { type: 'rtc.error', error: 'broken' },
  restartIce: { type: 'restartIce' },
  close: { type: 'close' },
}

/** What an operation in flight may come to, by the names of this test. */
export const outcomes = ['done', 'error', 'timeout'] as const
type Outcome = (typeof outcomes)[number]
export type Cause = NegotiationEvent['type'] | Outcome

export const stateOf = ({ value }: NegotiationSnapshot) =>
  typeof value === 'string' ? value : `stable.${value.stable}`

const leavesOf = (nodes: Readonly<Record<string, AnyStateNode>>): readonly string[] =>
  Object.values(nodes).flatMap(({ path, states: inner }) =>
    Object.keys(inner).length === 0 ? [path.join('.')] : leavesOf(inner),
  )

/** The innermost states of the machine. */
export const states = leavesOf(negotiationMachine.states as Readonly<Record<string, AnyStateNode>>)

/** The event by which XState tells what became of the operation of a state, if the state has one. */
const outcomeEvent = (state: string, outcome: Outcome): NegotiationEvent | undefined => {
  const node = negotiationMachine.getStateNodeById(`negotiation.${state}`)
  const prefix = { done: 'xstate.done.', error: 'xstate.error.', timeout: 'xstate.after.' }[outcome]
  const type = node.ownEvents.find((event) => event.startsWith(prefix))
  const payload = { done: { output: 'v=0\r\n' }, error: { error: 'refused' }, timeout: {} }[outcome]
  return type && ({ type, ...payload } as unknown as NegotiationEvent)
}

const toEvent = (state: string, cause: Cause) =>
  cause in events ? events[cause as keyof typeof events] : outcomeEvent(state, cause as Outcome)

export const take = (snapshot: NegotiationSnapshot, ...causes: readonly (Cause | NegotiationEvent)[]): Step =>
  causes.reduce<Step>(
    ([now], cause) => {
      const event = typeof cause === 'string' ? toEvent(stateOf(now), cause) : cause
      // An actor that is done takes no events; the pure function would.
      const isTaken = event !== undefined && now.status === 'active'
      return isTaken ? transition(negotiationMachine, now, event) : [now, []]
    },
    [snapshot, []],
  )

export const start = (input: NegotiationInput, ...causes: readonly (Cause | NegotiationEvent)[]): NegotiationSnapshot =>
  take(initialTransition(negotiationMachine, input)[0], ...causes)[0]

export const sentBy = (actions: Step[1]): readonly NegotiationSignal[] =>
  actions.flatMap(({ type, params }) =>
    type === 'xstate.emit' ? (params as { event: { messages: NegotiationSignal[] } }).event.messages : [],
  )

export const inWords = (signal: NegotiationSignal) =>
  'offer' in signal ? `${signal.type} ${signal.offer}` : signal.type

/** Everything that a step did, in words. */
export const tell = (before: NegotiationSnapshot, [after, actions]: Step): string => {
  const grown = (counter: (context: NegotiationSnapshot['context']) => number) =>
    counter(after.context) - counter(before.context)
  const effects: readonly (string | false)[] = [
    stateOf(after) !== stateOf(before) && `-> ${stateOf(after)}`,
    ...sentBy(actions).map((signal) => `sends ${inWords(signal)}`),
    ...actions.map(
      ({ type, params }) =>
        type === 'toConnection' && (params as ConnectionCommand).type === 'restartIce' && 'restarts',
    ),
    grown(({ ignored }) => ignored) > 0 && 'ignored',
    grown(({ remote }) => (remote.wantsFloor ? 1 : 0)) > 0 && 'keeps the request',
    grown(({ pendingChanges }) => pendingChanges) > 0 && 'keeps the change',
    grown(({ localCandidates }) => localCandidates.length) > 0 && 'holds them',
    grown(({ candidates }) => candidates.counters.queued) > 0 && 'queues it',
    grown(({ candidates }) => candidates.counters.applied) > 0 && 'applies it',
    grown(({ candidates }) => candidates.counters.dropped) > 0 && 'counts it',
  ]
  return effects.filter((effect) => effect !== false).join(', ')
}

/** A way to each state. */
export const samples: Readonly<Record<string, NegotiationSnapshot>> = {
  opening: start(caller),
  offering: start(caller, 'rtc.opened'),
  awaitingAnswer: start(caller, 'rtc.opened', 'done'),
  applyingAnswer: start(caller, 'rtc.opened', 'done', 'signal.answer'),
  'stable.holdingFloor': start(caller, 'rtc.opened', 'done', 'signal.answer', 'done'),
  applyingOffer: start(callee, 'rtc.opened'),
  answering: start(callee, 'rtc.opened', 'done'),
  'stable.listening': start(callee, 'rtc.opened', 'done', 'done'),
  'stable.requestingFloor': start(callee, 'rtc.opened', 'done', 'done', 'rtc.negotiationNeeded'),
  failed: start(caller, 'rtc.error'),
  closed: start(caller, 'close'),
}
