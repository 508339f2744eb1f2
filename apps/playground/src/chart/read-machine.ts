/** As much of an XState machine as a chart needs. */
export interface DrawableMachine {
  readonly id: string
  readonly root: DrawableNode
  readonly implementations: { readonly delays?: Readonly<Record<string, unknown>> }
}

interface DrawableNode {
  readonly path: readonly string[]
  readonly key: string
  readonly type: string
  readonly states: Readonly<Record<string, DrawableNode>>
  readonly initial: { readonly target: readonly DrawableNode[] | undefined } | undefined
  /** Those of `on`, `after` and `invoke`. */
  readonly transitions: ReadonlyMap<string, readonly DrawableTransition[]>
  readonly always?: readonly DrawableTransition[] | undefined
}

interface DrawableTransition {
  readonly target: readonly DrawableNode[] | undefined
  readonly guard?: unknown
}

/** A state, by its path such as `active.calling`. */
export interface ChartState {
  readonly id: string
  readonly name: string
  readonly parent: string | undefined
  readonly isCompound: boolean
  /** Whether it is entered with the state around it. */
  readonly isInitial: boolean
  readonly isFinal: boolean
}

/** All transitions from one state to another. */
export interface ChartEdge {
  /** `''` is the machine itself: any state. */
  readonly source: string
  /** Always a state without states of its own: where one ends up. */
  readonly target: string
  readonly events: readonly ChartEvent[]
}

export interface ChartEvent {
  /** As XState names it; `''` for a transition that needs none. */
  readonly type: string
  readonly guard: string | undefined
  /** ms; of a deadline that is known. */
  readonly delay: number | undefined
}

export interface Chart {
  readonly id: string
  /** In the order of the machine, each before those in it. */
  readonly states: readonly ChartState[]
  readonly edges: readonly ChartEdge[]
}

/** Reads states and transitions out of a machine. What stays in its state (only acts or forwards) is left out. */
export const readMachine = ({ id, root, implementations: { delays = {} } }: DrawableMachine): Chart => {
  const states: ChartState[] = []
  const edges = new Map<string, ChartEdge>()

  const visit = (node: DrawableNode) => {
    for (const [type, transitions] of node.transitions) addEdges(node, type, transitions)
    addEdges(node, '', node.always ?? [])
    for (const child of Object.values(node.states)) {
      states.push({ ...toState(child), isInitial: node.initial?.target?.includes(child) ?? false })
      visit(child)
    }
  }
  const addEdges = (node: DrawableNode, type: string, transitions: readonly DrawableTransition[]) => {
    const named = delays[type.split('.')[2] ?? '']
    const delay = type.startsWith('xstate.after.') && typeof named === 'number' ? named : undefined
    for (const { target, guard } of transitions) {
      const [first] = target ?? []
      if (first === undefined) continue
      const [source, end] = [idOf(node), idOf(leafOf(first))]
      const key = `${source} ${end}`
      const events = edges.get(key)?.events ?? []
      edges.set(key, { source, target: end, events: [...events, { type, guard: nameOfGuard(guard), delay }] })
    }
  }
  visit(root)
  return { id, states, edges: [...edges.values()] }
}

/** Whether `outer` is `inner` or around it. */
export const isWithin = (inner: string, outer: string): boolean =>
  outer === '' || inner === outer || inner.startsWith(`${outer}.`)

const idOf = ({ path }: DrawableNode): string => path.join('.')

const toState = (node: DrawableNode): Omit<ChartState, 'isInitial'> => ({
  id: idOf(node),
  name: node.key,
  parent: node.path.length > 1 ? node.path.slice(0, -1).join('.') : undefined,
  isCompound: Object.keys(node.states).length > 0,
  isFinal: node.type === 'final',
})

const leafOf = (node: DrawableNode): DrawableNode => {
  const [first] = node.initial?.target ?? []
  return first === undefined ? node : leafOf(first)
}

const nameOfGuard = (guard: unknown): string | undefined => {
  if (guard === undefined) return undefined
  if (typeof guard === 'string') return guard
  return typeof guard === 'object' && guard !== null && 'type' in guard ? String(guard.type) : 'condition'
}
