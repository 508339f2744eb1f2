import { createPeer, type Peer, type PeerOptions } from './peer.ts'
import type { SessionEnd } from './session/session-event.ts'
import type { Session } from './session/session.ts'
import { createFakeWebRtc } from './testing/fake-web-rtc.ts'
import type { FakeProfile } from './testing/fake-profile.ts'
import { memoryNetwork, type MemoryNetworkOptions } from './testing/memory-network.ts'
import { createRandom } from './testing/random.ts'
import { createVirtualClock } from './testing/virtual-clock.ts'

export interface StageOptions {
  /** The browsers of the peers, in turns. Default: Chromium alone. */
  readonly profiles?: readonly [FakeProfile, ...FakeProfile[]]
  readonly network?: MemoryNetworkOptions
}

/** Peers without real time, network or WebRTC, for the tests of peers; and what must be true when they are gone. */
export const createStage = ({ profiles = ['chromium'], network: networkOptions = {} }: StageOptions = {}) => {
  const clock = createVirtualClock()
  const network = memoryNetwork({ clock, delay: 5, ...networkOptions })
  const [profile, ...others] = profiles
  const first = createFakeWebRtc({ clock, profile })
  const browsers = [first, ...others.map((other) => createFakeWebRtc({ clock, profile: other, fabric: first.fabric }))]
  const peers: Peer[] = []
  const random = createRandom(7)

  const enter = (id: string, options: Partial<PeerOptions> = {}): Peer => {
    const { RTCPeerConnection } = browsers[peers.length % browsers.length] ?? first
    const peer = createPeer({
      id,
      room: 'lobby',
      transport: network.transport(),
      clock,
      random,
      ...options,
      rtc: { RTCPeerConnection, ...options.rtc },
    })
    peers.push(peer)
    return peer
  }

  return {
    clock,
    network,
    breakLink: first.breakLink,
    fabric: first.fabric,
    enter,
    /** Two peers that see each other. */
    pair: async (options: Partial<PeerOptions> = {}): Promise<readonly [Peer, Peer]> => {
      const pair = [enter('alice', options), enter('bob', options)] as const
      await clock.advance(50)
      return pair
    },
    /** Closes every peer, and tells what is left of them; nothing should be. */
    leftovers: async (): Promise<readonly string[]> => {
      let closed = 0
      for (const peer of peers) void peer.close().then(() => (closed += 1))
      const allClosed = await clock.runUntil(() => closed === peers.length, 60_000)
      // The network still tells who left, and the channels of closed connections fire their last event.
      await clock.advance(100)
      const open = browsers.reduce((sum, browser) => sum + browser.open, 0)
      return [
        ...(allClosed ? [] : ['peers that do not close']),
        ...(clock.pending === 0 ? [] : [`${clock.pending} timers`]),
        ...(open === 0 ? [] : [`${open} open connections`]),
        ...peers.flatMap(({ id, sessions }) => (sessions.length === 0 ? [] : [`${sessions.length} sessions of ${id}`])),
      ]
    },
  }
}

export type Stage = ReturnType<typeof createStage>

/** What a session went through, written down from now on. */
export const watch = (session: Session) => {
  const statuses: string[] = [session.getSnapshot().status]
  const ends: SessionEnd[] = []
  const connected: string[] = []
  const messages: (string | ArrayBuffer)[] = []
  session.on('state', ({ status }) => {
    if (statuses.at(-1) !== status) statuses.push(status)
  })
  session.on('ended', (end) => ends.push(end))
  session.connected.then(
    () => connected.push('connected'),
    ({ code, reason }: { code: string; reason: string }) => connected.push(`${code}: ${reason}`),
  )
  const listen = (channel: ReturnType<Session['openChannel']>) => channel.on('message', (data) => messages.push(data))
  session.on('channel', listen)
  return {
    session,
    statuses,
    ends,
    connected,
    messages,
    listen,
    status: () => session.getSnapshot().status,
    reasons: () => ends.map(({ reason }) => reason),
  }
}

export type Watched = ReturnType<typeof watch>

/** Accepts every call; returns the sessions as they come. */
export const acceptAll = (peer: Peer): Watched[] => {
  const calls: Watched[] = []
  peer.on('call', (session) => {
    calls.push(watch(session))
    session.accept()
  })
  return calls
}

/** Lets every call ring; returns the sessions as they come. */
export const letRing = (peer: Peer): Watched[] => {
  const calls: Watched[] = []
  peer.on('call', (session) => calls.push(watch(session)))
  return calls
}
