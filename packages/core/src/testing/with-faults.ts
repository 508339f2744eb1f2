import { systemClock, type Clock } from '../clock.ts'
import type { SignalingTransport } from '../signaling/transport.ts'
import { createFates, type FaultOptions } from './faults.ts'

/** The faults to put around a transport. */
export interface WithFaultsOptions extends FaultOptions {
  /** Default: the time of this machine. */
  readonly clock?: Clock
}

/**
 * Any transport, as it is on a bad day: what is sent through it gets lost, doubled, late and out of order.
 * Presence and the link itself stay as they are. Wrap both sides to have the faults in both directions.
 */
export const withFaults = (transport: SignalingTransport, options: WithFaultsOptions = {}): SignalingTransport => {
  const { clock = systemClock } = options
  const decide = createFates(options)
  return (join) => {
    const link = transport(join)
    const late = new Set<unknown>()
    let closed = false

    const sendLater = (to: string, text: string, ms: number): void => {
      const timer = clock.setTimeout(() => {
        late.delete(timer)
        link.send(to, text)
      }, ms)
      late.add(timer)
    }

    return {
      send: (to, text) => {
        if (closed) return
        for (const ms of decide()) {
          // Without a delay nothing is put off, so the messages keep the order that the transport gives them.
          if (ms === 0) link.send(to, text)
          else sendLater(to, text, ms)
        }
      },
      get maxLength() {
        return link.maxLength
      },
      get trouble() {
        return link.trouble
      },
      seek: (id) => link.seek?.(id),
      close: () => {
        closed = true
        for (const timer of late) clock.clearTimeout(timer)
        late.clear()
        return link.close()
      },
    }
  }
}
