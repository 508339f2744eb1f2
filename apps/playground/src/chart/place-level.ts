import { arrange, type Link } from './arrange.ts'
import { shiftBy, turnOf, type Box, type Direction, type Point, type Size } from './geometry.ts'
import { joinLevels, moveLevel, type Level } from './level.ts'
import { anyKey, passagesOf, type Passage } from './passages.ts'
import type { Chart, ChartEdge, ChartState } from './read-machine.ts'
import { routeOf } from './route.ts'

/** What there is to place. */
export interface Plan {
  readonly chart: Chart
  readonly edges: readonly ChartEdge[]
  /** Of a state without those in it. */
  readonly sizeOf: (state: ChartState) => Size
  readonly labelSizeOf: (edge: ChartEdge) => Size
}

const padding = 14
/** Above the state that is entered first, for the dot that says so. */
const dotRoom = 18
const anySize: Size = { width: 40, height: 20 }
const noSize: Size = { width: 0, height: 0 }

/**
 * Places what is in a compound state (`undefined`: the machine), from the inside out: each is done before it takes its
 * place among its siblings, as a box like any other, so nothing else can stand in it. dagre's own compound nodes do not
 * promise that: it orders each rank by itself, and boxes that change sides on the way run into each other. An edge is
 * drawn on the level of both its ends, and goes on from the border of each box that it leaves or enters.
 */
export const placeLevel = (
  plan: Plan,
  around: ChartState | undefined,
  direction: Direction,
  order: readonly ChartEdge[] = [],
): Level => {
  const children = plan.chart.states.filter(({ parent }) => parent === around?.id)
  const passages = passagesOf(plan.chart, plan.edges, around?.id ?? '')
  const turn = turnOf(direction) // all is arranged from the left to the right, and turned afterwards
  const links = passages.map((passage) => {
    return { ...passage, label: passage.port === undefined ? turn.size(plan.labelSizeOf(passage.edge)) : noSize }
  })
  const orders = (['from', 'to'] as const).map((end) =>
    order.flatMap((edge) => links.filter((link) => link.edge === edge && link.port === end).map((link) => link[end])),
  )
  const inner = new Map<string, Level>()
  const arrangeAll = () => {
    const nodes = new Map<string, Size>()
    if (passages.some(({ from }) => from === anyKey)) nodes.set(anyKey, turn.size(anySize))
    for (const state of children) {
      const { width, height } = inner.get(state.id)?.size ?? plan.sizeOf(state)
      nodes.set(state.id, turn.size({ width, height: height + (state.isInitial ? dotRoom : 0) }))
    }
    return arrange(nodes, links, orders)
  }
  const placeInner = (orderOf: (id: string) => readonly ChartEdge[]) => {
    for (const state of children)
      if (state.isCompound)
        inner.set(state.id, placeLevel(plan, state, directionIn(plan, state, direction), orderOf(state.id)))
  }
  placeInner(() => [])
  const draft = arrangeAll()
  // Now it is known from where lines come to each border: in that order they go on within.
  if (inner.size > 0)
    placeInner((id) => {
      const heightOf = (link: Link) => draft.pathOf(link).at(link.from === id ? 0 : -1)?.y ?? 0
      const atBorder = links.filter(({ from, to }) => from === id || to === id)
      return atBorder.sort((one, other) => heightOf(one) - heightOf(other)).map(({ edge }) => edge)
    })
  const arranged = inner.size > 0 ? arrangeAll() : draft
  const boxOf = (node: string): Box => {
    const box = turn.box(arranged.boxOf(node))
    const isInitial = children.some((state) => state.id === node && state.isInitial)
    return turn.box(isInitial ? { ...box, y: box.y + dotRoom / 2, height: box.height - dotRoom } : box)
  }

  const { size, inset } = frameOf(turn.size(arranged.size), around && plan.sizeOf(around), direction, passages)
  const toPage = (point: Point): Point => shiftBy(inset)(turn.point(point))
  const toPageBox = (box: Box): Box => shiftBy(inset)(turn.box(box))
  const fromPage = (point: Point): Point => turn.point(shiftBy({ x: -inset.x, y: -inset.y })(point))
  const levels = new Map(
    [...inner].map(([id, level]) => {
      const { x, y } = toPageBox(boxOf(id))
      return [id, moveLevel(level, { x: x - level.size.width / 2, y: y - level.size.height / 2 })]
    }),
  )

  const borders = { left: fromPage({ x: 0, y: 0 }).x, right: fromPage({ x: size.width, y: size.height }).x }
  const routes = links.map((link) => {
    const { edge, from, to, isBack } = link
    const [tail, head] = isBack ? [to, from] : [from, to]
    const before = levels.get(tail)?.routes.get(edge) ?? []
    const behind = levels.get(head)?.routes.get(edge) ?? []
    const joints = [before.at(-1), behind[0]].map((joint) => joint && fromPage(joint))
    const [fromJoint, toJoint] = isBack ? joints.reverse() : joints
    const route = routeOf(arranged, link, { from: boxOf(from), to: boxOf(to), fromJoint, toJoint, borders }).map(toPage)
    return [edge, [...before, ...(isBack ? route.reverse() : route), ...behind]] as const
  })
  const own: Level = {
    size,
    boxes: new Map(children.map(({ id }) => [id, toPageBox(boxOf(id))])),
    anySpots: passages.some(({ from }) => from === anyKey) ? [toPageBox(boxOf(anyKey))] : [],
    starts: children.filter(({ isInitial }) => isInitial).map(({ id }) => startOf(toPageBox(boxOf(id)))),
    routes: new Map(routes),
    labels: new Map(
      links.filter(({ port }) => port === undefined).map((link) => [link.edge, toPageBox(arranged.labelOf(link))]),
    ),
  }
  return joinLevels(own, [...levels.values()])
}

/** Across its surroundings where that saves room; along with them where edges cross its border. */
const directionIn = ({ chart, edges }: Plan, { id }: ChartState, outside: Direction): Direction => {
  const isFlat = chart.states.every(({ parent, isCompound }) => parent !== id || !isCompound)
  const hasPorts = passagesOf(chart, edges, id).some(({ port }) => port !== undefined)
  return isFlat && !hasPorts ? (outside === 'LR' ? 'TB' : 'LR') : outside
}

/** The box around a level, with its name above: how large it is, and where the inside begins. */
const frameOf = (inside: Size, header: Size | undefined, direction: Direction, passages: readonly Passage[]) => {
  if (header === undefined) return { size: inside, inset: { x: 0, y: 0 } }
  const hasPort = (end: Passage['port']) => passages.some(({ port }) => port === end)
  // Lines go on to a port without padding, and beside the name where they come from above.
  const [before, behind] = [hasPort('from') ? 0 : padding, hasPort('to') ? 0 : padding]
  const beside = hasPort('from') ? header.width - padding : padding
  const [left, right, bottom] = direction === 'LR' ? [before, behind, padding] : [beside, padding, behind]
  const width = Math.max(left + inside.width + right, header.width)
  return {
    size: { width, height: header.height + inside.height + bottom },
    inset: { x: left + (width - left - inside.width - right) / 2, y: header.height },
  }
}

/** The arrow from the dot above. */
const startOf = ({ x, y, width, height }: Box): readonly Point[] => {
  const [left, top] = [x - width / 2 + 10, y - height / 2]
  return [
    { x: left, y: top - dotRoom + 4 },
    { x: left, y: top },
  ]
}
