import type { ReadDescription, SdpSection } from './fake-sdp.ts'
import { intersection, reversed, sends, type FakeTransceiver } from './fake-transceiver.ts'

/** A description that was applied. */
export interface AppliedDescription {
  readonly type: 'offer' | 'answer' | 'pranswer'
  readonly sdp: string
  readonly read: ReadDescription
}

/** What an offer is made from. */
export interface OfferSource {
  /** The sections that are there already: they keep their places (RFC 8829, section 5.2.2). */
  readonly base: readonly SdpSection[]
  readonly transceivers: readonly FakeTransceiver[]
  readonly wantsData: boolean
  readonly nextMid: (used: ReadonlySet<string>) => string
}

/** The sections of an offer: the old ones as they are now, then new ones for what is in none. */
export const offerSections = ({ base, transceivers, wantsData, nextMid }: OfferSource): readonly SdpSection[] => {
  const sections = base.map((section) => {
    const transceiver = transceivers.find(({ mid }) => mid === section.mid)
    return transceiver === undefined ? section : sectionOf(transceiver, section.mid)
  })
  const used = new Set(sections.map((section) => section.mid))
  const useMid = (): string => {
    const mid = nextMid(used)
    used.add(mid)
    return mid
  }
  for (const transceiver of transceivers) {
    const isNew = transceiver.mid === null || !base.some((section) => section.mid === transceiver.mid)
    if (isNew && !transceiver.stopped) sections.push(sectionOf(transceiver, transceiver.mid ?? useMid()))
  }
  if (wantsData && !sections.some((section) => section.kind === 'application')) {
    sections.push({
      kind: 'application',
      mid: useMid(),
      direction: 'sendrecv',
      streams: [],
      track: '',
      rejected: false,
    })
  }
  return sections
}

/** The sections of an answer: one for each of the offer, in its order (RFC 8829, section 5.3.1). */
export const answerSections = (
  offered: readonly SdpSection[],
  transceivers: readonly FakeTransceiver[],
): readonly SdpSection[] =>
  offered.map((section) => {
    const transceiver = transceivers.find(({ mid }) => mid === section.mid)
    if (transceiver === undefined) return section
    const own = sectionOf(transceiver, section.mid)
    return {
      ...own,
      direction: intersection(own.direction, reversed(section.direction)),
      rejected: own.rejected || section.rejected,
    }
  })

const sectionOf = (transceiver: FakeTransceiver, mid: string): SdpSection => ({
  kind: transceiver.kind,
  mid,
  direction: transceiver.stopped ? 'inactive' : transceiver.direction,
  streams: transceiver.sender.streams,
  track: transceiver.sender.track?.id ?? transceiver.receiver.track.id,
  rejected: transceiver.stopped,
})

/** What decides whether a negotiation is needed. */
export interface NeedSource {
  readonly local: AppliedDescription | undefined
  readonly remote: AppliedDescription | undefined
  readonly transceivers: readonly FakeTransceiver[]
  readonly usesData: boolean
  readonly restarts: boolean
}

/** Whether a negotiation is needed (webrtc-pc, section 4.7.3). Ask only in `stable`. */
export const isNegotiationNeeded = ({ local, remote, transceivers, usesData, restarts }: NeedSource): boolean => {
  if (restarts) return true
  const sections = local?.read.sections ?? []
  if (usesData && !sections.some((section) => section.kind === 'application')) return true
  return transceivers.some((transceiver) => {
    const { mid, stopped, direction, sender } = transceiver
    const own = sections.find((section) => section.mid === mid)
    const other = remote?.read.sections.find((section) => section.mid === mid)
    if (stopped) return own !== undefined && !own.rejected && !(other?.rejected ?? false)
    if (own === undefined || other === undefined) return true
    if (sends(direction) && sends(own.direction) && own.streams.join(' ') !== sender.streams.join(' ')) return true
    if (local?.type === 'offer') return direction !== own.direction && direction !== reversed(other.direction)
    return own.direction !== intersection(direction, reversed(other.direction))
  })
}

/** Whether the sections of a later description continue those of an earlier one: same places, same mids and kinds. */
export const continues = (later: readonly SdpSection[], earlier: readonly SdpSection[]): boolean =>
  earlier.every((section, index) => later[index]?.mid === section.mid && later[index]?.kind === section.kind)
