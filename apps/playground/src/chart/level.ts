import { shiftBy, type Box, type Point, type Size } from './geometry.ts'
import type { ChartEdge } from './read-machine.ts'

/** A compound state or the machine, with all that is in it; places count from the upper left corner. */
export interface Level {
  readonly size: Size
  readonly boxes: ReadonlyMap<string, Box>
  readonly anySpots: readonly Box[]
  readonly starts: readonly (readonly Point[])[]
  /** The part of each edge that lies within. */
  readonly routes: ReadonlyMap<ChartEdge, readonly Point[]>
  readonly labels: ReadonlyMap<ChartEdge, Box>
}

/** The same level elsewhere. */
export const moveLevel = ({ size, boxes, anySpots, starts, routes, labels }: Level, by: Point): Level => {
  const move = shiftBy(by)
  return {
    size,
    boxes: mapValues(boxes, move),
    anySpots: anySpots.map(move),
    starts: starts.map((start) => start.map(move)),
    routes: mapValues(routes, (route) => route.map(move)),
    labels: mapValues(labels, move),
  }
}

/** A level with those in it, which have their places already; what they know of an edge is part of what it knows. */
export const joinLevels = (own: Level, inner: readonly Level[]): Level => ({
  size: own.size,
  boxes: new Map([...inner, own].flatMap(({ boxes }) => [...boxes])),
  anySpots: [...inner, own].flatMap(({ anySpots }) => anySpots),
  starts: [...inner, own].flatMap(({ starts }) => starts),
  routes: new Map([...inner, own].flatMap(({ routes }) => [...routes])),
  labels: new Map([...inner, own].flatMap(({ labels }) => [...labels])),
})

const mapValues = <Key, Value, Mapped>(
  map: ReadonlyMap<Key, Value>,
  change: (value: Value) => Mapped,
): ReadonlyMap<Key, Mapped> => new Map([...map].map(([key, value]) => [key, change(value)]))
