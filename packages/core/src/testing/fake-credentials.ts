import type { Descriptions } from './fake-descriptions.ts'
import type { FakeBehavior } from './fake-profile.ts'
import { randomText, type Random } from './random.ts'
import type { IceCredentials } from './fake-sdp.ts'

/** Decides which ICE credentials a description gets. */
export interface Credentials {
  /** The next offers restart ICE, until an exchange has replaced the credentials of now. */
  readonly restart: () => void
  readonly restarts: () => boolean
  readonly forOffer: (iceRestart: boolean) => IceCredentials
  readonly forAnswer: () => IceCredentials
  /** An exchange is complete. */
  readonly onAnswer: () => void
}

/** Creates the credentials of a new connection. */
export const createCredentials = (behavior: FakeBehavior, random: Random, descriptions: Descriptions): Credentials => {
  /** Named after the slot of webrtc-pc, section 4.4.1: what `restartIce()` wants to be rid of. */
  const toReplace = new Set<string>()
  let initial: IceCredentials | undefined

  const create = (): IceCredentials => ({ ufrag: randomText(random, 8), pwd: randomText(random, 24) })

  const initialOnes = (): IceCredentials => {
    if (behavior.freshCredentialsPerOffer) return create()
    initial ??= create()
    return initial
  }

  const ofLocal = (which: 'current' | 'pending'): IceCredentials | undefined => {
    const { ufrag, pwd } = descriptions[which]('local')?.read ?? {}
    return ufrag === undefined || pwd === undefined ? undefined : { ufrag, pwd }
  }

  return {
    restart: () => {
      for (const which of ['current', 'pending'] as const) {
        const ufrag = ofLocal(which)?.ufrag
        if (ufrag !== undefined) toReplace.add(ufrag)
      }
    },
    restarts: () => toReplace.size > 0,
    forOffer: (iceRestart) => {
      const present = ofLocal('pending') ?? ofLocal('current')
      if (present === undefined) return initialOnes()
      return iceRestart || toReplace.has(present.ufrag) ? create() : present
    },
    forAnswer: () => {
      const present = ofLocal('current')
      if (present === undefined) return initialOnes()
      const before = descriptions.current('remote')?.read.ufrag
      return descriptions.pending('remote')?.read.ufrag === before ? present : create()
    },
    onAnswer: () => {
      const now = ofLocal('current')?.ufrag
      if (now !== undefined && !toReplace.has(now)) toReplace.clear()
    },
  }
}
