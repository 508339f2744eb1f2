import { systemClock, type Clock } from '../clock.ts'
import { addressKey } from '../signaling/address-key.ts'
import type { PeerAddress, SignalingLink, SignalingTransport } from '../signaling/transport.ts'
import { createRoutes, type Lane } from './failover-routes.ts'

/** What `failover` takes beside the transports. */
export interface FailoverOptions {
  /**
   * ms that somebody may be silent before messages for them take every open transport at once. Default 700: more than
   * an acknowledgement takes, less than the 750 ms after which core first sends again.
   */
  readonly patience?: number
  /** ms for which somebody whom only a lost transport knew stays present, so that it can return. Default 10 000. */
  readonly grace?: number
  /** For tests that own the time. */
  readonly clock?: Clock
}

/** Somebody in the room, with the transports that tell so. */
interface Sight {
  readonly peer: PeerAddress
  /** For each transport: the opening of it in which it told. */
  readonly claims: Map<Lane, number>
  /** The opening of the whole in which this was told. */
  told: number
}

/**
 * Several transports as one: the room is reached while any of them is open.
 *
 * A message takes one transport, the first in the list that reaches its recipient, so nothing costs more messages than
 * before. It takes all of them only for somebody who stays silent, because a link can be dead without saying so; what
 * arrives twice is dropped by core. The list must be the same on all sides, its order need not.
 */
export const failover =
  (transports: readonly SignalingTransport[], options: FailoverOptions = {}): SignalingTransport =>
  (join) => {
    const { patience = 700, grace = 10_000, clock = systemClock } = options
    const lanes: Lane[] = transports.map(() => ({ link: undefined, state: 'opening', openings: 0 }))
    const sights = new Map<string, Sight>()
    let opening = 0
    let closed = false
    let review: unknown

    const isOpen = () => lanes.some(({ state }) => state === 'open')
    const has = (lane: Lane, { claims }: Sight) => claims.get(lane) === lane.openings
    const routes = createRoutes({
      lanes,
      patience,
      clock,
      /** For each instance under an id: the open transports that see it. */
      seenOn: (id) =>
        [...sights.values()]
          .filter(({ peer }) => peer.id === id)
          .map((sight) => lanes.filter((lane) => lane.state === 'open' && has(lane, sight))),
    })

    const open = (lane: Lane) => {
      const wasOpen = isOpen()
      lane.state = 'open'
      lane.openings += 1
      routes.forgetRefusals(lane)
      reviewLater()
      if (wasOpen) return
      opening += 1
      join.onOpen()
    }

    const lose = (lane: Lane, reason?: Error) => {
      const wasOpen = lane.state === 'open'
      if (reason !== undefined) lane.state = 'failed'
      else if (wasOpen) lane.state = 'lost'
      if (wasOpen) {
        // What it told counts as old now, and is not what the next opening tells.
        lane.openings += 1
        reviewLater()
      }
      if (lanes.every(({ state }) => state === 'failed')) join.onClose(reason)
      else if (wasOpen && !isOpen()) join.onClose()
    }

    const see = (lane: Lane, peer: PeerAddress) => {
      const sight = sights.get(addressKey(peer)) ?? { peer, claims: new Map(), told: 0 }
      sights.set(addressKey(peer), sight)
      sight.claims.set(lane, lane.openings)
      routes.forgetRefusals(lane, peer.id)
      if (sight.told === opening) return
      sight.told = opening
      join.onPresence({ type: 'joined', peer: sight.peer })
    }

    const miss = (lane: Lane, peer: PeerAddress) => {
      const sight = sights.get(addressKey(peer))
      if (!sight?.claims.delete(lane)) return
      if (sight.claims.size === 0) tellLeft(sight)
      else reviewLater() // the others that told of it may be lost
    }

    const tellLeft = ({ peer }: Sight) => {
      sights.delete(addressKey(peer))
      if (!closed) join.onPresence({ type: 'left', peer })
    }

    /** Nobody leaves because a transport died; who is not seen again after a while has left. */
    const reviewLater = () => {
      clock.clearTimeout(review)
      if (closed) return
      review = clock.setTimeout(() => {
        if (!isOpen()) return // nobody knows anything; the next opening asks again
        for (const sight of sights.values()) if (!lanes.some((lane) => has(lane, sight))) tellLeft(sight)
      }, grace)
    }

    const enter = (transport: SignalingTransport, lane: Lane): SignalingLink => {
      const unlessClosed =
        <Args extends readonly unknown[]>(run: (...args: Args) => void) =>
        (...args: Args) => {
          if (!closed) run(...args)
        }
      return transport({
        ...join,
        onOpen: unlessClosed(() => open(lane)),
        onClose: unlessClosed((reason) => lose(lane, reason)),
        onPresence: unlessClosed(({ type, peer }) => (type === 'joined' ? see(lane, peer) : miss(lane, peer))),
        onMessage: unlessClosed((from, text) => {
          routes.heard(lane, from)
          join.onMessage(from, text)
        }),
        onUnreachable: unlessClosed((to) => {
          if (routes.refused(lane, to)) join.onUnreachable(to)
        }),
      })
    }

    const errors: Error[] = []
    for (const [index, lane] of lanes.entries()) {
      try {
        lane.link = enter(transports[index] as SignalingTransport, lane)
      } catch (error) {
        errors.push(error as Error)
        if (errors.length < lanes.length) lose(lane, error as Error)
      }
    }
    if (errors.length === lanes.length) throw errors[0] ?? new Error('failover() needs at least one transport.')

    const links = lanes.flatMap(({ link }) => link ?? [])
    return {
      send: (to, text) => {
        if (closed) return
        for (const { link } of routes.choose(to)) link?.send(to, text)
      },
      ...(links.some(({ seek }) => seek) && { seek: (id) => links.forEach((link) => link.seek?.(id)) }),
      get trouble() {
        return links.flatMap(({ trouble = [] }) => trouble).join(' ') || undefined
      },
      /** A message may take any of them. */
      get maxLength() {
        return Math.min(...links.map(({ maxLength = Infinity }) => maxLength))
      },
      close: async () => {
        closed = true
        clock.clearTimeout(review)
        await Promise.all(links.map((link) => link.close()))
      },
    }
  }
