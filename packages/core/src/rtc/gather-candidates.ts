import type { Clock } from '../clock.ts'
import type { LocalCandidates } from '../negotiation/signals.ts'
import type { RemoteCandidate } from '../negotiation/candidates.ts'

/** ms. Candidates that come this close after a batch go into the next one together. */
const batchWindow = 50

/** Candidates of one message, which takes 128 at most. */
const maxBatch = 64

/** ms. How long the end of candidates waits for a batch to ride in; it is no hurry, it only lets ICE fail sooner. */
const endWindow = 2_000

/**
 * Gathers local candidates into few messages without delaying the first: it goes at once, those of the next 50 ms
 * together. Each batch is of one generation. A stack that leaves out the username fragment has it in the candidate
 * line or in its description.
 */
export const gatherCandidates = (
  clock: Clock,
  signal: AbortSignal,
  newestUfrag: () => string | undefined,
  onCandidates: (batch: LocalCandidates) => void,
) => {
  let ufrag: string | undefined
  let endedUfrag: string | undefined
  const batch: RemoteCandidate[] = []
  let timer: unknown

  const flush = () => {
    clock.clearTimeout(timer)
    timer = undefined
    if (ufrag === undefined || batch.length === 0) return
    while (batch.length > 0) onCandidates({ ufrag, candidates: batch.splice(0, maxBatch) })
  }
  const flushAfter = (ms: number) => {
    clock.clearTimeout(timer)
    if (!signal.aborted) timer = clock.setTimeout(flush, ms)
  }
  signal.addEventListener('abort', () => clock.clearTimeout(timer))

  /** Takes what an `icecandidate` event holds; the end comes as `null` in Chromium, as `''` and `null` in Firefox. */
  return (local: RTCIceCandidate | null): void => {
    if (!local?.candidate) {
      // The end is that of the generation gathered last: a restart may have set a newer description meanwhile.
      ufrag ??= newestUfrag()
      if (ufrag === endedUfrag) return
      endedUfrag = ufrag
      batch.push({ candidate: '' })
      if (batch.length === 1) flushAfter(endWindow)
      return
    }
    const { candidate, sdpMid, sdpMLineIndex } = local
    const own = local.usernameFragment ?? / ufrag (\S+)/.exec(candidate)?.[1] ?? newestUfrag()
    if (own !== ufrag) flush()
    ufrag = own
    batch.push({ candidate, sdpMid: sdpMid ?? undefined, sdpMLineIndex: sdpMLineIndex ?? undefined })
    if (timer !== undefined) return
    flush()
    flushAfter(batchWindow)
  }
}
