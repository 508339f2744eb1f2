import { describe, expect, it } from 'vitest'
import { createProduct, keyOf, movesOf, type Budget, type Product } from './product.ts'
import { negotiationOf, statusOf } from './product-side.ts'

interface Visit {
  readonly product: Product
  /** How the walk came here first, and so by the shortest way. */
  readonly from: string | undefined
  readonly move: string
  readonly next: string[]
  readonly isGoal: boolean
}

const both = ['alice', 'bob'] as const
const calm: Budget = { calls: ['alice'], ends: [], tracks: [], interruptions: 0 }
/** The soak walks on, to ten times as many states. */
const more = process.env['PARLEY_SEEDS'] === undefined ? 0 : 1

const walks: readonly (readonly [name: string, budget: Budget])[] = [
  ['a call with a track of each side', { ...calm, tracks: both }],
  ['a call that each side may end at any moment', { ...calm, ends: both, interruptions: 1 }],
  ['a call that each side may end, with a track of each', { ...calm, ends: ['bob'], tracks: both }],
  ['a call that loses its connection and makes another', { ...calm, interruptions: 2 + more }],
  ['two calls at once', { ...calm, calls: both, tracks: both }],
  ['two calls at once that each side may end', { ...calm, calls: both, ends: both, interruptions: more }],
]

describe('the product of two sessions and the network between them', () => {
  it.each(walks)(
    'keeps every promise in each state of %s',
    { timeout: more === 0 ? 60_000 : 600_000 },
    (name, budget) => {
      const visits = explore(createProduct(budget))
      process.stdout.write(`exploration of ${name}: ${visits.size} states\n`)
      const canEnd = reachers(visits)
      const problems = [...visits].flatMap(([key, visit]) =>
        problemsOf(visit, canEnd.has(key)).map((problem) => `${problem}\n${traceTo(visits, key)}`),
      )
      // Visits are in the order of their distance, so the first problem has the shortest trace.
      expect(problems[0], `${problems.length} problems`).toBeUndefined()
      expect(visits.size).toBeGreaterThan(100)
    },
  )
})

/** Breadth first, so that the first way to a state is the shortest. */
const explore = (start: Product): Map<string, Visit> => {
  const visits = new Map<string, Visit>()
  const visit = (product: Product, from: string | undefined, move: string): string => {
    const key = keyOf(product)
    if (!visits.has(key)) visits.set(key, { product, from, move, next: [], isGoal: isGoal(product) })
    return key
  }
  visit(start, undefined, 'start')
  // A Map goes on with what is added while it is walked.
  for (const [key, { product, next }] of visits)
    for (const { name, isProgress, to } of movesOf(product)) {
      const reached = visit(to(), key, name)
      if (isProgress) next.push(reached)
    }
  return visits
}

/** Both sides came to the same end of the same call, or have nothing to do with one another. */
const isGoal = ({ alice, bob }: Product): boolean => {
  const [mine, theirs] = [statusOf(alice), statusOf(bob)]
  if (alice.dialog === bob.dialog) return mine === theirs && /^(idle|connected|ended)/.test(mine)
  return [mine, theirs].every((status) => /^(idle|ended)/.test(status))
}

/** The states from which a goal is reached by what comes by itself, without a deadline. */
const reachers = (visits: ReadonlyMap<string, Visit>): Set<string> => {
  const before = new Map<string, string[]>()
  for (const [key, { next }] of visits) for (const one of next) before.set(one, [...(before.get(one) ?? []), key])
  const found = new Set([...visits].filter(([, visit]) => visit.isGoal).map(([key]) => key))
  for (const key of found) for (const one of before.get(key) ?? []) found.add(one)
  return found
}

const problemsOf = ({ product, next, isGoal: isAtGoal }: Visit, canEnd: boolean): readonly string[] => {
  const { alice, bob, violations } = product
  const isAtRest = next.length === 0
  // Each connection of a session has a floor of its own.
  const areTogether = alice.dialog === bob.dialog && alice.session.context.connection === bob.session.context.connection
  const holders = areTogether ? [alice, bob].filter((side) => holdsFloor(negotiationOf(side))) : []
  return [
    ...violations,
    ...(canEnd ? [] : ['Neither a connection nor an end can be reached.']),
    ...(isAtRest && !isAtGoal ? ['Nothing goes on here, and it is no end.'] : []),
    ...(holders.length > 1 ? ['Both hold the floor.'] : []),
    ...(isAtRest && statusOf(alice) === 'connected' && [alice, bob].some((side) => side.change !== 'none')
      ? ['A track was never negotiated.']
      : []),
  ]
}

const holdsFloor = (state: string): boolean =>
  ['offering', 'awaitingAnswer', 'applyingAnswer', 'stable.holdingFloor'].includes(state)

const traceTo = (visits: ReadonlyMap<string, Visit>, key: string): string => {
  const steps: string[] = []
  for (let at: string | undefined = key; at !== undefined;) {
    const visit: Visit | undefined = visits.get(at)
    if (visit === undefined) break
    const { alice, bob } = visit.product
    steps.unshift(
      `  ${visit.move}  [${[alice, bob].map((side) => `${side.id} ${statusOf(side)} ${negotiationOf(side)}`).join(' | ')}]`,
    )
    at = visit.from
  }
  return steps.join('\n')
}
