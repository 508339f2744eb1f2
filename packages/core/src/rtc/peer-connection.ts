import { fromCallback, fromPromise } from 'xstate'
import { longestWait, type Clock } from '../clock.ts'
import { ParleyError } from '../errors.ts'
import { listen } from '../listen.ts'
import { ufragsOf } from '../negotiation/candidates.ts'
import type { ConnectionCommand, NegotiationEvent, Offer } from '../negotiation/signals.ts'
import { gatherCandidates } from './gather-candidates.ts'

/** The constructor of the browser, or one of the same shape: `@roamhq/wrtc`, werift, a test's fake. */
export type PeerConnectionConstructor = new (configuration?: RTCConfiguration) => RTCPeerConnection

/** An `RTCConfiguration` that may be good for a while only, as the credentials of a TURN server are. */
export interface ExpiringConfiguration extends RTCConfiguration {
  /** ms since the epoch. At 80 % of the time until then a new one is asked for, and ICE restarted with it. */
  readonly expiresAt?: number
}

/** A configuration, or a function that is asked for one whenever a connection is made or ICE restarted. */
export type ConfigurationSource = RTCConfiguration | (() => ExpiringConfiguration | Promise<ExpiringConfiguration>)

export interface PeerConnectionOptions {
  readonly RTCPeerConnection: PeerConnectionConstructor
  readonly configuration?: ConfigurationSource
  readonly clock: Clock
  /** The connection exists and is empty: the moment to give it channels and tracks. */
  readonly onOpen: (pc: RTCPeerConnection) => void
  /** The connection is about to be closed: the moment to let go of it. */
  readonly onClose: () => void
  /** No new configuration could be had or set; the connection goes on with the one it has. */
  readonly onStaleConfiguration: (error: unknown) => void
  readonly onStateChange: (state: RTCPeerConnectionState) => void
  readonly onTrack: (event: RTCTrackEvent) => void
  readonly onDataChannel: (channel: RTCDataChannel) => void
}

/** ms; how soon a configuration is asked for again at the soonest, whatever it says of its own end. */
const minLife = 5_000

/** The constructor given, else that of this runtime, looked up only when it is needed. */
export const resolveConstructor = (given: PeerConnectionConstructor | undefined): PeerConnectionConstructor => {
  const found = given ?? (globalThis as { RTCPeerConnection?: PeerConnectionConstructor }).RTCPeerConnection
  if (typeof found === 'function') return found
  throw new ParleyError(
    'no-webrtc',
    'No RTCPeerConnection here: create the peer in a browser, or pass one as `rtc.RTCPeerConnection`.',
  )
}

/**
 * The actors of the negotiation machine over one RTCPeerConnection. With `rtc/` beside it, this is the only code that
 * calls its methods. The stopped `connection` closes it; a promise that never settles after that (it does not, in
 * Chromium and in Firefox) belongs to an actor that was stopped too, so nobody waits for it.
 */
export const createPeerConnectionActors = (options: PeerConnectionOptions) => {
  let pc: RTCPeerConnection | undefined
  const opened = () => pc as RTCPeerConnection // the machine asks for nothing before `rtc.opened`

  const describe = (create: 'createOffer' | 'createAnswer') =>
    fromPromise(async () => {
      const description = await opened()[create]()
      // Explicit, since not every stack has a setLocalDescription without a description (@roamhq/wrtc).
      await opened().setLocalDescription(description)
      return description.sdp ?? ''
    })
  const apply = (type: RTCSdpType) =>
    fromPromise<void, Offer>(({ input: { sdp } }) => opened().setRemoteDescription({ type, sdp }))

  return {
    connection: fromCallback<ConnectionCommand>(({ sendBack, receive }) => {
      const closing = new AbortController()
      let timer: unknown
      const send = (event: NegotiationEvent) => {
        if (!closing.signal.aborted) sendBack(event)
      }
      const configure = async () => {
        const { configuration } = options
        if (typeof configuration !== 'function') return configuration
        const { expiresAt, ...settled } = await configuration()
        if (expiresAt !== undefined) renewIn((expiresAt - Date.now()) * 0.8 || 0) // also what is no number
        return settled
      }
      const renewIn = (ms: number) => {
        options.clock.clearTimeout(timer)
        if (!closing.signal.aborted)
          timer = options.clock.setTimeout(() => void restart(), Math.min(longestWait, Math.max(minLife, ms)))
      }
      const restart = async () => {
        if (typeof options.configuration === 'function')
          // What was given before may still do, so nothing that goes wrong here keeps ICE from trying.
          await configure()
            .then((settled) => pc?.setConfiguration(settled))
            .catch((error: unknown) => options.onStaleConfiguration(error))
        if (!closing.signal.aborted) pc?.restartIce()
      }
      const open = async () => {
        const settled = await configure()
        if (closing.signal.aborted) return
        pc = new options.RTCPeerConnection(settled)
        tellEvents(pc, options, send, closing.signal)
        options.onOpen(pc)
        send({ type: 'rtc.opened' })
      }
      open().catch((error: unknown) => send({ type: 'rtc.error', error }))
      receive((command) => {
        if (command.type === 'restartIce') return void restart()
        for (const candidate of command.candidates)
          // One that names no section, as the end of candidates, is for all of its generation (W3C webrtc-pc, 4.4.2).
          opened()
            .addIceCandidate(candidate as RTCIceCandidateInit)
            .catch(() => send({ type: 'rtc.candidateRefused' }))
      })
      return () => {
        closing.abort()
        options.clock.clearTimeout(timer)
        if (!pc) return
        options.onClose()
        pc.close()
      }
    }),

    createOffer: describe('createOffer'),
    createAnswer: describe('createAnswer'),
    applyOffer: apply('offer'),
    applyAnswer: apply('answer'),
  }
}

/** Opens a data channel. */
export const openDataChannel = (pc: RTCPeerConnection, label: string, init: RTCDataChannelInit): RTCDataChannel =>
  pc.createDataChannel(label, init)

const tellEvents = (
  pc: RTCPeerConnection,
  { clock, onStateChange, onTrack, onDataChannel }: PeerConnectionOptions,
  send: (event: NegotiationEvent) => void,
  signal: AbortSignal,
): void => {
  const takeLocalCandidate = gatherCandidates(
    clock,
    signal,
    () => ufragsOf(pc.localDescription?.sdp ?? '').at(-1),
    (candidates) => send({ type: 'rtc.candidates', ...candidates }),
  )
  const stop = listen<RTCPeerConnectionEventMap>(pc, {
    negotiationneeded: () => send({ type: 'rtc.negotiationNeeded' }),
    icecandidate: ({ candidate }) => takeLocalCandidate(candidate),
    connectionstatechange: () => onStateChange(pc.connectionState),
    track: onTrack,
    datachannel: ({ channel }) => onDataChannel(channel),
  })
  signal.addEventListener('abort', stop)
}
