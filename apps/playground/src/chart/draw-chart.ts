import { svgElement } from '../element.ts'
import { titleOf } from './edge-label.ts'
import {
  lineHeight,
  type Box,
  type Note,
  type PlacedChart,
  type PlacedEdge,
  type PlacedState,
  type Point,
} from './layout.ts'
import type { ChartEdge } from './read-machine.ts'

/** A chart in the page, with what can be lit in it. */
export interface DrawnChart {
  readonly svg: SVGSVGElement
  readonly states: ReadonlyMap<string, SVGGElement>
  readonly edges: readonly DrawnEdge[]
}

export interface DrawnEdge {
  readonly edge: ChartEdge
  readonly group: SVGGElement
}

/** The scale below which labels are too small to read. */
const smallest = 0.9

/** Draws a placed chart as SVG, in its natural size. Colours are the style sheet's business. */
export const drawChart = ({ width, height, states, edges, anySpots, start }: PlacedChart): DrawnChart => {
  const notes = new Map(states.flatMap((placed) => drawNotes(placed).map((drawn) => [drawn.edge, drawn] as const)))
  const drawnEdges = edges.map((placed) => ({ edge: placed.edge, group: drawEdge(placed) }))
  const drawnStates = states.map((placed) => ({
    ...placed,
    group: drawState(
      placed,
      placed.notes.flatMap(({ edge }) => notes.get(edge)?.group ?? []),
    ),
  }))
  // Outer states first, then edges, then inner states: nothing hides what is within it.
  const groupsOf = (isCompound: boolean) =>
    drawnStates.filter(({ state }) => state.isCompound === isCompound).map(({ group }) => group)
  const svg = svgElement(
    'svg',
    {
      viewBox: `0 0 ${width} ${height}`,
      role: 'img',
      // It gives way a little before its box begins to scroll.
      style: `width: ${width}px; min-width: ${Math.round(width * smallest)}px`,
    },
    ...groupsOf(true),
    svgElement('g', { class: 'edge start' }, ...line(start.points)),
    svgElement('circle', { class: 'start-dot', cx: start.box.x, cy: start.box.y, r: 5 }),
    ...drawnEdges.map(({ group }) => group),
    ...edges.map(drawLabel),
    ...anySpots.map(drawSpot),
    ...groupsOf(false),
  )
  return {
    svg,
    states: new Map(drawnStates.map(({ state, group }) => [state.id, group])),
    edges: [...drawnEdges, ...notes.values()],
  }
}

const drawState = ({ state, box, notes }: PlacedState, drawnNotes: readonly SVGGElement[]): SVGGElement => {
  const radius = state.isCompound ? 10 : 15
  const lines = notes.flatMap((note) => note.lines).length
  return svgElement(
    'g',
    { class: `state ${state.isCompound ? 'compound' : ''} ${state.isFinal ? 'final' : ''}`, 'data-state': state.id },
    rect(box, 'ring bob', radius + 6, 6),
    rect(box, 'ring alice', radius + 3, 3),
    rect(box, 'shape', radius),
    ...(state.isFinal ? [rect(box, 'shape inner', radius - 3, -3)] : []),
    state.isCompound
      ? svgElement('text', { x: box.x - box.width / 2 + 12, y: box.y - box.height / 2 + 18, text: state.name })
      : svgElement('text', { x: box.x, y: box.y - (lines * lineHeight) / 2, class: 'middle name', text: state.name }),
    ...drawnNotes,
  )
}

const drawNotes = ({ box, notes }: PlacedState): readonly DrawnEdge[] => {
  let y = box.y + box.height / 2 - 4 - (notes.flatMap(({ lines }) => lines).length - 0.5) * lineHeight
  return notes.map(({ edge, lines }: Note) => {
    const texts = lines.map((text) => {
      const drawn = svgElement('text', { x: box.x, y, class: 'middle', text })
      y += lineHeight
      return drawn
    })
    return { edge, group: svgElement('g', { class: 'note' }, svgElement('title', { text: titleOf(edge) }), ...texts) }
  })
}

const drawEdge = ({ edge, points, label }: PlacedEdge): SVGGElement =>
  svgElement(
    'g',
    { class: 'edge', 'data-edge': `${edge.source}>${edge.target}` },
    svgElement('title', { text: titleOf(edge) }),
    ...line(points, label),
  )

const drawLabel = ({ edge, label, lines }: PlacedEdge): SVGGElement =>
  svgElement(
    'g',
    { class: 'label' },
    svgElement('title', { text: titleOf(edge) }),
    rect(label, 'back', 4, -1),
    ...lines.map((text, index) =>
      svgElement('text', { x: label.x, y: label.y + (index - (lines.length - 1) / 2) * lineHeight, text }),
    ),
  )

const drawSpot = (box: Box): SVGGElement =>
  svgElement(
    'g',
    { class: 'any' },
    svgElement('title', { text: 'From any state in here' }),
    rect(box, 'shape', box.height / 2),
    svgElement('text', { x: box.x, y: box.y, text: 'any' }),
  )

const rect = (box: Box, className: string, radius: number, grow = 0): SVGRectElement =>
  svgElement('rect', {
    class: className,
    x: box.x - box.width / 2 - grow,
    y: box.y - box.height / 2 - grow,
    width: box.width + 2 * grow,
    height: box.height + 2 * grow,
    rx: radius,
  })

/** A smooth line with an arrowhead, which passes beneath its label. */
const line = (points: readonly Point[], label?: Point): SVGPathElement[] => {
  const [tip, before] = [points.at(-1), points.at(-2)]
  if (tip === undefined || before === undefined) return []
  const angle = Math.atan2(tip.y - before.y, tip.x - before.x)
  const at = (length: number, turn: number) =>
    `${tip.x - length * Math.cos(angle + turn)} ${tip.y - length * Math.sin(angle + turn)}`
  return [
    svgElement('path', { class: 'line', d: curveAlong(points, label) }),
    svgElement('path', { class: 'head', d: `M${tip.x} ${tip.y}L${at(9, 0.4)}L${at(9, -0.4)}Z` }),
  ]
}

/** Each inner point bends the curve; only the middle of the label lies on it, which hides the corner there. */
const curveAlong = (points: readonly Point[], label: Point | undefined): string => {
  const isLabel = ({ x, y }: Point) => label !== undefined && Math.hypot(x - label.x, y - label.y) < 1
  const [first, ...rest] = points
  const steps = rest.map((point, index) => {
    const next = rest[index + 1]
    if (next === undefined || isLabel(point)) return `L${point.x} ${point.y}`
    const isNextFixed = index === rest.length - 2 || isLabel(next)
    const end = isNextFixed ? next : { x: (point.x + next.x) / 2, y: (point.y + next.y) / 2 }
    return `Q${point.x} ${point.y} ${end.x} ${end.y}`
  })
  return first === undefined ? '' : `M${first.x} ${first.y}${steps.join('')}`
}
