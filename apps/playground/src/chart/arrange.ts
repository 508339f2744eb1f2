import { Graph, layout } from '@dagrejs/dagre'
import type { Box, Point, Size } from './geometry.ts'

/** A line from one node to another, which stands further to the right. */
export interface Link {
  readonly from: string
  readonly to: string
  readonly label: Size
  /** Which end is a port: a point on the left (`from`) or right (`to`) border of it all. */
  readonly port?: 'from' | 'to' | undefined
}

export interface Arranged {
  readonly size: Size
  readonly boxOf: (node: string) => Box
  readonly labelOf: (link: Link) => Box
  /** Where the line passes between both of its ends: level beside what stands in a column, slanting between two. */
  readonly pathOf: (link: Link) => readonly Point[]
  /** Of the column in which a node stands. */
  readonly sidesOf: (node: string) => Sides
}

export interface Sides {
  readonly left: number
  readonly right: number
}

const gaps = { nodesep: 13, ranksep: 28, edgesep: 8 }

/**
 * Puts nodes into columns, from the left to the right, so that no line runs over what it does not belong to. Those in
 * `orders` stand in that order in their column, from above.
 */
export const arrange = (
  nodes: ReadonlyMap<string, Size>,
  links: readonly Link[],
  orders: readonly (readonly string[])[] = [],
): Arranged => {
  const columns = columnsOf(nodes, links)
  const graph = new Graph({ multigraph: true })
  graph.setGraph({ rankdir: 'LR', ...gaps })
  for (const [node, size] of nodes) graph.setNode(node, { ...size })
  const nameOf = (link: Link) => String(links.indexOf(link))
  for (const link of links) {
    const { from, to, label, port } = link
    if (port !== undefined) graph.setNode(port === 'from' ? from : to, { width: 0, height: 0 })
    const minlen = port === 'from' ? columns.before(to) : port === 'to' ? columns.behind(from) : 1
    graph.setEdge(from, to, { ...label, minlen, labelpos: 'c' }, nameOf(link))
  }
  // Each pair, since dagre looks at pairs only when it resolves what speaks against an order.
  const constraints = orders.flatMap((order) =>
    order.flatMap((left, index) => order.slice(index + 1).map((right) => ({ left, right }))),
  )
  layout(graph, { constraints })

  const boxOf = (node: string) => toBox(graph.node(node) as Box)
  const edgeOf = (link: Link) => graph.edge(link.from, link.to, nameOf(link)) as Box & { points: Point[] }
  const halves = new Map<number, number>()
  for (const { x, width } of [...graph.nodes().map(boxOf), ...links.map(edgeOf)])
    halves.set(Math.round(x), Math.max(halves.get(Math.round(x)) ?? 0, width / 2))
  const sidesAt = (x: number): Sides => {
    const half = halves.get(Math.round(x)) ?? 0
    return { left: x - half, right: x + half }
  }
  const { width = 0, height = 0 } = graph.graph() as Partial<Size>
  return {
    size: { width, height },
    boxOf,
    labelOf: (link) => toBox(edgeOf(link)),
    pathOf: (link) => {
      const inColumns = edgeOf(link).points.slice(1, -1)
      return inColumns.flatMap(({ x, y }) => [sidesAt(x).left, sidesAt(x).right].map((side) => ({ x: side, y })))
    },
    sidesOf: (node) => sidesAt(boxOf(node).x),
  }
}

/** How many columns there are before and behind a node, up to the ports: known only once the others are in theirs. */
const columnsOf = (nodes: ReadonlyMap<string, Size>, links: readonly Link[]) => {
  const graph = new Graph()
  graph.setGraph({ rankdir: 'LR' })
  for (const node of nodes.keys()) graph.setNode(node, { width: 0, height: 0 })
  for (const { from, to, port } of links) if (port === undefined) graph.setEdge(from, to, {})
  layout(graph)
  // dagre counts a column for labels after each column of nodes.
  const columnOf = (node: string) => (graph.node(node) as { rank: number }).rank / 2
  const last = Math.max(0, ...[...nodes.keys()].map(columnOf))
  return { before: (node: string) => columnOf(node) + 1, behind: (node: string) => last - columnOf(node) + 1 }
}

const toBox = ({ x, y, width, height }: Box): Box => ({ x, y, width, height })
