import type { NegotiationEvent } from '../negotiation/signals.ts'
import { standsOver } from '../negotiation/role.ts'
import type { SessionEvent, SignalEvent } from '../session/session-event.ts'
import type { Message } from '../signaling/message.ts'
import {
  createSide,
  negotiationOf,
  otherOf,
  remoteUfragOf,
  statusOf,
  tellNegotiation,
  tellSession,
  ufragOf,
  type Effects,
  type Side,
  type SideId,
} from './product-side.ts'

/**
 * Two sessions and what is on its way between them. Delivery makes of any medium one that brings each message once
 * and in order, so each dialog has one queue in each direction, and anything may happen between any two deliveries.
 */
export interface Product {
  readonly alice: Side
  readonly bob: Side
  /** By sender and dialog. What confirms an end comes behind everything that was said before it. */
  readonly wires: Readonly<Record<string, readonly Signal[]>>
  /** What the applications and the network may still do. */
  readonly budget: Budget
  readonly violations: readonly string[]
}

/** An `ack` confirms an end. */
export type Signal = Message | { readonly type: 'ack' }

export interface Budget {
  readonly calls: readonly SideId[]
  readonly ends: readonly SideId[]
  readonly tracks: readonly SideId[]
  readonly interruptions: number
}

export interface Move {
  readonly name: string
  /** It comes by itself, sooner or later; the others are somebody's choice, or bad luck. */
  readonly isProgress: boolean
  readonly to: () => Product
}

export const createProduct = (budget: Budget): Product => ({
  alice: createSide('alice'),
  bob: createSide('bob'),
  wires: {},
  budget,
  violations: [],
})

export const movesOf = (product: Product): readonly Move[] => [
  ...(['alice', 'bob'] as const).flatMap((id) => [
    ...operationsOf(product, id),
    ...pathMovesOf(product, id),
    ...choicesOf(product, id),
  ]),
  ...deliveriesOf(product),
]

/** What two products differ in. Counters are left out: they only count. */
export const keyOf = ({ alice, bob, wires, budget }: Product): string =>
  `${keyOfSide(alice)} ${keyOfSide(bob)} ${JSON.stringify([wires, budget])}`

const keys = new WeakMap<Side, number>()
const numbers = new Map<string, number>()

/** A number for each way in which a side can be. */
const keyOfSide = (side: Side): number => {
  const known = keys.get(side)
  if (known !== undefined) return known
  const { session, negotiation, ...rest } = side
  const { role, offer, early, end, connection, renewals, offers } = session.context
  const { localOffer, remote, pendingChanges, candidates, localCandidates } = negotiation?.context ?? {}
  const { current, past, generations } = candidates ?? {}
  const text = JSON.stringify([
    [session.value, role, offer, early.generations, end, connection, renewals, offers],
    [negotiation?.value, localOffer, remote, pendingChanges, current, past, generations, localCandidates],
    rest,
  ])
  const number = numbers.get(text) ?? numbers.size
  numbers.set(text, number)
  keys.set(side, number)
  return number
}

type Act = (side: Side, effects: Effects) => Side

/** A side goes its way without regard to the other, so each of its steps is worked out only once. */
const steps = new Map<string, { readonly side: Side } & Effects>()

const step = (side: Side, name: string, act: Act) => {
  const key = `${keyOfSide(side)} ${name}`
  const known = steps.get(key)
  if (known !== undefined) return known
  const effects: Effects = { sent: [], violations: [] }
  const after = act(side, effects)
  const wasConnected = after.wasConnected || statusOf(after) === 'connected'
  const made = { ...effects, side: { ...after, wasConnected } }
  steps.set(key, made)
  return made
}

const change = (product: Product, id: SideId, name: string, act: Act): Product => {
  const { side, sent, violations } = step(product[id], name, act)
  const said = sent.reduce((all, message) => push(all, id, side.dialog, message), product.wires)
  // Whoever stood over the other's call tells when its own is over, since the other may not have heard of it.
  const isOver = side.hasRefused && side.session.status === 'done' && product[id].session.status !== 'done'
  const wires = isOver ? push(said, id, otherOf(id), cancellation) : said
  return { ...product, [id]: side, wires, violations: [...product.violations, ...violations] }
}

