import type { ChannelData } from './channel-handle.ts'

/** A message on its way. */
export interface Outgoing {
  readonly data: ChannelData
  /** Bytes that it occupies here, with what it costs to keep any message at all. */
  readonly cost: number
  /** Tells the sender of its fate; gone once the RTCDataChannel took it. */
  settle?: { readonly resolve: () => void; readonly reject: (error: unknown) => void }
}

/**
 * The messages of a channel in their order: those that an RTCDataChannel took and the other side has not confirmed,
 * then those that wait. Messages are numbered from 0 over the whole life of the channel; no number is on the wire,
 * since both sides count the same ones.
 */
export const createOutbox = (window: number) => {
  const entries: Outgoing[] = []
  /** The number of the first entry. */
  let first = 0
  /** How many entries were taken. */
  let taken = 0
  let takenCost = 0
  let waitingCost = 0
  let confirmed = 0
  /** What is below this number, and unconfirmed, is known to be lost. */
  let lost = 0
  /** The number that no confirmation can exceed. */
  let sent = 0

  const dropFirst = () => {
    const { cost } = entries.shift() as Outgoing
    first += 1
    if (taken > 0) {
      taken -= 1
      takenCost -= cost
    } else waitingCost -= cost
  }

  return {
    waiting: () => waitingCost,
    next: (): Outgoing | undefined => entries[taken],

    push: (entry: Outgoing): void => {
      entries.push(entry)
      waitingCost += entry.cost
    },

    /** The RTCDataChannel took the next message. The oldest that no longer fit into the window are forgotten. */
    take: (isDurable: boolean): void => {
      const entry = entries[taken] as Outgoing
      const { cost } = entry
      delete entry.settle
      taken += 1
      takenCost += cost
      waitingCost -= cost
      sent = Math.max(sent, first + taken)
      while (takenCost > (isDurable ? window : 0)) dropFirst()
    },

    /** Gives the next message up: it gets no number. */
    cancel: (): void => {
      waitingCost -= entries.splice(taken, 1)[0]?.cost ?? 0
    },

    /** The other side has all messages below this number. */
    confirm: (number: number): void => {
      confirmed = Math.max(confirmed, Math.min(number, sent))
      while (first < confirmed && entries.length > 0) dropFirst()
    },

    /** The RTCDataChannel is gone: what is unconfirmed waits again. */
    rewind: (): void => {
      taken = 0
      waitingCost += takenCost
      takenCost = 0
    },

    /** Another RTCDataChannel is open. How many messages the other side lacks and cannot get; and those of them that
     * were not lost before already. */
    resume: () => {
      const gap = { missing: Math.max(0, first - confirmed), news: Math.max(0, first - Math.max(confirmed, lost)) }
      lost = first
      // What goes again now has not arrived: only what is sent from here on can be confirmed.
      sent = first
      return gap
    },

    /** Empties it. */
    clear: (): readonly Outgoing[] => {
      waitingCost = 0
      takenCost = 0
      taken = 0
      return entries.splice(0)
    },
  }
}
