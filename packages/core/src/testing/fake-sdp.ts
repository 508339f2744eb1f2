/** One m-line. */
export interface SdpSection {
  readonly kind: 'application' | 'audio' | 'video'
  readonly mid: string
  /** Of a data section it means nothing. */
  readonly direction: RTCRtpTransceiverDirection
  /** The ids of the streams that the sender puts its track in. */
  readonly streams: readonly string[]
  readonly track: string
  /** The port is 0: the section is refused or was stopped. */
  readonly rejected: boolean
}

/** The credentials of one ICE generation (RFC 8839, section 5.4). */
export interface IceCredentials {
  readonly ufrag: string
  readonly pwd: string
}

/** What a session description of the fake says. */
export interface SessionDescription extends IceCredentials {
  readonly origin: string
  readonly version: number
  readonly fingerprint: string
  readonly setup: 'actpass' | 'active' | 'passive'
  readonly sections: readonly SdpSection[]
}

/** A description that was read, with what a writer may leave out. */
export interface ReadDescription {
  readonly ufrag: string | undefined
  readonly pwd: string | undefined
  readonly fingerprint: string | undefined
  readonly setup: string | undefined
  readonly sections: readonly SdpSection[]
  /** The `candidate:` lines inside. */
  readonly candidates: readonly string[]
}

const CODECS = {
  application: ['UDP/DTLS/SCTP webrtc-datachannel', 'a=sctp-port:5000'],
  audio: ['UDP/TLS/RTP/SAVPF 111', 'a=rtcp-mux', 'a=rtpmap:111 opus/48000/2'],
  video: ['UDP/TLS/RTP/SAVPF 96', 'a=rtcp-mux', 'a=rtpmap:96 VP8/90000'],
} as const

/** Writes a description the way a browser does, with one transport for all sections (BUNDLE). */
export const writeSdp = (description: SessionDescription, maxMessageSize: number): string => {
  const { origin, version, sections } = description
  const bundled = sections.filter((section) => !section.rejected).map((section) => ` ${section.mid}`)
  const lines = ['v=0', `o=- ${origin} ${version} IN IP4 127.0.0.1`, 's=-', 't=0 0']
  if (sections.length > 0) lines.push(`a=group:BUNDLE${bundled.join('')}`)
  lines.push('a=msid-semantic: WMS *')
  for (const section of sections) lines.push(...writeSection(description, section, maxMessageSize))
  return `${lines.join('\r\n')}\r\n`
}

const writeSection = (description: SessionDescription, section: SdpSection, maxMessageSize: number): string[] => {
  const { kind, mid, direction, streams, track, rejected } = section
  const [format, ...attributes] = CODECS[kind]
  const lines = [
    `m=${kind} ${rejected ? 0 : 9} ${format}`,
    'c=IN IP4 0.0.0.0',
    `a=ice-ufrag:${description.ufrag}`,
    `a=ice-pwd:${description.pwd}`,
    'a=ice-options:trickle',
    `a=fingerprint:${description.fingerprint}`,
    `a=setup:${description.setup}`,
    `a=mid:${mid}`,
  ]
  if (kind === 'application') return [...lines, ...attributes, `a=max-message-size:${maxMessageSize}`]
  lines.push(`a=${direction}`)
  if (direction === 'sendrecv' || direction === 'sendonly') {
    const ids = streams.length === 0 ? ['-'] : streams
    lines.push(...ids.map((stream) => `a=msid:${stream} ${track}`))
  }
  return [...lines, ...attributes]
}

/** The description with the candidates that were gathered for it, in its first section, where BUNDLE puts them. */
export const addCandidates = (sdp: string, candidates: readonly string[], complete: boolean): string => {
  const [session = '', first, ...rest] = sdp.split(/^(?=m=)/m)
  if (first === undefined) return sdp
  const lines = [...candidates, ...(complete && candidates.length > 0 ? ['end-of-candidates'] : [])]
  return [session, first, ...lines.map((line) => `a=${line}\r\n`), ...rest].join('')
}

/** Reads a description, or nothing when this is none. Unknown lines are skipped, as RFC 8866 wants. */
export const readSdp = (sdp: string): ReadDescription | undefined => {
  if (!sdp.startsWith('v=0')) return undefined
  const [session = '', ...media] = sdp.split(/^(?=m=)/m)
  const sections: SdpSection[] = []
  for (const text of media) {
    const section = readSection(text)
    if (section === undefined) return undefined
    sections.push(section)
  }
  // All sections share one transport, so the first one that says it speaks for all; else the session part does.
  const attribute = (name: string): string | undefined => attributes(sdp, name)[0] ?? attributes(session, name)[0]
  return {
    ufrag: attribute('ice-ufrag'),
    pwd: attribute('ice-pwd'),
    fingerprint: attribute('fingerprint'),
    setup: attribute('setup'),
    sections,
    candidates: attributes(sdp, 'candidate').map((value) => `candidate:${value}`),
  }
}

const readSection = (text: string): SdpSection | undefined => {
  const line = /^m=(application|audio|video) (\d+) /.exec(text)
  const mid = attributes(text, 'mid')[0]
  if (line === null || mid === undefined) return undefined
  const msids = attributes(text, 'msid').map((value) => value.split(' '))
  const direction = /^a=(sendrecv|sendonly|recvonly|inactive)\r?$/m.exec(text)?.[1] ?? 'sendrecv'
  return {
    kind: line[1] as SdpSection['kind'],
    mid,
    direction: direction as RTCRtpTransceiverDirection,
    streams: msids.map(([stream = '-']) => stream).filter((stream) => stream !== '-'),
    track: msids[0]?.[1] ?? '',
    rejected: line[2] === '0',
  }
}

const attributes = (text: string, name: string): string[] =>
  [...text.matchAll(new RegExp(`^a=${name}:(.*?)\\r?$`, 'gm'))].map((match) => match[1] ?? '')
