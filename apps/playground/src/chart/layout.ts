import { Graph, layout } from '@dagrejs/dagre'
import { labelOf } from './edge-label.ts'
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

export interface PlacedChart {
  readonly width: number
  readonly height: number
  readonly states: readonly { readonly state: ChartState; readonly box: Box }[]
  /** Where transitions begin that hold in each state of a compound one (`''`: of the machine). */
  readonly anySpots: readonly { readonly of: string; readonly box: Box }[]
  /** The dot that points at the initial state. */
  readonly start: { readonly box: Box; readonly points: readonly Point[] }
  readonly edges: readonly PlacedEdge[]
}

/** px that a text takes. */
export type Measure = (text: string, kind: 'state' | 'label') => number

const stateHeight = 32
const lineHeight = 14
const startKey = ':start'
const spotKey = (source: string): string => `${source}:any`

/** Finds a place for all of a chart, so that nothing covers anything else. */
export const placeChart = (chart: Chart, measure: Measure): PlacedChart => {
  const graph = new Graph({ compound: true, multigraph: true })
  graph.setGraph({ rankdir: 'TB', nodesep: 26, ranksep: 26, edgesep: 14, marginx: 12, marginy: 12 })
  const compounds = chart.states.filter(({ isCompound }) => isCompound)
  const isCompound = (id: string) => id === '' || compounds.some((state) => state.id === id)

  for (const { id, name, isCompound: isOuter } of chart.states)
    graph.setNode(id, isOuter ? {} : { width: Math.ceil(measure(name, 'state')) + 28, height: stateHeight })
  for (const { id, parent } of chart.states) if (parent !== undefined) graph.setParent(id, parent)

  // dagre draws no edges from a compound state: they begin at a spot within it.
  for (const source of new Set(chart.edges.map((edge) => edge.source).filter(isCompound))) {
    const isInner = chart.edges.some((edge) => edge.source === source && isWithin(edge.target, source))
    graph.setNode(spotKey(source), isInner ? { width: 40, height: 20 } : { width: 1, height: 1 })
    if (source !== '') graph.setParent(spotKey(source), source)
  }
  graph.setNode(startKey, { width: 10, height: 10 })
  graph.setEdge(startKey, chart.initial, { width: 0, height: 0, weight: 4 })

  const tailOf = ({ source }: ChartEdge) => (isCompound(source) ? spotKey(source) : source)
  for (const edge of chart.edges) {
    const lines = labelOf(edge)
    const width = Math.ceil(Math.max(...lines.map((line) => measure(line, 'label')))) + 8
    graph.setEdge(tailOf(edge), edge.target, { width, height: lines.length * lineHeight + 4, labelpos: 'c' })
  }
  layout(graph)

  const boxOf = (id: string) => graph.node(id) as unknown as Box
  const isDrawn = (of: string) => boxOf(spotKey(of)).width > 1
  const spots = [...new Set(chart.edges.map(({ source }) => source).filter(isCompound))]
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number }
  return {
    width: Math.ceil(width),
    height: Math.ceil(height),
    states: chart.states.map((state) => ({ state, box: boxOf(state.id) })),
    anySpots: spots.filter(isDrawn).map((of) => ({ of, box: boxOf(spotKey(of)) })),
    start: { box: boxOf(startKey), points: graph.edge(startKey, chart.initial).points ?? [] },
    edges: chart.edges.map((edge) => {
      const { points = [], ...label } = graph.edge(tailOf(edge), edge.target) as unknown as Box & { points: Point[] }
      const isFromBorder = isCompound(edge.source) && !isDrawn(edge.source)
      return {
        edge,
        points: isFromBorder ? leave(points, boxOf(edge.source)) : points,
        lines: labelOf(edge),
        label,
      }
    }),
  }
}

/** The part of a line that is outside of a box in which it begins. */
const leave = (points: readonly Point[], box: Box): readonly Point[] => {
  const isInside = ({ x, y }: Point) => Math.abs(x - box.x) <= box.width / 2 && Math.abs(y - box.y) <= box.height / 2
  const index = points.findIndex((point) => !isInside(point))
  const [inner, outer] = [points[index - 1], points[index]]
  if (inner === undefined || outer === undefined) return points
  return [cross(inner, outer, box), ...points.slice(index)]
}

/** Where the way from a point within a box to one outside of it crosses the border. */
const cross = (inner: Point, outer: Point, box: Box): Point => {
  const [dx, dy] = [outer.x - inner.x, outer.y - inner.y]
  const edgeX = box.x + (Math.sign(dx) * box.width) / 2
  const edgeY = box.y + (Math.sign(dy) * box.height) / 2
  const share = Math.min(dx === 0 ? 1 : (edgeX - inner.x) / dx, dy === 0 ? 1 : (edgeY - inner.y) / dy)
  return { x: inner.x + dx * share, y: inner.y + dy * share }
}
