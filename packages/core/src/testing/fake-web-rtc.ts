import { systemClock, type Clock } from '../clock.ts'
import { createFabric, type Fabric } from './fake-fabric.ts'
import { FakePeerConnection } from './fake-peer-connection.ts'
import type { FakeCounters, FakeSurroundings } from './fake-surroundings.ts'
import { behaviors, type FakeProfile } from './fake-profile.ts'
import { createRandom, type Random } from './random.ts'

/** How the fake WebRTC behaves. */
export interface FakeWebRtcOptions {
  /** The browser whose deviations from the standard are played. Default `chromium`. */
  readonly profile?: FakeProfile
  /** Default: the time of this machine. */
  readonly clock?: Clock
  /** Where ids and credentials come from. Default: a seed that is the same in each run. */
  readonly random?: Random
  /** Milliseconds that an operation, or one way between two connections, takes. Default 1. */
  readonly latency?: number
  /** Host candidates of each ICE generation. Default 2. */
  readonly candidates?: number
  /** Whether the network carries anything now; asked twice a second while it matters. Default: it does. */
  readonly link?: () => boolean
  /** The network of another fake, to connect two browsers. Then its latency and its link count between them. */
  readonly fabric?: Fabric
}

/** A WebRTC without a network, in one process. */
export interface FakeWebRtc {
  /** The constructor to inject where one is asked for. */
  readonly RTCPeerConnection: new (configuration?: RTCConfiguration) => RTCPeerConnection
  /** All connections that were made. */
  readonly connections: readonly RTCPeerConnection[]
  /** How many connections are not closed. */
  readonly open: number
  readonly counters: Readonly<FakeCounters>
  readonly fabric: Fabric
  /** Cuts all paths, or those of some connections, until `healLink()`. Restarting ICE does not help. */
  readonly breakLink: (...connections: readonly RTCPeerConnection[]) => void
  readonly healLink: () => void
  /** Makes the paths of now useless for ever, as new addresses do. An ICE restart finds new ones. */
  readonly changeNetwork: () => void
}

/** Creates a fake WebRTC. Connections of one fake, or of fakes that share a fabric, can reach one another. */
export const createFakeWebRtc = (options: FakeWebRtcOptions = {}): FakeWebRtc => {
  const { profile = 'chromium', clock = systemClock, latency = 1, candidates = 2 } = options
  const fabric =
    options.fabric ?? createFabric({ clock, latency, ...(options.link === undefined ? {} : { link: options.link }) })
  const random = options.random ?? createRandom(fabric.nextSeed())
  const counters: FakeCounters = {
    offers: 0,
    answers: 0,
    rollbacks: 0,
    candidatesApplied: 0,
    candidatesRefused: 0,
    candidatesLost: 0,
    messagesSent: 0,
    messagesLost: 0,
  }
  const made: FakePeerConnection[] = []
  const surroundings = (): FakeSurroundings => ({
    behavior: behaviors[profile],
    clock,
    random,
    latency,
    candidates,
    fabric,
    counters,
    port: 50_000 + (made.length % 10_000),
  })

  class RTCPeerConnection extends FakePeerConnection {
    constructor(configuration?: RTCConfiguration) {
      super(surroundings(), configuration)
      made.push(this)
    }
  }

  return {
    // The one place where the fake is taken for the real thing: it has what is used, not all there is.
    RTCPeerConnection: RTCPeerConnection as unknown as FakeWebRtc['RTCPeerConnection'],
    connections: made as unknown as readonly globalThis.RTCPeerConnection[],
    get open() {
      return made.filter((connection) => connection.signalingState !== 'closed').length
    },
    counters,
    fabric,
    breakLink: (...connections) => {
      const chosen = made.filter((connection) => (connections as readonly unknown[]).includes(connection))
      fabric.cut(connections.length === 0 ? undefined : chosen.map((connection) => connection.pathOwner))
    },
    healLink: fabric.heal,
    changeNetwork: fabric.change,
  }
}
