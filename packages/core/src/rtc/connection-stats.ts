/** The pair of candidates that carries a connection. */
export interface SelectedPair {
  /** `host`, `srflx`, `prflx` or `relay`, of this side and of the other. */
  readonly local: string | undefined
  readonly remote: string | undefined
  /** `udp` or `tcp`. */
  readonly protocol: string | undefined
  /** ms there and back, as ICE measured it last. */
  readonly roundTrip: number | undefined
  /** Over this pair so far, as is the next. */
  readonly bytesSent: number | undefined
  readonly bytesReceived: number | undefined
}

/** What one RTCPeerConnection came to. It names no address and no credential. */
export interface ConnectionReport {
  readonly state: RTCPeerConnectionState
  readonly ice: RTCIceConnectionState
  readonly dtls: RTCDtlsTransportState | undefined
  readonly iceTransportPolicy: RTCIceTransportPolicy | undefined
  readonly pair: SelectedPair | undefined
}

/** What can be read at once. */
export const statesOf = (pc: RTCPeerConnection): Omit<ConnectionReport, 'pair'> => ({
  state: pc.connectionState,
  ice: pc.iceConnectionState,
  dtls: (pc.sctp?.transport as RTCDtlsTransport | undefined)?.state, // some stacks have no transport there
  iceTransportPolicy: pc.getConfiguration?.().iceTransportPolicy, // not every stack has it
})

/** The pair that is selected now. Firefox never answers for a connection that is closed meanwhile. */
export const readPair = async (pc: RTCPeerConnection): Promise<SelectedPair | undefined> => {
  const stats = (await pc.getStats()) as ReadonlyMap<unknown, Stats>
  const transport = [...stats.values()].find(({ type }) => type === 'transport')
  const pair = stats.get(transport?.selectedCandidatePairId)
  if (!pair) return
  const local = stats.get(pair.localCandidateId)
  return {
    local: local?.candidateType,
    remote: stats.get(pair.remoteCandidateId)?.candidateType,
    protocol: local?.protocol,
    roundTrip: pair.currentRoundTripTime && pair.currentRoundTripTime * 1_000,
    bytesSent: pair.bytesSent,
    bytesReceived: pair.bytesReceived,
  }
}

/** What is used of the statistics of a transport, a pair, or a candidate (W3C webrtc-stats, section 8). */
interface Stats {
  readonly type: string
  readonly selectedCandidatePairId?: string
  readonly localCandidateId?: string
  readonly remoteCandidateId?: string
  /** s */
  readonly currentRoundTripTime?: number
  readonly bytesSent?: number
  readonly bytesReceived?: number
  readonly candidateType?: string
  readonly protocol?: string
}
