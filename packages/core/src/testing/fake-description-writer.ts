import type { Credentials } from './fake-credentials.ts'
import type { Descriptions } from './fake-descriptions.ts'
import { answerSections, offerSections } from './fake-negotiation.ts'
import type { FakeBehavior } from './fake-profile.ts'
import { readSdp, writeSdp, type IceCredentials, type SdpSection, type SessionDescription } from './fake-sdp.ts'
import type { FakeTransceiver } from './fake-transceiver.ts'
import type { Random } from './random.ts'

/** A description as `createOffer` and `createAnswer` give it. */
export interface CreatedDescription {
  readonly type: 'offer' | 'answer'
  readonly sdp: string
}

/** Writes the descriptions of one connection and knows its own again. */
export interface DescriptionWriter {
  readonly writeOffer: (
    transceivers: readonly FakeTransceiver[],
    wantsData: boolean,
    iceRestart: boolean,
  ) => CreatedDescription
  readonly writeAnswer: (transceivers: readonly FakeTransceiver[], asClient: boolean) => CreatedDescription
  /** Throws unless the text is one of the descriptions that were created since the last exchange, or almost one. */
  readonly checkOwn: (type: 'offer' | 'answer', sdp: string) => void
  /** What was created until now cannot be set any longer. */
  readonly forget: () => void
}

/** How many created descriptions can still be set. */
const CREATED_LIMIT = 8

/** Creates the writer of a connection, with its certificate. */
export const createDescriptionWriter = (
  behavior: FakeBehavior,
  random: Random,
  descriptions: Descriptions,
  credentials: Credentials,
): DescriptionWriter => {
  const origin = String(Math.floor(random() * Number.MAX_SAFE_INTEGER))
  const fingerprint = `sha-256 ${Array.from({ length: 32 }, () => hexByte(random)).join(':')}`
  const created: CreatedDescription[] = []
  let version = 1
  let lastMid = -1

  const nextMid = (used: ReadonlySet<string>): string => {
    lastMid = behavior.midsUsedOnce ? lastMid + 1 : 0
    while (used.has(String(lastMid))) lastMid += 1
    return String(lastMid)
  }

  const write = (
    type: 'offer' | 'answer',
    setup: SessionDescription['setup'],
    sections: readonly SdpSection[],
    ice: IceCredentials,
  ): CreatedDescription => {
    version += 1
    const sdp = writeSdp({ ...ice, origin, version, fingerprint, setup, sections }, behavior.maxMessageSize)
    created.push({ type, sdp })
    if (created.length > CREATED_LIMIT) created.shift()
    return { type, sdp }
  }

  return {
    writeOffer: (transceivers, wantsData, iceRestart) => {
      const base = descriptions.latest('local')?.read.sections ?? []
      const sections = offerSections({ base, transceivers, wantsData, nextMid })
      return write('offer', 'actpass', sections, credentials.forOffer(iceRestart))
    },
    writeAnswer: (transceivers, asClient) => {
      const offered = descriptions.pending('remote')?.read.sections ?? []
      const sections = answerSections(offered, transceivers)
      return write('answer', asClient ? 'active' : 'passive', sections, credentials.forAnswer())
    },
    checkOwn: (type, sdp) => {
      const own = created.filter((description) => description.type === type).map((description) => description.sdp)
      // Browsers let small changes to the text pass, so the credentials tell whose it is.
      const isOwn = own.some((candidate) => readSdp(candidate)?.ufrag === readSdp(sdp)?.ufrag)
      const isUsable = !behavior.midsUsedOnce || mids(sdp) === mids(own.at(-1) ?? '')
      if (isOwn && isUsable) return
      throw new DOMException(`This is not the ${type} that was created last.`, 'InvalidModificationError')
    },
    forget: () => {
      created.length = 0
    },
  }
}

const mids = (sdp: string): string => (readSdp(sdp)?.sections ?? []).map((section) => section.mid).join(' ')

const hexByte = (random: Random): string =>
  Math.floor(random() * 256)
    .toString(16)
    .toUpperCase()
    .padStart(2, '0')
