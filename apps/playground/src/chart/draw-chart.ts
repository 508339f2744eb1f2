import { svgElement } from '../element.ts'
import { titleOf } from './edge-label.ts'
import { distance, type Box, type Point } from './geometry.ts'
import { lineHeight, type Note, type PlacedChart, type PlacedEdge, type PlacedState } from './layout.ts'
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
const smallest = 0.73

/** Draws a placed chart as SVG, in its natural size. Colours are the style sheet's business. */
export const drawChart = ({ width, height, states, edges, anySpots, starts }: PlacedChart): DrawnChart => {
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
    ...starts.map(drawStart),
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

/** Of the name in the corner of a compound state. */
const nameHeight = 26

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
      ? svgElement('text', {
          x: box.x - box.width / 2 + 12,
          y: box.y - box.height / 2 + 18,
          text: state.name,
        })
      : svgElement('text', { x: box.x, y: box.y - (lines * lineHeight) / 2, class: 'middle name', text: state.name }),
    ...drawnNotes,
  )
}

/** Beneath the name: in the middle of a state, in the upper left corner of a compound one. */
const drawNotes = ({ state, box, notes }: PlacedState): readonly DrawnEdge[] => {
  const lines = notes.flatMap((note) => note.lines).length
  let y = state.isCompound
    ? box.y - box.height / 2 + nameHeight + lineHeight / 2
    : box.y + box.height / 2 - 4 - (lines - 0.5) * lineHeight
  return notes.map((note: Note) => {
    const texts = note.lines.map((text) => {
      const place = state.isCompound ? { x: box.x - box.width / 2 + 12 } : { x: box.x, class: 'middle' }
      const drawn = svgElement('text', { ...place, y, text })
      y += lineHeight
      return drawn
    })
    const title = svgElement('title', { text: titleOf(note.edge) })
    return { edge: note.edge, group: svgElement('g', { class: 'note' }, title, ...texts) }
  })
}

const drawStart = (points: readonly Point[]): SVGGElement =>
  svgElement(
    'g',
    { class: 'edge start' },
    ...line(points),
    svgElement('circle', { class: 'start-dot', cx: points[0]?.x ?? 0, cy: points[0]?.y ?? 0, r: 4 }),
  )

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

/** A line with rounded corners and an arrowhead, which leaves out its label. */
const line = (points: readonly Point[], label?: Box): SVGPathElement[] => {
  const tip = points.at(-1)
  const before = points.filter((point) => !isSame(point, tip)).at(-1)
  if (tip === undefined || before === undefined) return []
  const angle = Math.atan2(tip.y - before.y, tip.x - before.x)
  const at = (length: number, turn: number) =>
    `${tip.x - length * Math.cos(angle + turn)} ${tip.y - length * Math.sin(angle + turn)}`
  const parts = label === undefined ? [points] : cutAt(points, label)
  return [
    svgElement('path', { class: 'line', d: parts.map(roundedPath).join('') }),
    svgElement('path', { class: 'head', d: `M${tip.x} ${tip.y}L${at(8, 0.4)}L${at(8, -0.4)}Z` }),
  ]
}

/** The parts before and behind a label, through whose middle the line goes either level or straight up or down. */
const cutAt = (points: readonly Point[], { x, y, width, height }: Box): readonly (readonly Point[])[] => {
  const isAt = (one: Point, other: Point) =>
    (one.y === other.y && Math.abs(one.y - y) < 1 && (one.x - x) * (other.x - x) <= 0) ||
    (one.x === other.x && Math.abs(one.x - x) < 1 && (one.y - y) * (other.y - y) <= 0)
  const next = points.findIndex((point, index) => index > 0 && isAt(points[index - 1] ?? point, point))
  const [before, behind] = [points[next - 1], points[next]]
  if (before === undefined || behind === undefined) return [points]
  const step = { x: (Math.sign(behind.x - before.x) * width) / 2, y: (Math.sign(behind.y - before.y) * height) / 2 }
  return [
    [...points.slice(0, next), { x: x - step.x, y: y - step.y }],
    [{ x: x + step.x, y: y + step.y }, ...points.slice(next)],
  ]
}

const roundedPath = (points: readonly Point[]): string =>
  points
    .filter((point, index) => !isSame(point, points[index - 1]))
    .map((corner, index, corners) => {
      const [before, next] = [corners[index - 1], corners[index + 1]]
      if (before === undefined) return `M${corner.x} ${corner.y}`
      if (next === undefined) return `L${corner.x} ${corner.y}`
      const size = Math.min(cornerSize, distance(corner, before) / 2, distance(corner, next) / 2)
      const [start, end] = [towards(corner, before, size), towards(corner, next, size)]
      return `L${start.x} ${start.y}Q${corner.x} ${corner.y} ${end.x} ${end.y}`
    })
    .join('')

const cornerSize = 12

const isSame = (one: Point, other: Point | undefined): boolean => other !== undefined && distance(one, other) < 0.5

const towards = (from: Point, to: Point, length: number): Point => {
  const share = length / distance(from, to)
  return { x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share }
}
