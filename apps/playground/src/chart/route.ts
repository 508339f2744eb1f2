import type { Arranged, Link, Sides } from './arrange.ts'
import { clamp, type Box, type Point } from './geometry.ts'

/** What a line has to meet. */
export interface Ends {
  readonly from: Box
  readonly to: Box
  /** Where it goes on within the one or the other. */
  readonly fromJoint: Point | undefined
  readonly toJoint: Point | undefined
  /** The borders on which ports lie. */
  readonly borders: Sides
}

/** The line of a link from one border to the other. */
export const routeOf = (arranged: Arranged, link: Link, ends: Ends): readonly Point[] => {
  const path = arranged.pathOf(link)
  const { from, to, fromJoint, toJoint, borders } = ends
  const start =
    link.port === 'from'
      ? [{ x: borders.left, y: from.y }]
      : leave(from, 'right', arranged.sidesOf(link.from), fromJoint ?? path[0])
  const end =
    link.port === 'to'
      ? [{ x: borders.right, y: to.y }]
      : leave(to, 'left', arranged.sidesOf(link.to), toJoint ?? path.at(-1))
  return [...start, ...path, ...end.reverse()]
}

/** Out of a box and level to the side of its column, where nothing else stands in the way. */
const leave = (box: Box, side: keyof Sides, column: Sides, towards: Point | undefined): Point[] => {
  const reach = Math.max(box.height / 2 - corner, 5)
  const y = clamp(towards?.y ?? box.y, box.y - reach, box.y + reach)
  return [
    { x: box.x + (side === 'left' ? -box.width : box.width) / 2, y },
    { x: column[side], y },
  ]
}

const corner = 24
