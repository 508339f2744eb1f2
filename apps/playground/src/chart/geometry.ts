export interface Point {
  readonly x: number
  readonly y: number
}

/** px. */
export interface Size {
  readonly width: number
  readonly height: number
}

/** A rectangle about its middle. */
export type Box = Point & Size

/** From the left to the right, or from the top to the bottom. */
export type Direction = 'LR' | 'TB'

/** Turns a drawing from the left to the right into one of the direction, and back again. */
export interface Turn {
  readonly point: (point: Point) => Point
  readonly size: (size: Size) => Size
  readonly box: (box: Box) => Box
}

export const turnOf = (direction: Direction): Turn => {
  const point = ({ x, y }: Point): Point => (direction === 'TB' ? { x: y, y: x } : { x, y })
  const size = ({ width, height }: Size): Size =>
    direction === 'TB' ? { width: height, height: width } : { width, height }
  return { point, size, box: (box) => ({ ...point(box), ...size(box) }) }
}

export const shiftBy =
  (by: Point) =>
  <Shape extends Point>(shape: Shape): Shape => ({ ...shape, x: shape.x + by.x, y: shape.y + by.y })

export const clamp = (value: number, least: number, most: number): number => Math.max(least, Math.min(value, most))

export const distance = (one: Point, other: Point): number => Math.hypot(one.x - other.x, one.y - other.y)
