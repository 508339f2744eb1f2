/** What decides when `negotiationneeded` fires. */
export interface NegotiationNeedOptions {
  /** Whether the operations chain is not empty. */
  readonly isBusy: () => boolean
  readonly queueTask: (run: () => void) => void
  readonly isStable: () => boolean
  readonly isNeeded: () => boolean
  readonly onNeeded: () => void
}

/** The negotiation-needed flag of a connection (webrtc-pc, section 4.7.3). */
export interface NegotiationNeed {
  /** Something changed. The event is queued, coalesced, and comes only when nothing else is going on. */
  readonly check: () => void
  /** The connection is back in `stable`: what is needed now is judged anew. */
  readonly reset: () => void
  /** The operations chain is empty again. */
  readonly onIdle: () => void
}

/** Creates the flag, not set. */
export const createNegotiationNeed = (options: NegotiationNeedOptions): NegotiationNeed => {
  const { isBusy, queueTask, isStable, isNeeded, onNeeded } = options
  let needed = false
  let checkWhenIdle = false

  const check = (): void => {
    if (isBusy()) checkWhenIdle = true
    else queueTask(judge)
  }

  const judge = (): void => {
    if (isBusy()) {
      checkWhenIdle = true
      return
    }
    if (!isStable()) return
    const before = needed
    needed = isNeeded()
    if (needed && !before) onNeeded()
  }

  return {
    check,
    reset: () => {
      needed = false
      check()
    },
    onIdle: () => {
      if (!checkWhenIdle) return
      checkWhenIdle = false
      check()
    },
  }
}
