import { isWithin, type Chart, type ChartEdge } from './read-machine.ts'

/** The part of an edge that lies in one level of the chart: beside the compound states there, not in them. */
export interface Passage {
  readonly edge: ChartEdge
  /**
   * What stands first in the order of the machine: a state, the spot that means any state, or a port, which is where
   * the edge crosses the border around all.
   */
  readonly from: string
  readonly to: string
  /** Which of both is a port. */
  readonly port: 'from' | 'to' | undefined
  /** Whether the edge leads the other way, from `to` to `from`. */
  readonly isBack: boolean
}

/** Stands for each state of a level. */
export const anyKey = ':any'

/** What of the edges lies in a state (`''`: the machine). */
export const passagesOf = ({ states }: Chart, edges: readonly ChartEdge[], id: string): readonly Passage[] => {
  const order = new Map(states.map((state, index) => [state.id, index]))
  const depth = id === '' ? 1 : id.split('.').length + 1
  const childOf = (inner: string) => inner.split('.').slice(0, depth).join('.')
  const first = firstWithin(states, id)

  return edges.flatMap((edge, index) => {
    const { source, target } = edge
    const tail = source === id ? anyKey : isWithin(source, id) ? childOf(source) : undefined
    // What comes from elsewhere to the first state ends at the border, since a dot within shows where it goes on.
    const head = isWithin(target, id) && (tail !== undefined || target !== first) ? childOf(target) : undefined
    if (tail === head || (tail === anyKey && head === undefined)) return []
    const isBack = (order.get(source) ?? -1) > (order.get(target) ?? -1)
    const port = `:port ${index}`
    const [from = port, to = port] = isBack ? [head, tail] : [tail, head]
    return [{ edge, from, to, port: from === port ? 'from' : to === port ? 'to' : undefined, isBack }]
  })
}

/** The innermost state that is entered together with one. */
const firstWithin = (states: Chart['states'], id: string): string => {
  const first = states.find(({ parent = '', isInitial }) => isInitial && parent === id)
  return first === undefined ? id : firstWithin(states, first.id)
}
