/**
 * Remote ICE candidates that wait for their description, as plain data under pure functions.
 *
 * A candidate belongs to one ICE generation, named by its username fragment. Browsers do not keep generations apart:
 * Chromium resolves `addIceCandidate` for an unknown ufrag and loses the candidate, or takes an old one into the new
 * generation. So a candidate is handed on only while the description that holds its ufrag is in force.
 */
export interface RemoteCandidate {
  /** The candidate attribute, or `''`: no more candidates come in this generation (RFC 8838, section 13). */
  readonly candidate: string
  readonly sdpMid?: string | undefined
  readonly sdpMLineIndex?: number | undefined
}

/** A candidate as some stack spells it: `null`, `''` and `{ candidate: '' }` all say end-of-candidates. */
export type CandidateSpelling =
  | {
      readonly candidate?: string | undefined
      readonly sdpMid?: string | null | undefined
      readonly sdpMLineIndex?: number | null | undefined
    }
  | ''
  | null

export interface CandidateQueue {
  /** The ufrags of the remote description in force; none before the first. */
  readonly current: readonly string[]
  /** The ufrags of descriptions that were replaced, the newest last, at most `maxPast`. */
  readonly past: readonly string[]
  /** What came in for the current and for future generations, the oldest generation first. */
  readonly generations: readonly Generation[]
  readonly counters: CandidateCounters
}

interface Generation {
  readonly ufrag: string
  readonly waiting: readonly RemoteCandidate[]
  /** Everything taken in this generation, to apply each candidate once. */
  readonly seen: readonly string[]
}

/** What became of the candidates of the other side. */
export interface CandidateCounters {
  /** Waiting now for their description. */
  readonly queued: number
  /** Handed to the RTCPeerConnection. */
  readonly applied: number
  /** Dropped: their generation is over. */
  readonly stale: number
  /** Dropped: doubled, after the end of candidates, beyond a limit, or refused by the RTCPeerConnection. */
  readonly dropped: number
}

/** A candidate with the generation that it is for, as it goes to the RTCPeerConnection. */
export type ReadyCandidate = RemoteCandidate & { readonly usernameFragment: string }

/** Candidates of one generation. Chromium takes 0.15 s for 128 and 11 s for 2000: its cost is quadratic. */
const maxPerGeneration = 128
/** Characters of one candidate. */
const maxLength = 512
/** Generations that wait for a description to claim them. */
const maxUnclaimed = 4
/** Generations of one description: one without BUNDLE has as many as it has media sections. */
const maxClaimed = 64
/** Remembered ufrags of past generations. */
const maxPast = 16

export const noCandidates: CandidateQueue = {
  current: [],
  past: [],
  generations: [],
  counters: { queued: 0, applied: 0, stale: 0, dropped: 0 },
}

/** The queue after candidates of one generation came in. */
export const enqueue = (
  queue: CandidateQueue,
  ufrag: string,
  candidates: readonly CandidateSpelling[],
): CandidateQueue => {
  if (queue.past.includes(ufrag)) return count(queue, 'stale', candidates.length)
  const known = queue.generations.find((generation) => generation.ufrag === ufrag)
  if (!known) return enqueue(openGeneration(queue, ufrag), ufrag, candidates)
  const next = candidates.reduce(add, known)
  const taken = next.waiting.length - known.waiting.length
  const generations = queue.generations.map((generation) => (generation === known ? next : generation))
  return count({ ...queue, generations }, 'dropped', candidates.length - taken)
}

/** The queue after a remote description was applied. Its generation is the current one, the former is over. */
export const applyDescription = (queue: CandidateQueue, sdp: string): CandidateQueue => {
  const current = ufragsOf(sdp)
  const over = queue.current.filter((ufrag) => !current.includes(ufrag))
  const past = [...queue.past.filter((ufrag) => !current.includes(ufrag)), ...over].slice(-maxPast)
  const generations = queue.generations.filter(({ ufrag }) => !over.includes(ufrag))
  const stale = waitingIn(queue.generations) - waitingIn(generations)
  return count({ ...queue, current, past, generations }, 'stale', stale)
}

/** The candidates that may be applied now, in the order they came in. */
export const readyIn = ({ current, generations }: CandidateQueue): readonly ReadyCandidate[] =>
  generations
    .filter(({ ufrag }) => current.includes(ufrag))
    .flatMap(({ ufrag, waiting }) => waiting.map((candidate) => ({ ...candidate, usernameFragment: ufrag })))

/** The queue after the ready candidates went to the RTCPeerConnection. */
export const withoutReady = (queue: CandidateQueue): CandidateQueue => {
  const generations = queue.generations.map((generation) =>
    queue.current.includes(generation.ufrag) ? { ...generation, waiting: [] } : generation,
  )
  return count({ ...queue, generations }, 'applied', readyIn(queue).length)
}

/** The queue after the RTCPeerConnection refused a candidate that went to it. */
export const refuse = (queue: CandidateQueue): CandidateQueue => count(count(queue, 'applied', -1), 'dropped', 1)

/** The ICE username fragments of a session description (RFC 8839, section 5.4), each once. */
export const ufragsOf = (sdp: string): readonly string[] =>
  [...new Set(Array.from(sdp.matchAll(/^a=ice-ufrag:(\S+)/gm), ([, ufrag]) => ufrag ?? ''))].slice(0, maxClaimed)

const add = (generation: Generation, spelling: CandidateSpelling): Generation => {
  const { candidate = '', sdpMid, sdpMLineIndex } = spelling || {}
  const key = candidate && `${sdpMid ?? sdpMLineIndex} ${candidate}`
  const { seen, waiting } = generation
  // RFC 8838, section 14: nothing may follow the end of candidates.
  const isRefused = seen.includes('') || seen.includes(key) || seen.length >= maxPerGeneration
  if (isRefused || candidate.length > maxLength) return generation
  return {
    ...generation,
    waiting: [...waiting, { candidate, sdpMid: sdpMid ?? undefined, sdpMLineIndex: sdpMLineIndex ?? undefined }],
    seen: [...seen, key],
  }
}

/** Room for a new generation: the oldest that no description has claimed makes way. */
const openGeneration = (queue: CandidateQueue, ufrag: string): CandidateQueue => {
  const unclaimed = queue.generations.filter((generation) => !queue.current.includes(generation.ufrag))
  const evicted = unclaimed.slice(0, -(maxUnclaimed - 1))
  const kept = queue.generations.filter((generation) => !evicted.includes(generation))
  const generations = [...kept, { ufrag, waiting: [], seen: [] }]
  return count({ ...queue, generations }, 'dropped', waitingIn(evicted))
}

const waitingIn = (generations: readonly Generation[]): number =>
  generations.reduce((sum, { waiting }) => sum + waiting.length, 0)

const count = (queue: CandidateQueue, name: keyof CandidateCounters, change: number): CandidateQueue => {
  const { counters, generations } = queue
  return { ...queue, counters: { ...counters, queued: waitingIn(generations), [name]: counters[name] + change } }
}
