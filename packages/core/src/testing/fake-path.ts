import type { Flow } from './fake-flow.ts'
import type { FakeBehavior } from './fake-profile.ts'

/** One end of a generation: what a description says about its ICE and DTLS. */
export interface PathIdentity {
  readonly ufrag: string
  readonly pwd: string
  readonly fingerprint: string
}

/** What the fabric tells a connection. */
export interface PathOwner {
  readonly behavior: FakeBehavior
  readonly onStates: (ice: RTCIceConnectionState, connection: RTCPeerConnectionState) => void
  /** Data channels can open: both sides have a data section and are connected. */
  readonly onAssociation: () => void
  /** The other side closed its connection. */
  readonly onAbort: () => void
}

/** The way of one connection to another one. */
export interface Path {
  /** Both descriptions of an exchange are applied. The same credentials again change nothing. */
  readonly negotiate: (local: PathIdentity, remote: PathIdentity, hasData: boolean) => void
  /** A candidate of the remote generation with this username fragment was added. */
  readonly addCandidate: (ufrag: string) => void
  /** Sends to the owner at the other end, in order. Waits while the path is down. */
  readonly send: (arrive: (owner: PathOwner) => void) => void
  readonly close: () => void
}

/** Two connections that found each other, for as long as both live. */
export interface Link {
  readonly ends: readonly [End, End]
  /** The generation that carries it now. */
  generation: string
  secured: boolean
  associated: boolean
  closed: boolean
}

/** One connection, as the network sees it. */
export interface End {
  readonly owner: PathOwner
  state: RTCIceConnectionState
  local?: PathIdentity
  remote?: PathIdentity
  hasData: boolean
  readonly received: Set<string>
  link?: Link
  flow?: Flow
  /** Waits for `disconnected`, then for `failed`, or for the end of checking. */
  timer?: unknown
}

/** Whether this link is still the one of a living end. */
export const isLinked = (end: End, link: Link): boolean => end.link === link && end.state !== 'closed'

/** The other end. */
export const opposite = (link: Link, end: End): End => (link.ends[0] === end ? link.ends[1] : link.ends[0])

/** Whether a candidate of the present remote generation was added. */
export const hasCandidates = (end: End): boolean => end.remote !== undefined && end.received.has(end.remote.ufrag)

/** A name for the generation that two ends share. */
export const generationOf = (a: End, b: End): string => [a.local?.ufrag ?? '', b.local?.ufrag ?? ''].sort().join(' ')

/** The end whose descriptions fit: the same credentials and fingerprints, crosswise. */
export const partnerOf = (end: End, ends: ReadonlySet<End>): End | undefined =>
  [...ends].find((other) => other !== end && fits(end.local, other.remote) && fits(other.local, end.remote))

const fits = (own: PathIdentity | undefined, known: PathIdentity | undefined): boolean =>
  own !== undefined && own.ufrag === known?.ufrag && own.pwd === known.pwd && own.fingerprint === known.fingerprint

/** The state of the whole connection, which also needs DTLS. */
export const connectionState = (ice: RTCIceConnectionState, secured: boolean): RTCPeerConnectionState => {
  if (ice === 'checking') return 'connecting'
  if (ice === 'connected' || ice === 'completed') return secured ? 'connected' : 'connecting'
  return ice
}
