/** Which browser the fake behaves like. */
export type FakeProfile = 'chromium' | 'firefox'

/** Where browsers differ, or leave the standard. Each field was measured in Chromium 156 and Firefox 153. */
export interface FakeBehavior {
  /** The path is silent for this long before it counts as `disconnected`, in milliseconds. */
  readonly disconnectedAfter: number
  /** The first checks of ICE bring nothing for this long before it has failed, in milliseconds. */
  readonly checksFor: number
  /** It fails just so while there is no candidate of the other side; else it waits for one. */
  readonly failsWithoutCandidates: boolean
  /** Data channels that wait for the first path are closed when ICE fails: a restart opens none of them. */
  readonly failureClosesChannels: boolean
  readonly maxMessageSize: number
  /** A send that would exceed this many buffered bytes throws. */
  readonly maxBufferedAmount: number
  /** `send()` on a closed channel throws, as the standard wants; else the data vanishes. */
  readonly throwsOnSendAfterClose: boolean
  /** A channel whose connection is closed by the other side gets an `error` before `close`. */
  readonly errorOnAbort: boolean
  /** An unknown username fragment is refused, as the standard wants; else the candidate resolves and is lost. */
  readonly refusesUnknownUfrag: boolean
  /** The candidate line itself names its generation; else only the property of the event does. */
  readonly ufragInCandidate: boolean
  /** A candidate line that cannot be read is refused; else it is ignored. */
  readonly refusesUnreadableCandidate: boolean
  /** End-of-candidates is taken without any check, even before a remote description. */
  readonly endOfCandidatesUnchecked: boolean
  /** Gathering ends with an empty candidate before `null`. */
  readonly emptyCandidateFirst: boolean
  /** Each createOffer before the first local description makes other ICE credentials. */
  readonly freshCredentialsPerOffer: boolean
  /** A mid that was in any offer is never used again, not even for the same section. */
  readonly midsUsedOnce: boolean
  /** After its offer was rolled back, a data section is never offered again (crbug.com/1032987). */
  readonly losesDataOnRollback: boolean
  /** Before anything was negotiated, whatever may need a negotiation does: even a `restartIce()` alone. */
  readonly alwaysNeedsFirstNegotiation: boolean
  /** Reading a description of a closed connection throws. */
  readonly descriptionsThrowAfterClose: boolean
}

/** The browsers, by name. */
export const behaviors: Readonly<Record<FakeProfile, FakeBehavior>> = {
  chromium: {
    disconnectedAfter: 5000,
    checksFor: 15_000,
    failsWithoutCandidates: false,
    failureClosesChannels: false,
    maxMessageSize: 262_144,
    maxBufferedAmount: 16_777_216,
    throwsOnSendAfterClose: true,
    errorOnAbort: true,
    refusesUnknownUfrag: false,
    ufragInCandidate: true,
    refusesUnreadableCandidate: true,
    endOfCandidatesUnchecked: true,
    emptyCandidateFirst: false,
    freshCredentialsPerOffer: true,
    midsUsedOnce: false,
    losesDataOnRollback: true,
    alwaysNeedsFirstNegotiation: true,
    descriptionsThrowAfterClose: false,
  },
  firefox: {
    disconnectedAfter: 8600,
    checksFor: 5000,
    failsWithoutCandidates: true,
    failureClosesChannels: true,
    maxMessageSize: 1_073_741_823,
    maxBufferedAmount: Number.POSITIVE_INFINITY,
    throwsOnSendAfterClose: false,
    errorOnAbort: false,
    refusesUnknownUfrag: true,
    ufragInCandidate: false,
    refusesUnreadableCandidate: false,
    endOfCandidatesUnchecked: false,
    emptyCandidateFirst: true,
    freshCredentialsPerOffer: false,
    midsUsedOnce: true,
    losesDataOnRollback: false,
    alwaysNeedsFirstNegotiation: false,
    descriptionsThrowAfterClose: true,
  },
}
