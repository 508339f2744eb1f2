import { svgElement } from '../element.ts'
import { titleOf } from './edge-label.ts'
import type { Box, PlacedChart, PlacedEdge, Point } from './layout.ts'

/** A chart in the page, with what can be lit in it. */
export interface DrawnChart {
  readonly svg: SVGSVGElement
  readonly states: ReadonlyMap<string, SVGGElement>
  readonly edges: readonly { readonly edge: PlacedEdge['edge']; readonly group: SVGGElement }[]
}

/** Draws a placed chart as SVG, in its natural size. Colours are the style sheet's business. */
export const drawChart = ({ width, height, states, edges, anySpots, start }: PlacedChart): DrawnChart => {
  const stateGroups = new Map<string, SVGGElement>()
  // Outer states first, then edges, then inner ones: nothing hides what is within it.
  const outer = states.filter(({ state }) => state.isCompound)
  const inner = states.filter(({ state }) => !state.isCompound)
  const drawState = ({ state, box }: (typeof states)[number]) => {
    const group = svgElement('g', {
      class: state.isCompound ? 'state compound' : state.isFinal ? 'state final' : 'state',
      'data-state': state.id,
    })
    const radius = state.isCompound ? 10 : box.height / 2
    group.append(
      rect(box, 'ring bob', radius + 6, 6),
      rect(box, 'ring alice', radius + 3, 3),
      rect(box, 'shape', radius),
      ...(state.isFinal ? [rect(box, 'shape inner', radius - 3, -3)] : []),
      state.isCompound
        ? svgElement('text', { x: box.x - box.width / 2 + 12, y: box.y - box.height / 2 + 18, text: state.name })
        : svgElement('text', { x: box.x, y: box.y, class: 'middle', text: state.name }),
    )
    stateGroups.set(state.id, group)
    return group
  }
  const drawnEdges = edges.map((placed) => ({ edge: placed.edge, group: drawEdge(placed) }))

  const svg = svgElement(
    'svg',
    { width, height, viewBox: `0 0 ${width} ${height}`, role: 'img' },
    ...outer.map(drawState),
    svgElement('g', { class: 'edge start' }, ...line(start.points)),
    svgElement('circle', { class: 'start-dot', cx: start.box.x, cy: start.box.y, r: 5 }),
    ...drawnEdges.map(({ group }) => group),
    ...edges.map(drawLabel),
    ...anySpots.map(({ box }) => drawSpot(box)),
    ...inner.map(drawState),
  )
  return { svg, states: stateGroups, edges: drawnEdges }
}

const drawEdge = ({ edge, points }: PlacedEdge): SVGGElement =>
  svgElement(
    'g',
    { class: `edge ${isQuiet(edge) ? 'quiet' : ''}`, 'data-edge': `${edge.source}>${edge.target}` },
    svgElement('title', { text: titleOf(edge) }),
    ...line(points),
  )

/** What only goes wrong is drawn fainter than the way of a call. */
const isQuiet = ({ events }: PlacedEdge['edge']): boolean => events.every(({ type }) => /^xstate\.(after|error)/.test(type))

const drawLabel = ({ edge, label, lines }: PlacedEdge): SVGGElement =>
  svgElement(
    'g',
    { class: 'label' },
    svgElement('title', { text: titleOf(edge) }),
    svgElement('rect', {
      x: label.x - label.width / 2,
      y: label.y - label.height / 2,
      width: label.width,
      height: label.height,
      rx: 3,
    }),
    ...lines.map((text, index) =>
      svgElement('text', { x: label.x, y: label.y + (index - (lines.length - 1) / 2) * 14, text }),
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

/** A smooth line with an arrowhead. */
const line = (points: readonly Point[]): SVGPathElement[] => {
  const [tip, before] = [points.at(-1), points.at(-2)]
  if (tip === undefined || before === undefined) return []
  const angle = Math.atan2(tip.y - before.y, tip.x - before.x)
  const at = (length: number, turn: number) =>
    `${tip.x - length * Math.cos(angle + turn)} ${tip.y - length * Math.sin(angle + turn)}`
  return [
    svgElement('path', { class: 'line', d: curveThrough(points) }),
    svgElement('path', { class: 'head', d: `M${tip.x} ${tip.y}L${at(9, 0.4)}L${at(9, -0.4)}Z` }),
  ]
}

/** Rounds the corners: each inner point is the control of a curve between the middles beside it. */
const curveThrough = (points: readonly Point[]): string => {
  const [first, ...rest] = points
  const last = rest.at(-1)
  if (first === undefined || last === undefined) return ''
  const curves = rest.slice(0, -1).map((point, index) => {
    const next = rest[index + 1] ?? last
    const isLast = index === rest.length - 2
    const end = isLast ? next : { x: (point.x + next.x) / 2, y: (point.y + next.y) / 2 }
    return `Q${point.x} ${point.y} ${end.x} ${end.y}`
  })
  return `M${first.x} ${first.y}${curves.length > 0 ? curves.join('') : `L${last.x} ${last.y}`}`
}
