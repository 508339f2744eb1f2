import { labelOf, noteOf } from './edge-label.ts'
import type { Box, Direction, Point } from './geometry.ts'
import { moveLevel } from './level.ts'
import { placeLevel, type Plan } from './place-level.ts'
import type { Chart, ChartEdge, ChartState } from './read-machine.ts'

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
  /** Where transitions begin that hold in each state around them, and lead to one in it. */
  readonly anySpots: readonly Box[]
  /** From a dot to the state that is entered first, for the machine and each compound state. */
  readonly starts: readonly (readonly Point[])[]
  readonly edges: readonly PlacedEdge[]
}

/** px that a text takes. */
export type Measure = (text: string, kind: 'state' | 'label') => number

export const lineHeight = 14
const stateHeight = 30
const margin = 8
/** Characters in a line of a label: what stands side by side has to be narrow. */
const lineLength = { LR: 12, TB: 22 }

/** Finds a place for all of a chart, so that nothing covers anything else and each state stands in that around it. */
export const placeChart = (chart: Chart, direction: Direction, measure: Measure): PlacedChart => {
  const ids = new Set(chart.states.map(({ id }) => id))
  const notes = chart.edges.filter((edge) => isAside(edge) && ids.has(edge.source))
  const notesOf = ({ id }: ChartState): readonly Note[] =>
    notes.filter(({ source }) => source === id).map((edge) => ({ edge, lines: noteOf(edge) }))
  const widest = (lines: readonly string[]) => Math.max(0, ...lines.map((line) => measure(line, 'label')))

  const plan: Plan = {
    chart,
    edges: chart.edges.filter((edge) => !notes.includes(edge)),
    sizeOf: (state) => {
      const lines = notesOf(state).flatMap((note) => note.lines)
      const width = Math.ceil(Math.max(measure(state.name, 'state'), widest(lines))) + 28
      return { width, height: stateHeight + lines.length * lineHeight }
    },
    labelSizeOf: (edge) => {
      const lines = labelOf(edge, lineLength[direction])
      return { width: Math.ceil(widest(lines)) + 8, height: lines.length * lineHeight + 4 }
    },
  }
  const level = placeLevel(plan, undefined, direction)
  const { size, boxes, anySpots, starts, routes, labels } = moveLevel(level, { x: margin, y: margin })
  return {
    width: size.width + 2 * margin,
    height: size.height + 2 * margin,
    states: chart.states.flatMap((state) => {
      const box = boxes.get(state.id)
      return box === undefined ? [] : [{ state, box, notes: notesOf(state) }]
    }),
    anySpots,
    starts,
    edges: plan.edges.flatMap((edge) => {
      const [points, label] = [routes.get(edge), labels.get(edge)]
      return points === undefined || label === undefined
        ? []
        : [{ edge, points, lines: labelOf(edge, lineLength[direction]), label }]
    }),
  }
}

/** What only deadlines and errors lead to would cover the way that a call takes; what leads nowhere is no way at all. */
const isAside = ({ source, target, events }: ChartEdge): boolean =>
  source === target || events.every(({ type }) => /^xstate\.(after|error)/.test(type))
