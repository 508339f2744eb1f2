import type { Clock } from '../clock.ts'
import { createPeer, type Peer } from '../peer.ts'
import type { SignalingLink, SignalingTransport } from '../signaling/transport.ts'
import { createFakeWebRtc, type FakeWebRtc, type FakeWebRtcOptions } from '../testing/fake-web-rtc.ts'
import { createRandom, type Random } from '../testing/random.ts'
import type { VirtualClock } from '../testing/virtual-clock.ts'

/** The label of the control channel. */
const controlLabel = 'parley'

/** One page with one peer in it, and what the page's end leaves behind. */
export interface Participant {
  readonly id: string
  /** Tells two pages of one id apart: `bob`, `bob#2`. */
  readonly name: string
  readonly peer: Peer
  readonly fake: FakeWebRtc
  readonly isAlive: () => boolean
  /** Timers of the peer that wait, without those of the network and of the fake connections. */
  readonly timers: () => number
  /** Listeners that the peer has on connections and data channels. */
  readonly listeners: () => number
  /** The page is gone without a word. The room hears of it after some ms, or at once. */
  readonly crash: (toldAfter?: number) => void
}

export interface ParticipantOptions {
  readonly id: string
  readonly name: string
  readonly clock: VirtualClock
  readonly random: Random
  readonly transport: SignalingTransport
  readonly webRtc: Pick<FakeWebRtcOptions, 'profile' | 'fabric' | 'latency'>
  /** Its control channel never opens, so that signaling stays on the network. */
  readonly withoutControl: boolean
}

export const createParticipant = ({ id, name, clock, random, ...options }: ParticipantOptions): Participant => {
  let isAlive = true
  let link: SignalingLink | undefined
  const timers = new Map<unknown, unknown>()
  const listeners = { count: 0 }
  const seed = () => Math.floor(random() * 2 ** 31)
  const fake = createFakeWebRtc({ ...options.webRtc, clock, random: createRandom(seed()) })

  /** A page that is gone runs no timer, and each timer is known by the page that set it. */
  const ownClock: Clock = {
    now: () => clock.now(),
    setTimeout: (run, ms) => {
      const timer = clock.setTimeout(() => {
        timers.delete(timer)
        run()
      }, ms)
      timers.set(timer, timer)
      return timer
    },
    clearTimeout: (timer) => {
      timers.delete(timer)
      clock.clearTimeout(timer)
    },
  }

  const transport: SignalingTransport = (join) => {
    const opened = options.transport({
      ...join,
      onOpen: () => isAlive && join.onOpen(),
      onClose: () => isAlive && join.onClose(),
      onMessage: (from, text) => isAlive && join.onMessage(from, text),
      onPresence: (change) => isAlive && join.onPresence(change),
      onUnreachable: (to) => isAlive && join.onUnreachable(to),
    })
    link = opened
    return { ...opened, send: (to, text) => isAlive && opened.send(to, text) }
  }

  const RTCPeerConnection = class extends fake.RTCPeerConnection {
    constructor(configuration?: RTCConfiguration) {
      super(configuration)
      watchConnection(this, listeners, options.withoutControl)
    }
  }

  const peer = createPeer({
    id,
    room: 'room',
    transport,
    rtc: { RTCPeerConnection },
    clock: ownClock,
    random: createRandom(seed()),
    // Ends that cross agree when they hear of one another; on the worst network here that takes more than 2 s.
  })

  return {
    id,
    name,
    peer,
    fake,
    isAlive: () => isAlive,
    timers: () => timers.size,
    listeners: () => listeners.count,
    crash: (toldAfter = 0) => {
      isAlive = false
      for (const timer of timers.keys()) ownClock.clearTimeout(timer)
      // Nobody sends a last word: the paths go first, so that closing tells the other side nothing.
      if (fake.connections.length > 0) fake.breakLink(...fake.connections)
      for (const connection of fake.connections) connection.close()
      clock.setTimeout(() => void link?.close(), toldAfter)
    },
  }
}

const watchConnection = (pc: RTCPeerConnection, counter: { count: number }, withoutControl: boolean): void => {
  pc.addEventListener('datachannel', ({ channel }) => watchListeners(channel, counter))
  watchListeners(pc, counter)
  const createDataChannel = pc.createDataChannel.bind(pc)
  pc.createDataChannel = (...options) => {
    const channel = createDataChannel(...options)
    // Stopped here, before any listener of the peer.
    if (withoutControl && channel.label === controlLabel)
      channel.addEventListener('open', (event) => event.stopImmediatePropagation())
    watchListeners(channel, counter)
    return channel
  }
}

const watchListeners = (target: EventTarget, counter: { count: number }): void => {
  const add = target.addEventListener.bind(target)
  const remove = target.removeEventListener.bind(target)
  target.addEventListener = (...options: Parameters<typeof add>) => {
    counter.count += 1
    add(...options)
  }
  target.removeEventListener = (...options: Parameters<typeof remove>) => {
    counter.count -= 1
    remove(...options)
  }
}