const push = (wires: Product['wires'], from: SideId, dialog: SideId | undefined, message: Signal): Product['wires'] => {
  const wire = `${from} on ${dialog}`
  return { ...wires, [wire]: [...(wires[wire] ?? []), message] }
}

/** What an operation in flight comes to. */
const operationsOf = (product: Product, id: SideId): readonly Move[] => {
  const side = product[id]
  const state = negotiationOf(side)
  const sdp = `v=0\r\na=ice-ufrag:${ufragOf(side)}\r\n`
  const done = (actor: string, output?: string) =>
    ({ type: `xstate.done.actor.${actor}`, output }) as unknown as NegotiationEvent
  const operations: Readonly<Record<string, NegotiationEvent>> = {
    opening: { type: 'rtc.opened' },
    offering: done('createOffer', sdp),
    applyingAnswer: done('applyAnswer'),
    applyingOffer: done('applyOffer'),
    answering: done('createAnswer', sdp),
  }
  const events: NegotiationEvent[] = []
  const operation = operations[state]
  if (operation !== undefined) events.push(operation)
  const isDescribed = !['', 'opening', 'applyingOffer'].includes(state)
  if (isDescribed && !side.hasGathered)
    events.push({
      type: 'rtc.candidates',
      ufrag: ufragOf(side),
      candidates: [{ candidate: `candidate:${ufragOf(side)}` }],
    })
  const isAboutStable = ['answering', 'applyingAnswer'].includes(state) || state.startsWith('stable.')
  if (isAboutStable && side.change === 'added') events.push({ type: 'rtc.negotiationNeeded' })
  return events.map((event) => ({
    name: `${id}: ${event.type.replace('xstate.done.actor.', '')}`,
    isProgress: true,
    to: () =>
      change(product, id, JSON.stringify(event), (before, effects) => {
        const hasGathered = before.hasGathered || event.type === 'rtc.candidates'
        const told = event.type === 'rtc.negotiationNeeded' ? 'told' : before.change
        return tellNegotiation({ ...before, hasGathered, change: told }, event, effects)
      }),
  }))
}

/** What the path between the two connections does. */
const pathMovesOf = (product: Product, id: SideId): readonly Move[] => {
  const side = product[id]
  const other = product[otherOf(id)]
  const status = statusOf(side)
  const { budget } = product
  const moveAll = (events: readonly SessionEvent[], isProgress: boolean, next: Budget = budget): Move => {
    const name = events.map(({ type }) => type).join(', ')
    const act: Act = (side, effects) => events.reduce((before, event) => tellSession(before, event, effects), side)
    return { name: `${id}: ${name}`, isProgress, to: () => change({ ...product, budget: next }, id, name, act) }
  }
  const move = (event: SessionEvent, isProgress: boolean, next?: Budget) => moveAll([event], isProgress, next)
  const isPath = remoteUfragOf(side) === ufragOf(other) && remoteUfragOf(other) === ufragOf(side)
  const interruptions = { ...budget, interruptions: budget.interruptions - 1 }
  return [
    ...(isPath && ['connecting', 'interrupted', 'recovering'].includes(status)
      ? [move({ type: 'rtc.connected' }, true)]
      : []),
    // Waits that always end, unlike the others, which are bounds: the grace of an interruption, and that before another try.
    ...(status === 'interrupted' ? [moveAll(graceIsOver, true)] : []),
    ...(side.session.matches({ active: { recovering: 'backingOff' } }) ? [move(backoffIsOver, true)] : []),
    ...(['connected', 'interrupted'].includes(status) && side.wasConnected && other.negotiation === undefined
      ? [move({ type: 'rtc.closed' }, true)]
      : []),
    ...(budget.interruptions > 0 && status === 'connected'
      ? [move({ type: 'rtc.disconnected' }, false, interruptions)]
      : []),
    ...(budget.interruptions > 0 && ['connecting', 'interrupted', 'recovering'].includes(status)
      ? [move({ type: 'rtc.failed' }, false, interruptions)]
      : []),
  ]
}

