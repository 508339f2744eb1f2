import { createActor, fromCallback } from 'xstate'
import { negotiationMachine } from '../negotiation/machine.ts'
import type { NegotiationEvent, NegotiationInput } from '../negotiation/signals.ts'
import { createPeerConnectionActors, type PeerConnectionOptions } from '../rtc/peer-connection.ts'
import { provide } from '../setup.ts'
import type { ConnectionEvent } from './session-event.ts'

/**
 * What the session machine invokes while it is active: one RTCPeerConnection with the negotiation machine that
 * drives it. Everything that either has to say goes up as an event; stopping it closes the RTCPeerConnection.
 */
export const connectionLogic = (
  options: Omit<PeerConnectionOptions, 'onStateChange'> & {
    /** The negotiation failed. The other side is told no more than that: an error can hold a secret. */
    readonly onFailure: (error: unknown) => void
  },
) =>
  fromCallback<ConnectionEvent, NegotiationInput>(({ input, sendBack, receive }) => {
    const fail = (error: unknown) => {
      options.onFailure(error)
      sendBack({ type: 'negotiation.failed' })
    }
    const actors = createPeerConnectionActors({
      ...options,
      onStateChange: (state) => {
        if (state === 'connected' || state === 'disconnected' || state === 'failed') sendBack({ type: `rtc.${state}` })
      },
    })
    const negotiation = createActor(provide(negotiationMachine, { actors }), { input, clock: options.clock })
    negotiation.on('signals', ({ messages }) => sendBack({ type: 'negotiation.signals', messages }))
    negotiation.subscribe({
      next: ({ value, context }) => {
        const state = typeof value === 'string' ? value : `stable.${value.stable}`
        sendBack({
          type: 'negotiation.changed',
          state,
          candidates: context.candidates.counters,
          offers: context.localOffer,
        })
        if (state === 'failed') fail(context.error)
      },
      error: fail,
    })
    // The session forwards only the signals that the negotiation machine knows.
    receive((event) => {
      // One that failed takes no more; XState would say so on the console, for whatever the other side sends.
      if (negotiation.getSnapshot().status === 'active') negotiation.send(event as NegotiationEvent)
    })
    negotiation.start()
    return () => negotiation.stop()
  })
