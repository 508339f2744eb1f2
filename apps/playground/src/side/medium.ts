import type { SignalingJoin, SignalingLink, SignalingTransport } from '@parley-rtc/core'
import { withFaults } from '@parley-rtc/core/testing'

/** What the medium does to messages on their way. */
export interface MediumFaults {
  /** The share of messages that are lost, 0 to 1. */
  readonly loss: number
  /** The share of messages that arrive twice, 0 to 1. */
  readonly duplicate: number
  /** The largest random delay, ms. */
  readonly reorder: number
  /** Nothing gets through, and the link says so. */
  readonly isCut: boolean
}

export const noFaults: MediumFaults = { loss: 0, duplicate: 0, reorder: 0, isCut: false }

/** A transport whose faults can be set while it is in use. */
export interface Medium {
  readonly transport: SignalingTransport
  readonly set: (faults: MediumFaults) => void
}

/** Puts faults around what each side sends through a transport. */
export const createMedium = (inner: SignalingTransport): Medium => {
  const links = new Set<() => void>()
  let faults = noFaults

  const openLink = (join: SignalingJoin): SignalingLink => {
    let isInnerOpen = false
    let isOpen = false
    const show = () => {
      if (isOpen === (isInnerOpen && !faults.isCut)) return
      isOpen = !isOpen
      if (isOpen) join.onOpen()
      else join.onClose()
    }
    const link = inner({
      ...join,
      onOpen: () => {
        isInnerOpen = true
        show()
      },
      onMessage: (from, text) => {
        if (!faults.isCut) join.onMessage(from, text)
      },
      onClose: (reason) => {
        isInnerOpen = false
        if (reason === undefined) show()
        else join.onClose(reason)
      },
    })
    // What is on its way keeps its fate: a new wrapper only decides about what is sent from now on.
    const wrap = () => withFaults(() => link, { ...faults, seed: Math.random() * 2 ** 32 })(join)
    let faulty = wrap()
    const apply = () => {
      faulty = wrap()
      show()
    }
    links.add(apply)
    return {
      get maxLength() {
        return link.maxLength
      },
      send: (to, text) => {
        if (!faults.isCut) faulty.send(to, text)
      },
      close: () => {
        links.delete(apply)
        return faulty.close()
      },
    }
  }

  return {
    transport: openLink,
    set: (next) => {
      faults = next
      for (const apply of links) apply()
    },
  }
}