const backoffIsOver = { type: 'xstate.after.restart.session.active.recovering.backingOff' } as unknown as SessionEvent

/** In either state below `interrupted`. */
const graceIsOver = ['lost', 'closed'].map(
  (state) => ({ type: `xstate.after.grace.session.active.interrupted.${state}` }) as unknown as SessionEvent,
)

/** What the application may do. */
const choicesOf = (product: Product, id: SideId): readonly Move[] => {
  const { budget } = product
  const side = product[id]
  const status = statusOf(side)
  const isLive = side.dialog !== undefined && !status.startsWith('end')
  const choice = (name: string, next: Budget, act: Act, isProgress = false): Move => ({
    name: `${id}: ${name}`,
    isProgress,
    to: () => change({ ...product, budget: next }, id, name, act),
  })
  const send = (event: SessionEvent) => (before: Side, effects: Effects) => tellSession(before, event, effects)
  const without = (ids: readonly SideId[]) => ids.filter((one) => one !== id)
  const moves: Move[] = []
  if (status === 'ringing') moves.push(choice('accepts', budget, send({ type: 'call.accept' }), true))
  if (budget.calls.includes(id) && side.dialog === undefined)
    moves.push(
      choice('calls', { ...budget, calls: without(budget.calls) }, (before, effects) =>
        tellSession({ ...before, dialog: id }, { type: 'call.start' }, effects),
      ),
    )
  if (budget.ends.includes(id) && isLive)
    moves.push(choice('hangs up', { ...budget, ends: without(budget.ends) }, send({ type: 'call.hangup' })))
  if (budget.tracks.includes(id) && isLive)
    moves.push(
      choice('adds a track', { ...budget, tracks: without(budget.tracks) }, (before) => ({
        ...before,
        change: 'added',
      })),
    )
  return moves
}

const deliveriesOf = (product: Product): readonly Move[] =>
  Object.entries(product.wires).flatMap(([wire, [message, ...rest]]) => {
    if (message === undefined) return []
    const [from, , dialog] = wire.split(' ') as [SideId, string, SideId]
    const { [wire]: _, ...others } = product.wires
    const wires = rest.length === 0 ? others : { ...others, [wire]: rest }
    const to = () => deliver({ ...product, wires }, otherOf(from), dialog, message)
    return [{ name: `${from} -> ${otherOf(from)}: ${message.type} of the call of ${dialog}`, isProgress: true, to }]
  })

/** What a peer does with a message before the session sees it. */
const deliver = (product: Product, id: SideId, dialog: SideId, message: Signal): Product => {
  const isEnd = message.type === 'hangup' || message.type === 'reject'
  const answered = isEnd ? push(product.wires, id, dialog, { type: 'ack' }) : product.wires
  const wires = isRefused(product[id], dialog, message) ? push(answered, id, dialog, refusal) : answered
  return change({ ...product, wires }, id, `${dialog} ${JSON.stringify(message)}`, (side, effects) => {
    if (side.dialog === dialog) return tellSession(side, toEvent(message), effects)
    if (message.type !== 'offer') return side
    if (side.dialog === undefined) {
      effects.sent.push({ type: 'ringing' })
      return tellSession({ ...side, dialog }, toEvent(message), effects)
    }
    if (statusOf(side) !== 'calling') return side
    if (standsOver(id, otherOf(id))) return { ...side, hasRefused: true }
    return tellSession({ ...side, dialog }, { ...message, type: 'call.yield' }, effects)
  })
}

const cancellation: Message = { type: 'hangup', reason: 'cancelled', message: undefined }
const refusal: Message = { type: 'reject', reason: 'rejected', message: undefined }

/** A call that comes after this side's own is over rings anew. Here, whoever rings then is refused. */
const isRefused = (side: Side, dialog: SideId, { type }: Signal): boolean =>
  type === 'offer' && side.dialog !== undefined && side.dialog !== dialog && statusOf(side).startsWith('end')

const toEvent = (message: Signal): SessionEvent =>
  message.type === 'ack'
    ? { type: 'delivery.settled' }
    : ({ ...message, type: `signal.${message.type}` } as SignalEvent)
