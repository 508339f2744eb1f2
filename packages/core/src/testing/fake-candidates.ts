import type { FakeBehavior } from './fake-profile.ts'
import type { ReadDescription } from './fake-sdp.ts'

/** What an `icecandidate` event carries. */
export interface FakeIceCandidate extends RTCIceCandidateInit {
  readonly candidate: string
  readonly sdpMid: string | null
  readonly sdpMLineIndex: number | null
  readonly usernameFragment: string | null
  readonly component: 'rtp'
  readonly protocol: 'udp'
  readonly type: 'host'
  readonly address: string
  readonly port: number
  toJSON(): RTCIceCandidateInit
}

/** Makes the n-th host candidate of a generation. */
export const createCandidate = (
  behavior: FakeBehavior,
  generation: { readonly ufrag: string; readonly mid: string; readonly port: number },
  index: number,
): FakeIceCandidate => {
  const { ufrag, mid, port } = generation
  const address = `192.0.2.${index + 1}`
  const line = `candidate:${index + 1} 1 udp ${2_122_260_223 - index} ${address} ${port} typ host`
  return toCandidate(
    behavior.ufragInCandidate ? `${line} generation 0 ufrag ${ufrag}` : line,
    mid,
    ufrag,
    address,
    port,
  )
}

/** Makes the empty candidate that ends a generation (RFC 8838, section 8.2). */
export const createEndOfCandidates = (ufrag: string, mid: string): FakeIceCandidate =>
  toCandidate('', mid, ufrag, '', 0)

const toCandidate = (
  candidate: string,
  sdpMid: string,
  usernameFragment: string,
  address: string,
  port: number,
): FakeIceCandidate => {
  const init = { candidate, sdpMid, sdpMLineIndex: 0, usernameFragment }
  return { ...init, component: 'rtp', protocol: 'udp', type: 'host', address, port, toJSON: () => init }
}

/** Why a candidate is refused, or the generation it belongs to; neither when the browser resolves and loses it. */
export interface CandidateVerdict {
  readonly error?: Error
  readonly ufrag?: string
}

/** Whether a candidate names no section although it has to (webrtc-pc, addIceCandidate, step 3). */
export const namesNoSection = (init: RTCIceCandidateInit): boolean =>
  (init.candidate ?? '') !== '' && (init.sdpMid ?? null) === null && (init.sdpMLineIndex ?? null) === null

/** Judges a candidate by the remote descriptions it can belong to, the newest first. */
export const judgeCandidate = (
  behavior: FakeBehavior,
  init: RTCIceCandidateInit,
  descriptions: readonly ReadDescription[],
): CandidateVerdict => {
  const { candidate = '', sdpMid = null, sdpMLineIndex = null, usernameFragment = null } = init
  if (candidate === '' && behavior.endOfCandidatesUnchecked) return {}
  if (descriptions.length === 0) {
    return { error: new DOMException('There is no remote description yet.', 'InvalidStateError') }
  }
  const sections = descriptions[0]?.sections ?? []
  const namesSection = sdpMid !== null || sdpMLineIndex !== null
  const section =
    sdpMid === null
      ? sections[sdpMLineIndex ?? 0]
      : sections.find((candidateSection) => candidateSection.mid === sdpMid)
  if (namesSection && section === undefined) return refused(`No section has the mid ${sdpMid ?? ''} or its index.`)
  if (candidate !== '' && !isReadable(candidate)) {
    const isRefused = behavior.refusesUnreadableCandidate || !candidate.includes(':')
    return isRefused ? refused(`"${candidate}" is no candidate.`) : {}
  }
  const named = usernameFragment ?? (behavior.ufragInCandidate ? (/ ufrag (\S+)/.exec(candidate)?.[1] ?? null) : null)
  const generation = named === null ? descriptions[0] : descriptions.find(({ ufrag }) => ufrag === named)
  if (generation?.ufrag === undefined) {
    return behavior.refusesUnknownUfrag ? refused(`The username fragment ${named ?? ''} is unknown.`) : {}
  }
  return candidate === '' ? {} : { ufrag: generation.ufrag }
}

const refused = (message: string): CandidateVerdict => ({ error: new DOMException(message, 'OperationError') })

const isReadable = (candidate: string): boolean => /^(a=)?candidate:\S+ \d+ \S+ \d+ \S+ \d+ typ \S+/.test(candidate)
