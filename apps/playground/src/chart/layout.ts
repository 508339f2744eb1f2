import { Graph, layout } from '@dagrejs/dagre'
import { labelOf, noteOf } from './edge-label.ts'
import { isWithin, type Chart, type ChartEdge, type ChartState } from './read-machine.ts'

export interface Point {
  readonly x: number
  readonly y: number
}

/** A rectangle about its middle; px. */
export interface Box extends Point {
  readonly width: number
  readonly height: number
}

export interface PlacedEdge {
  readonly edge: ChartEdge
  readonly points: readonly Point[]
  readonly lines: readonly string[]
  readonly label: Box
}

/** An edge that stands as text in the state that it leaves. */
export interface Note {
  readonly edge: ChartEdge
  readonly lines: readonly string[]
}

export interface PlacedState {
  readonly state: ChartState
  readonly box: Box
  readonly notes: readonly Note[]
}

export interface PlacedChart {
  readonly width: number
  readonly height: number
  readonly states: readonly PlacedState[]
  /** Where transitions begin that hold in each state of a compound one (`''`: of the machine). */
  readonly anySpots: readonly Box[]
  /** The dot that points at the initial state. */
  readonly start: { readonly box: Box; readonly points: readonly Point[] }
  readonly edges: readonly PlacedEdge[]
}

/** From the left to the right, or from the top to the bottom. */
export type Direction = 'LR' | 'TB'

/** px that a text takes. */
export type Measure = (text: string, kind: 'state' | 'label') => number

export const lineHeight = 14
const stateHeight = 30
const startKey = ':start'
const spotKey = (source: string): string => `${source}:any`

/** Finds a place for all of a chart, so that nothing covers anything else. */
export const placeChart = (chart: Chart, direction: Direction, measure: Measure): PlacedChart => {
  const graph = new Graph({ compound: true, multigraph: true })
  graph.setGraph({ rankdir: direction, nodesep: 22, ranksep: 24, edgesep: 12, marginx: 10, marginy: 10 })
  const compounds = new Set(['', ...chart.states.filter(({ isCompound }) => isCompound).map(({ id }) => id)])
  const notes = chart.edges.filter((edge) => isAside(edge) && !compounds.has(edge.source))
  const drawn = chart.edges.filter((edge) => !notes.includes(edge))
  const notesOf = ({ id }: ChartState): readonly Note[] =>
    notes.filter(({ source }) => source === id).map((edge) => ({ edge, lines: noteOf(edge) }))
  const widest = (lines: readonly string[]) => Math.max(0, ...lines.map((line) => measure(line, 'label')))

  for (const state of chart.states) {
    const lines = notesOf(state).flatMap((note) => note.lines)
    const width = Math.ceil(Math.max(measure(state.name, 'state'), widest(lines))) + 28
    graph.setNode(state.id, state.isCompound ? {} : { width, height: stateHeight + lines.length * lineHeight })
  }
  for (const { id, parent } of chart.states) if (parent !== undefined) graph.setParent(id, parent)

  // dagre draws no edges from a compound state: they begin at a spot within it, below all else when they lead out of it.
  const spots = [...new Set(drawn.map(({ source }) => source).filter((source) => compounds.has(source)))]
  for (const spot of spots) {
    graph.setNode(spotKey(spot), { width: 40, height: 20 })
    if (spot === '') continue
    graph.setParent(spotKey(spot), spot)
    const leadsOut = drawn.every(({ source, target }) => source !== spot || !isWithin(target, spot))
    const inner = chart.states.filter(({ id, isCompound }) => !isCompound && isWithin(id, spot))
    if (leadsOut) for (const { id } of inner) graph.setEdge(id, spotKey(spot), { weight: 0 }, 'above')
  }
  graph.setNode(startKey, { width: 10, height: 10 })
  graph.setEdge(startKey, chart.initial, { width: 0, height: 0, weight: 4 })

  const tailOf = ({ source }: ChartEdge) => (compounds.has(source) ? spotKey(source) : source)
  for (const edge of drawn) {
    const lines = labelOf(edge)
    const size = { width: Math.ceil(widest(lines)) + 8, height: lines.length * lineHeight + 4 }
    graph.setEdge(tailOf(edge), edge.target, { ...size, labelpos: 'c' })
  }
  layout(graph)

  const boxOf = (id: string) => graph.node(id) as unknown as Box
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number }
  return {
    width: Math.ceil(width),
    height: Math.ceil(height),
    states: chart.states.map((state) => ({ state, box: boxOf(state.id), notes: notesOf(state) })),
    anySpots: spots.map((spot) => boxOf(spotKey(spot))),
    start: { box: boxOf(startKey), points: graph.edge(startKey, chart.initial).points ?? [] },
    edges: drawn.map((edge) => {
      const { points, ...label } = graph.edge(tailOf(edge), edge.target) as unknown as Box & { points: Point[] }
      return { edge, points, lines: labelOf(edge), label }
    }),
  }
}

/** What only deadlines and errors lead to would cover the way that a call takes. */
const isAside = ({ events }: ChartEdge): boolean => events.every(({ type }) => /^xstate\.(after|error)/.test(type))
