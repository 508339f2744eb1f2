import type { Clock } from '../clock.ts'
import type { SignalingLink } from '../signaling/transport.ts'

/** One transport of a failover. */
export interface Lane {
  link: SignalingLink | undefined
  /** `failed`: it could not join, and does not try any more. */
  state: 'opening' | 'open' | 'lost' | 'failed'
  /** Changes with each opening and each loss. */
  openings: number
}

/** What is known of the way to an id. */
interface Route {
  /** The transport that brought the last message of it. */
  heardOn: Lane | undefined
  /** Those that said that nobody has the id. */
  readonly refusedBy: Set<Lane>
  /** Messages sent since it was heard, and when the first of them was, in ms of the clock. */
  unanswered: number
  silentSince: number
}

/** Ids whose routes are remembered; ids come from the network. */
const maxRoutes = 256
/** An acknowledgement is itself answered by nothing, so one message in silence says little. */
const minUnanswered = 2

/** Decides which transports a message takes. */
export const createRoutes = ({
  lanes,
  patience,
  clock,
  seenOn,
}: {
  readonly lanes: readonly Lane[]
  readonly patience: number
  readonly clock: Clock
  readonly seenOn: (id: string) => readonly (readonly Lane[])[]
}) => {
  const routes = new Map<string, Route>()

  const routeTo = (id: string): Route => {
    const known = routes.get(id)
    const route = known ?? { heardOn: undefined, refusedBy: new Set(), unanswered: 0, silentSince: 0 }
    routes.delete(id)
    routes.set(id, route)
    const [oldest = id] = routes.keys()
    if (routes.size > maxRoutes) routes.delete(oldest)
    return route
  }

  const open = () => lanes.filter(({ state }) => state === 'open')

  return {
    choose: (id: string): Iterable<Lane> => {
      const route = routeTo(id)
      const { heardOn, refusedBy } = route
      if (route.unanswered === 0) route.silentSince = clock.now()
      const isSilent = route.unanswered >= minUnanswered && clock.now() - route.silentSince >= patience
      route.unanswered += 1
      if (isSilent) return open()

      const chosen = new Set<Lane>()
      if (heardOn?.state === 'open') chosen.add(heardOn)
      // Every instance under an id gets the message, and they may be on different transports.
      for (const [first, ...more] of seenOn(id))
        if (first !== undefined && ![first, ...more].some((lane) => chosen.has(lane))) chosen.add(first)
      if (chosen.size > 0) return chosen
      const willing = open().filter((lane) => !refusedBy.has(lane))
      return [...willing, ...open()].slice(0, 1)
    },
    heard: (lane: Lane, id: string): void => {
      const route = routeTo(id)
      route.heardOn = lane
      route.unanswered = 0
      route.refusedBy.clear()
    },
    /** A transport says that nobody has the id; whether all that are open say so. */
    refused: (lane: Lane, id: string): boolean => {
      const route = routeTo(id)
      route.refusedBy.add(lane)
      if (route.heardOn === lane) route.heardOn = undefined
      return open().every((other) => route.refusedBy.has(other))
    },
    forgetRefusals: (lane: Lane, id?: string): void => {
      const known = id === undefined ? routes.values() : [routes.get(id)]
      for (const route of known) route?.refusedBy.delete(lane)
    },
  }
}
