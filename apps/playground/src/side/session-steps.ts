import type { SessionSnapshot } from '@parley-rtc/core'
import type { SideState } from './side.ts'

/** A state of the session machine that was entered: its path, or the end of that. */
export interface SessionStep {
  readonly state: string
  /** The event that led there, as the machine names it; `undefined` when only one can have, or nothing here tells. */
  readonly event?: string | undefined
}

/**
 * What the session machine went through between two states of a side, as far as a snapshot tells: its status, which can
 * have states within, and what it only passes through.
 */
export const sessionStepsOf = (
  { session, heard }: Pick<SideState, 'session' | 'heard'>,
  before: SessionSnapshot | undefined,
): readonly SessionStep[] => {
  if (session === undefined) return []
  const isNew = session.status !== 'ended' && (before === undefined || before.status === 'ended')
  const signal = heard === undefined ? undefined : `signal.${heard}`
  const entered = { state: stateOf(session), event: eventOf(session, before, signal) }
  if (isNew) return [{ state: 'idle' }, entered]
  if (before === undefined || session.connection <= before.connection) return [entered]
  // Another RTCPeerConnection: because the other side said so, or because this one was about to.
  if (heard === 'offer' || heard === 'reconnect') return [{ state: 'replacing', event: signal }, entered]
  return [{ state: 'recovering.renewing' }, { state: 'replacing', event: '' }, entered]
}

/** Of the states within a status, a snapshot names those that say what is known of the other side. */
const stateOf = ({ status, liveness }: SessionSnapshot): string => {
  const inner = liveness === 'silent' ? 'doubted' : liveness
  return inner === undefined ? status : `${status}.${inner}`
}

const eventOf = (
  { status, role, endReason }: SessionSnapshot,
  before: SessionSnapshot | undefined,
  signal: string | undefined,
): string | undefined => {
  // Both called, and the call of the other side stands.
  if (before?.role === 'caller' && role === 'callee' && before.status === 'calling') return 'call.yield'
  if (status === 'recovering') return 'rtc.failed'
  if (status !== 'ended' || before?.status === 'ending') return signal
  if (endReason === 'replaced') return 'remote.replaced'
  if (signal === 'signal.hangup' || signal === 'signal.reject') return signal
  // Gone without a word.
  return before?.status === 'interrupted' ? 'remote.left' : 'rtc.closed'
}
