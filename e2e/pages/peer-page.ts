import * as parley from '@parley-rtc/core'
import type {
  CallOptions,
  Channel,
  Peer,
  PeerOptions,
  Session,
  SessionEnd,
  SessionStatus,
  SignalingTransport,
} from '@parley-rtc/core'
import * as testing from '@parley-rtc/core/testing'
import { broadcastChannelTransport } from '@parley-rtc/transport-broadcastchannel'
import { mqttTransport } from '@parley-rtc/transport-mqtt'
import { webSocketTransport } from '@parley-rtc/transport-ws'
import { watchConnections } from './watch-connections.ts'

/** A session with everything that it told. */
interface WatchedSession {
  readonly session: Session
  readonly statuses: SessionStatus[]
  readonly ends: SessionEnd[]
  /** Milliseconds of the machine's clock. */
  endedAt: number
  readonly chat: string[]
  readonly tracks: MediaStreamTrack[]
  readonly warnings: string[]
}

/** What a test outside of the page can see of a session. */
export interface SessionView extends Omit<WatchedSession, 'session' | 'tracks'> {
  readonly id: string
  readonly status: SessionStatus
  readonly role: string
  readonly negotiation: string | undefined
  /** What carries its messages now. */
  readonly signaling: string
  readonly metadata: unknown
  readonly signalingState: string | undefined
  /** Kinds of the remote tracks, and whether media of them arrives. */
  readonly tracks: readonly { readonly kind: string; readonly live: boolean }[]
}

/** Which way the signaling goes: to other tabs, to a relay, to a broker. */
export type Medium = 'tabs' | { readonly relay: string } | { readonly broker: string }

const transportOver = (medium: Medium): SignalingTransport => {
  if (medium === 'tabs') return broadcastChannelTransport()
  return 'relay' in medium ? webSocketTransport({ url: medium.relay }) : mqttTransport({ url: medium.broker })
}

/** What to do about a call: take it, or let it ring. */
export type Answer = 'accept' | 'ring'

const connections = watchConnections()
const sessions: WatchedSession[] = []
const incoming: Session[] = []
const warnings: string[] = []
let peer: Peer | undefined
let striking: { readonly at: SessionStatus; readonly act: 'hangup' | 'close' } | undefined

const current = (): Peer => {
  if (!peer) throw new Error('This page has not joined.')
  return peer
}

const watch = (session: Session): WatchedSession => {
  const known = sessions.find((watched) => watched.session === session)
  if (known) return known
  const watched: WatchedSession = {
    session,
    statuses: [session.getSnapshot().status],
    ends: [],
    endedAt: Number.NaN,
    chat: [],
    tracks: [],
    warnings: [],
  }
  sessions.push(watched)
  const listenTo = (channel: Channel): void => {
    channel.on('message', (data) => watched.chat.push(String(data)))
  }
  session.on('state', ({ status }) => {
    if (watched.statuses.at(-1) !== status) watched.statuses.push(status)
    strike(session)
  })
  session.on('ended', (end) => {
    watched.ends.push(end)
    watched.endedAt = performance.timeOrigin + performance.now()
    strike(session)
  })
  session.on('track', ({ track }) => watched.tracks.push(track))
  session.on('warning', ({ message }) => watched.warnings.push(message))
  session.on('channel', listenTo)
  listenTo(session.openChannel('chat'))
  strike(session)
  return watched
}

/** Ends a session twice, if it is in the state that the test asked for, or has ended by then. */
const strike = (session: Session): void => {
  const { status } = session.getSnapshot()
  if (!striking || (status !== striking.at && status !== 'ended')) return
  for (let time = 0; time < 2; time += 1) {
    if (striking.act === 'hangup') session.hangup()
    else void current().close()
  }
}

/** What tests reach through `window.e2e`. One page is one peer, unless a test makes more of `parley` by itself. */
const driver = {
  parley,
  testing,
  broadcastChannelTransport,
  connections,
  sessions,
  /** Incoming calls, in their order. */
  incoming,
  warnings,
  join: async (
    options: Omit<PeerOptions, 'transport'>,
    answer: Answer = 'accept',
    medium: Medium = 'tabs',
  ): Promise<void> => {
    const joined = parley.createPeer({ ...options, transport: transportOver(medium) })
    peer = joined
    joined.on('warning', ({ message }) => warnings.push(message))
    joined.on('call', (session) => {
      incoming.push(session)
      watch(session)
      if (answer === 'accept' && session.getSnapshot().status === 'ringing') session.accept()
    })
    await joined.ready
  },
  peer: current,
  call: (remoteId: string, options?: CallOptions): void => void watch(current().call(remoteId, options)),
  /** Resolves at a moment that another page knows too: milliseconds since 1970. */
  at: async (moment: number): Promise<void> => {
    const rest = (): number => moment - performance.timeOrigin - performance.now()
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, rest() - 10)))
    // Timers come late by milliseconds, and two pages should act within less.
    while (rest() > 0);
  },
  /** The session that came last, or one by its place in the order. */
  session: (index = -1): Session => {
    const watched = sessions.at(index)
    if (!watched) throw new Error('This page has no session.')
    return watched.session
  },
  say: (text: string): void => void driver.session().openChannel('chat').send(text),
  /** Adds fake media of these kinds to the last session. */
  addMedia: async (...kinds: readonly ('audio' | 'video')[]): Promise<void> => {
    const stream = await navigator.mediaDevices.getUserMedia(Object.fromEntries(kinds.map((kind) => [kind, true])))
    for (const track of stream.getTracks()) driver.session().addTrack(track, stream)
  },
  view: (index = -1): SessionView | undefined => {
    const watched = sessions.at(index)
    if (!watched) return undefined
    const { session, tracks, ...rest } = watched
    const { status, role, negotiation, signaling } = session.getSnapshot()
    return {
      ...rest,
      id: session.id,
      status,
      role,
      negotiation,
      signaling,
      metadata: session.metadata,
      signalingState: session.peerConnection?.signalingState,
      tracks: tracks.map(({ kind, muted, readyState }) => ({ kind, live: !muted && readyState === 'live' })),
    }
  },
  /** Does this twice, inside of a callback, as soon as a session is in that state, and again when it has ended. */
  endTwice: (at: SessionStatus, act: 'hangup' | 'close'): void => {
    striking = { at, act }
  },
  close: (): Promise<void> => current().close(),
  /** Locks of the transport that are held or waited for by any page of this profile. */
  locks: async (): Promise<number> => {
    const { held = [], pending = [] } = await navigator.locks.query()
    return held.length + pending.length
  },
}

/** The driver of the page `index`. */
export type PeerDriver = typeof driver

Object.assign(window, { e2e: driver })
document.documentElement.setAttribute('data-ready', '')
