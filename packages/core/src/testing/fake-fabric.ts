import type { Clock } from '../clock.ts'
import { createFlow } from './fake-flow.ts'
import {
  connectionState,
  generationOf,
  hasCandidates,
  isLinked,
  opposite,
  partnerOf,
  type End,
  type Link,
  type Path,
  type PathOwner,
} from './fake-path.ts'

/** The network between connections, with its switches. */
export interface Fabric {
  readonly createPath: (owner: PathOwner) => Path
  /** Cuts everything, or only the paths of some owners, until it is healed. */
  readonly cut: (owners?: readonly PathOwner[]) => void
  readonly heal: () => void
  /** Makes the paths of the present ICE generations useless for ever, as a change of addresses does. */
  readonly change: () => void
  /** Counts the fakes that use this network from 1, so that each can have a seed of its own. */
  readonly nextSeed: () => number
}

/** How the network is. */
export interface FabricOptions {
  readonly clock: Clock
  /** Milliseconds from one connection to the other. */
  readonly latency: number
  /** Whether anything gets through at the moment. */
  readonly link?: () => boolean
}

/** Chromium gives a silent path 15 s: 5 until it is `disconnected`, 10 more. */
const FAILED_AFTER_DISCONNECTED_MS = 10_000
/** How often the `link` option is asked while somebody waits for its answer to change. */
const REVIEW_MS = 500

