import type { TruthCase } from './truth-case.ts'
import { candidateCases } from './truth-of-candidates.ts'
import { channelCases } from './truth-of-channels.ts'
import { descriptionCases } from './truth-of-descriptions.ts'
import { lifeCases } from './truth-of-life.ts'

export type { TruthCase } from './truth-case.ts'

/**
 * What browsers do with an RTCPeerConnection, case by case: the contract of the fake. The same cases run in the
 * browsers themselves, so that the fake cannot drift away from them.
 */
export const truthTable: readonly TruthCase[] = [...descriptionCases, ...candidateCases, ...channelCases, ...lifeCases]
