import { longestWait, systemClock, type Clock } from '../clock.ts'
import { addressKey } from '../signaling/address-key.ts'
import type { PeerAddress, SignalingTransport } from '../signaling/transport.ts'

/** What `withPresence` takes beside the transport. */
export interface WithPresenceOptions {
  /** ms for which somebody who is called is asked for, so that a peer may join later than the call. Default 15 000. */
  readonly seekFor?: number
  /** ms of silence after which somebody who is here is asked whether it still is. Default 15 000. */
  readonly probeAfter?: number
  /** ms of silence after which somebody has left, 2 ** 31 - 1 at most. Default 30 000. */
  readonly deadline?: number
  /** Others who are known, or asked for, at a time; those above it are not told. Default 256. */
  readonly maxKnown?: number
  /** For tests that own the time. */
  readonly clock?: Clock
}

/** Somebody who is here. */
interface Known {
  readonly peer: PeerAddress
  /** ms of the clock. */
  heardAt: number
  timer: unknown
  /** Whether it was told since the last opening. */
  told: boolean
}

/**
 * What these wrappers say to each other beside core, whose texts are JSON objects and never begin like this: who is
 * there (`ask`, to be answered), I am (`here`), I leave (`gone`); each with the instance of its sender.
 */
const frame = /^presence\/1 (ask|here|gone) ([\w.~-]{1,64})$/

/** ms between two questions, at first for somebody who is called, and at last for somebody who is silent. */
const minWait = 250
/** ms between two questions for somebody who is called, at most. */
const maxWait = 2_000
/** ms that an instance has to answer when another one shows up under its id. */
const confirmWithin = 2_000
/** Instances under one id. */
const maxUnderOne = 8

/**
 * Presence for a medium that only carries messages: whoever is called is asked for, whoever asks is known by that, and
 * silence is asked about, then taken for absence. Both sides need the wrapper. It tells of those who were called or
 * who called, not of everybody in the room.
 *
 * Two instances under one id are both present, as long as both answer. When a new one shows up, the others are asked at
 * once: so a page that was loaded again without a word leaves within two seconds.
 */
export const withPresence =
  (transport: SignalingTransport, options: WithPresenceOptions = {}): SignalingTransport =>
  (join) => {
    const { seekFor = 15_000, probeAfter = 15_000, maxKnown = 256, clock = systemClock } = options
    const deadline = Math.min(options.deadline ?? 30_000, longestWait)
    const { self } = join
    const known = new Map<string, Known>()
    /** The timers of those who are asked for. */
    const sought = new Map<string, unknown>()
    let isOpen = false
    let closed = false

    const tell = (type: 'joined' | 'left', peer: PeerAddress) => {
      if (!closed) join.onPresence({ type, peer })
    }
    const say = (to: string, what: 'ask' | 'here' | 'gone') => link.send(to, `presence/1 ${what} ${self.instance}`)
    const under = (id: string) => [...known.values()].filter(({ peer }) => peer.id === id)

    /** A sign of life, perhaps the first. */
    const hear = (peer: PeerAddress) => {
      if (peer.instance === self.instance) return // an echo
      const others = under(peer.id)
      const key = addressKey(peer)
      const one = known.get(key) ?? { peer, heardAt: 0, timer: undefined, told: false }
      if (!known.has(key)) {
        const isWanted = known.size < maxKnown || sought.has(peer.id)
        if (!isWanted || others.length >= maxUnderOne) return
        known.set(key, one)
        for (const other of others) doubt(other)
      }
      one.heardAt = clock.now()
      stopSeeking(peer.id)
      if (one.told) return
      one.told = true
      watch(one)
      tell('joined', one.peer)
    }

    /** Asks when it is silent, and more often as its deadline comes near. */
    const watch = (one: Known) => {
      clock.clearTimeout(one.timer)
      if (!isOpen || !known.has(addressKey(one.peer))) return
      const silence = clock.now() - one.heardAt
      const rest = deadline - silence
      // Both sides would ask at once; so the greater id, or instance, is slower, and mostly finds itself asked.
      const isSlower = JSON.stringify([self.id, self.instance]) > JSON.stringify([one.peer.id, one.peer.instance])
      const patience = probeAfter * (isSlower ? 1.25 : 1)
      if (rest <= 0) return leave(one)
      if (silence >= patience) say(one.peer.id, 'ask')
      const wait = silence < patience ? patience - silence : Math.max(minWait, rest / 2)
      one.timer = clock.setTimeout(() => watch(one), Math.min(rest, wait))
    }

    const doubt = (one: Known) => {
      one.heardAt = Math.min(one.heardAt, clock.now() - deadline + confirmWithin)
      watch(one)
    }

    const leave = ({ peer, timer }: Known) => {
      clock.clearTimeout(timer)
      if (known.delete(addressKey(peer))) tell('left', peer)
    }

    const seek = (id: string) => {
      if (closed || sought.has(id) || under(id).length > 0 || sought.size >= maxKnown) return
      const until = clock.now() + seekFor
      const ask = (wait: number) => {
        if (clock.now() >= until) return stopSeeking(id)
        if (isOpen) say(id, 'ask')
        sought.set(
          id,
          clock.setTimeout(() => ask(Math.min(wait * 2, maxWait)), wait),
        )
      }
      ask(minWait)
    }

    const stopSeeking = (id: string) => {
      clock.clearTimeout(sought.get(id))
      sought.delete(id)
    }

    const receive = (from: string, text: string) => {
      // What is no frame goes on; a broken one too, and core counts it.
      const [, what, instance = ''] = frame.exec(text) ?? []
      if (what === undefined) {
        const [only, ...others] = under(from)
        if (only !== undefined && others.length === 0) hear(only.peer)
        join.onMessage(from, text)
        return
      }
      const peer = { id: from, instance }
      const one = known.get(addressKey(peer))
      if (what !== 'gone') hear(peer)
      else if (one) leave(one)
      if (what === 'ask' && instance !== self.instance) say(from, 'here')
    }

    const unlessClosed =
      <Args extends readonly unknown[]>(run: (...args: Args) => void) =>
      (...args: Args) => {
        if (!closed) run(...args)
      }
    const link = transport({
      ...join,
      onOpen: unlessClosed(() => {
        isOpen = true
        join.onOpen()
        for (const one of known.values()) {
          one.told = false
          one.heardAt = clock.now()
          doubt(one)
        }
        for (const id of sought.keys()) say(id, 'ask')
      }),
      onClose: unlessClosed((reason) => {
        isOpen = false
        for (const { timer } of known.values()) clock.clearTimeout(timer)
        join.onClose(reason)
      }),
      onMessage: unlessClosed(receive),
      onPresence: unlessClosed(({ type, peer }) => {
        const one = known.get(addressKey(peer))
        if (type === 'joined') hear(peer)
        else if (one !== undefined) leave(one)
      }),
      onUnreachable: unlessClosed((to) => {
        under(to).forEach(leave)
        join.onUnreachable(to)
      }),
    })

    return {
      send: link.send,
      get trouble() {
        return link.trouble
      },
      get maxLength() {
        return link.maxLength
      },
      seek,
      close: () => {
        if (!closed) for (const id of new Set([...known.values()].map(({ peer }) => peer.id))) say(id, 'gone')
        closed = true
        isOpen = false
        for (const { timer } of known.values()) clock.clearTimeout(timer)
        for (const timer of sought.values()) clock.clearTimeout(timer)
        return link.close()
      },
    }
  }