/** Creates the network that connects fake connections whose descriptions and candidates fit. */
export const createFabric = (options: FabricOptions): Fabric => {
  const { clock, latency } = options
  const ends = new Set<End>()
  const cutOwners = new Set<PathOwner>()
  const deadGenerations = new Set<string>()
  let allCut = false
  let seeds = 0
  let reviewing: unknown

  const isPassable = (a: End, b: End, generation: string): boolean =>
    !allCut &&
    !cutOwners.has(a.owner) &&
    !cutOwners.has(b.owner) &&
    !deadGenerations.has(generation) &&
    (options.link?.() ?? true)

  const carries = (link: Link): boolean => isPassable(...link.ends, link.generation)

  const isUp = (link: Link): boolean => !link.closed && carries(link)

  const setTimer = (end: End, run: (() => void) | undefined, ms = 0): void => {
    if (end.timer !== undefined) clock.clearTimeout(end.timer)
    delete end.timer
    if (run === undefined) return
    end.timer = clock.setTimeout(() => {
      delete end.timer
      run()
    }, ms)
  }

  const setState = (end: End, state: RTCIceConnectionState): void => {
    end.state = state
    const secured = end.link?.secured ?? false
    end.owner.onStates(state, connectionState(state, secured))
  }

  const fail = (end: End): void => {
    setTimer(end, undefined)
    setState(end, 'failed')
  }

  const startChecking = (end: End): void => {
    const { checksFor, failsWithoutCandidates } = end.owner.behavior
    if (end.state === 'connected' || end.state === 'checking') return
    if (hasCandidates(end)) setState(end, 'checking')
    else if (!failsWithoutCandidates) return
    setTimer(end, () => fail(end), checksFor)
    watchLink()
  }

  const tryToConnect = (end: End): void => {
    const other = partnerOf(end, ends)
    if (other === undefined || !(hasCandidates(end) || hasCandidates(other))) return
    const generation = generationOf(end, other)
    // Two one-way trips: a connectivity check and its answer.
    clock.setTimeout(() => {
      if (!ends.has(end) || partnerOf(end, ends) !== other || generationOf(end, other) !== generation) return
      if (isPassable(end, other, generation)) connect(end, other, generation)
    }, 2 * latency)
  }

  const connect = (a: End, b: End, generation: string): void => {
    if (a.link?.generation === generation && a.state === 'connected' && b.state === 'connected') return
    // What failed after it was connected needs an ICE restart.
    if (a.link?.generation === generation && (a.state === 'failed' || b.state === 'failed')) return
    const link = a.link ?? { ends: [a, b], generation, secured: false, associated: false, closed: false }
    link.generation = generation
    for (const end of [a, b]) {
      end.link = link
      end.flow ??= createFlow(clock, latency, () => carries(link))
      setTimer(end, undefined)
      if (end.state !== 'connected' && end.state !== 'checking' && end.state !== 'disconnected')
        setState(end, 'checking')
    }
    for (const end of [a, b]) if (isLinked(end, link) && end.state !== 'connected') setState(end, 'connected')
    if (link.secured) resume(link)
    else clock.setTimeout(() => secure(link), 2 * latency)
    watchLink()
  }

  const secure = (link: Link): void => {
    if (link.closed || link.secured) return
    link.secured = true
    for (const end of link.ends) if (isLinked(end, link)) setState(end, end.state)
    associate(link)
  }

  const associate = (link: Link): void => {
    if (link.associated || !link.secured || !link.ends.every((end) => end.hasData)) return
    link.associated = true
    // Through the flow, so that a path that goes down meanwhile holds it up.
    for (const end of link.ends) end.flow?.push(() => opposite(link, end).owner.onAssociation())
  }

  const resume = (link: Link): void => {
    associate(link)
    for (const end of link.ends) end.flow?.resume()
  }

  const goDown = (end: End): void => {
    if (end.state !== 'connected' || end.timer !== undefined) return
    setTimer(
      end,
      () => {
        setState(end, 'disconnected')
        setTimer(end, () => fail(end), FAILED_AFTER_DISCONNECTED_MS)
      },
      end.owner.behavior.disconnectedAfter,
    )
  }

  const comeUp = (end: End, link: Link): void => {
    if (end.state === 'connected') setTimer(end, undefined)
    else if (end.state === 'disconnected') tryToConnect(end)
    resume(link)
  }

  const review = (): void => {
    for (const end of ends) {
      if (end.link !== undefined && isUp(end.link)) {
        comeUp(end, end.link)
        continue
      }
      if (end.link !== undefined) goDown(end)
      if (end.state !== 'failed') tryToConnect(end)
    }
  }

  /** The `link` option cannot tell when its answer changes, so it is asked, but only while it matters. */
  const watchLink = (): void => {
    if (options.link === undefined || reviewing !== undefined) return
    reviewing = clock.setTimeout(() => {
      reviewing = undefined
      review()
      if ([...ends].some((end) => end.link !== undefined || end.state === 'checking')) watchLink()
    }, REVIEW_MS)
  }

  const createPath = (owner: PathOwner): Path => {
    const end: End = { owner, state: 'new', hasData: false, received: new Set() }
    ends.add(end)
    return {
      negotiate: (local, remote, hasData) => {
        const isNew = end.local?.ufrag !== local.ufrag || end.remote?.ufrag !== remote.ufrag
        end.local = local
        end.remote = remote
        end.hasData = hasData
        if (isNew) {
          startChecking(end)
          tryToConnect(end)
        }
        if (end.link !== undefined) associate(end.link)
      },
      addCandidate: (ufrag) => {
        if (end.received.has(ufrag)) return
        end.received.add(ufrag)
        if (end.remote?.ufrag !== ufrag) return
        startChecking(end)
        tryToConnect(end)
      },
      send: (arrive) => {
        const { link } = end
        if (link !== undefined) end.flow?.push(() => arrive(opposite(link, end).owner))
      },
      close: () => {
        if (!ends.delete(end)) return
        setTimer(end, undefined)
        end.state = 'closed'
        const { link } = end
        if (link === undefined) return
        link.closed = true
        const other = opposite(link, end)
        other.flow?.close()
        if (other.state === 'closed') return end.flow?.close()
        // The ABORT of SCTP goes behind what was sent before. When it gets lost, only silence tells.
        if (link.associated && carries(link)) end.flow?.push(() => other.owner.onAbort())
        goDown(other)
      },
    }
  }

  return {
    createPath,
    cut: (owners) => {
      if (owners === undefined) allCut = true
      else for (const owner of owners) cutOwners.add(owner)
      review()
    },
    heal: () => {
      allCut = false
      cutOwners.clear()
      review()
    },
    change: () => {
      for (const { link } of ends) if (link !== undefined) deadGenerations.add(link.generation)
      review()
    },
    nextSeed: () => {
      seeds += 1
      return seeds
    },
  }
}
