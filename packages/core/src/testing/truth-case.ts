/** One action on an RTCPeerConnection and what comes of it in each browser. Runs in browsers and with the fake. */
export interface TruthCase {
  readonly name: string
  /** Does the action and says what came of it, in a few words. */
  readonly run: (stage: TruthStage) => Promise<string>
  /** Chromium 156 and Firefox 153, measured. */
  readonly expected: { readonly chromium: string; readonly firefox: string }
}

/** What a case acts with. */
export interface TruthStage {
  readonly RTCPeerConnection: new (configuration?: RTCConfiguration) => RTCPeerConnection
  /** Resolves after some milliseconds, real or virtual. */
  readonly wait: (ms: number) => Promise<void>
}

/** What both browsers do alike. */
export const alike = (outcome: string): TruthCase['expected'] => ({ chromium: outcome, firefox: outcome })

/** A promise that has not settled after this many milliseconds never will. */
const NEVER_MS = 400

/** `resolves`, the name of the error, or `never settles`. */
export const outcomeOf = async (stage: TruthStage, action: () => unknown): Promise<string> => {
  const acted = (async () => {
    try {
      await action()
      return 'resolves'
    } catch (error) {
      return error instanceof Error || error instanceof DOMException ? error.name : String(error)
    }
  })()
  return Promise.race([acted, stage.wait(NEVER_MS).then(() => 'never settles')])
}

/** Runs with some new connections and closes them in any case. */
export const withConnections = async (
  stage: TruthStage,
  run: (first: RTCPeerConnection, second: RTCPeerConnection) => Promise<string>,
): Promise<string> => {
  const first = new stage.RTCPeerConnection()
  const second = new stage.RTCPeerConnection()
  try {
    return await run(first, second)
  } finally {
    first.close()
    second.close()
  }
}

/** A full exchange of offer and answer, without candidates. */
export const exchange = async (offerer: RTCPeerConnection, answerer: RTCPeerConnection): Promise<void> => {
  await offerer.setLocalDescription()
  await answerer.setRemoteDescription(descriptionOf(offerer))
  await answerer.setLocalDescription()
  await offerer.setRemoteDescription(descriptionOf(answerer))
}

/** The local description as it would be sent. */
export const descriptionOf = (connection: RTCPeerConnection): RTCSessionDescriptionInit => {
  const { type, sdp } = connection.localDescription ?? {}
  if (type === undefined || sdp === undefined) throw new Error('There is no local description.')
  return { type, sdp }
}

/** The first ICE username fragment in a description. */
export const ufragOf = (description: RTCSessionDescriptionInit | null): string =>
  /a=ice-ufrag:(\S+)/.exec(description?.sdp ?? '')?.[1] ?? ''

/** Waits until something holds, for at most ten seconds. */
export const until = async (stage: TruthStage, holds: () => boolean): Promise<void> => {
  for (let waited = 0; waited < 10_000; waited += 10) {
    if (holds()) return
    await stage.wait(10)
  }
  throw new Error('What was waited for did not happen within ten seconds.')
}

/** Two connections with an open data channel. */
export const connect = async (
  stage: TruthStage,
  caller: RTCPeerConnection,
  callee: RTCPeerConnection,
): Promise<{ readonly near: RTCDataChannel; readonly far: RTCDataChannel }> => {
  // Candidates of a generation are only kept, not dropped, while no description has come: each browser rejects those.
  const forward = (from: RTCPeerConnection, to: RTCPeerConnection): (() => void) => {
    const early: (RTCIceCandidate | null)[] = []
    let isReady = false
    from.addEventListener('icecandidate', ({ candidate }) => {
      if (isReady) void to.addIceCandidate(candidate)
      else early.push(candidate)
    })
    return () => {
      isReady = true
      for (const candidate of early) void to.addIceCandidate(candidate)
    }
  }
  const releaseToCallee = forward(caller, callee)
  const releaseToCaller = forward(callee, caller)
  const near = caller.createDataChannel('truth')
  let far: RTCDataChannel | undefined
  callee.addEventListener('datachannel', ({ channel }) => {
    far = channel
  })
  await exchange(caller, callee)
  releaseToCallee()
  releaseToCaller()
  await until(stage, () => near.readyState === 'open' && far !== undefined)
  if (far === undefined) throw new Error('The channel did not come.')
  return { near, far }
}
