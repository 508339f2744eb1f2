/** A description that was applied to one of the connections of this page. */
export interface AppliedDescription {
  readonly method: 'setLocalDescription' | 'setRemoteDescription'
  readonly type: string
  readonly failed?: string
}

/** What this page does to the RTCPeerConnections beneath Parley. */
export interface WatchedConnections {
  /** How many were made, and how many of them are not closed. */
  readonly made: () => number
  readonly open: () => number
  readonly descriptions: readonly AppliedDescription[]
}

/** Replaces the constructor of this page by one that writes down what is done. Call it before any peer is made. */
export const watchConnections = (): WatchedConnections => {
  const connections: RTCPeerConnection[] = []
  const descriptions: AppliedDescription[] = []

  const noted = async (method: AppliedDescription['method'], type: string, applied: Promise<void>): Promise<void> => {
    const entry: { -readonly [Key in keyof AppliedDescription]: AppliedDescription[Key] } = { method, type }
    descriptions.push(entry)
    try {
      await applied
    } catch (error) {
      entry.failed = String(error)
      throw error
    }
  }

  globalThis.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(configuration?: RTCConfiguration) {
      super(configuration)
      connections.push(this)
    }
    override setLocalDescription(description?: RTCLocalSessionDescriptionInit): Promise<void> {
      return noted('setLocalDescription', description?.type ?? 'implicit', super.setLocalDescription(description))
    }
    override setRemoteDescription(description: RTCSessionDescriptionInit): Promise<void> {
      return noted('setRemoteDescription', description.type, super.setRemoteDescription(description))
    }
  }
  return {
    made: () => connections.length,
    open: () => connections.filter(({ signalingState }) => signalingState !== 'closed').length,
    descriptions,
  }
}
