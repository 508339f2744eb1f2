import type { Warning } from '../emitter.ts'
import { ParleyError } from '../errors.ts'
import { listen } from '../listen.ts'
import { addTrack, addTransceiver, isDeaf, removeTrack, takeOffered } from '../rtc/media.ts'

/** A place for a track, in one session and on each of its RTCPeerConnections in turn. */
export interface SessionTransceiver {
  /** That of the present RTCPeerConnection, once it is there. What is set on it is not carried over to the next. */
  readonly current: RTCRtpTransceiver | undefined
  /** Asks for another direction, which is negotiated and carried over. */
  readonly setDirection: (direction: RTCRtpTransceiverDirection) => void
  /** Sends another track, or with `null` none for now, without a negotiation. Throws `invalid-option`. */
  readonly replaceTrack: (track: MediaStreamTrack | null) => void
  /** Ends it on both sides. */
  readonly stop: () => void
}

interface Place {
  readonly kind: string
  readonly streams: readonly MediaStream[]
  /** Undefined where `addTrack` made it. */
  init: RTCRtpTransceiverInit | undefined
  /** By which the application knows it: the last one that was sent. */
  track: MediaStreamTrack | undefined
  isPaused?: boolean
  isMuted?: boolean
  /** Whether the other side took it, once that is negotiated. */
  isAgreed?: boolean
  transceiver?: RTCRtpTransceiver | undefined
}

/** The local media of a session, across its RTCPeerConnections. */
export const createTracks = (tellMuted: (mids: string[]) => void, warn: (warning: Warning) => void) => {
  const places = new Set<Place>()
  let connection: RTCPeerConnection | undefined
  let stopListening: (() => void) | undefined
  /** The RTCPeerConnection is made for an offer, and that is still to be applied. */
  let isOfferDue = false
  /** The mids that the other side takes for muted; undefined where that is what it heard of the last connection. */
  let told: string | undefined = ''

  const attach = (place: Place): void => {
    const { kind, init, streams, track } = place
    if (!connection || place.transceiver) return
    if (init) {
      // An offer's section takes only what addTrack made (RFC 8829, section 5.10): before it, this would be one more.
      if (isOfferDue) return
      place.transceiver = addTransceiver(connection, track ?? kind, init)
    } else if (track) {
      // addTrack takes one that has sent nothing yet, though it may be the place of something else.
      const isMeant = ({ kind: other, transceiver }: Place) => other === kind && transceiver?.sender.track === null
      const isOwn = isDeaf(connection, kind) || [...places].some(isMeant)
      place.transceiver = isOwn
        ? addTransceiver(connection, track, { streams: [...streams] })
        : addTrack(connection, track, streams)
    }
  }

  const attachAll = (): void => {
    const added = [...places].filter(({ transceiver }) => !transceiver)
    for (const place of added)
      try {
        attach(place)
      } catch (error) {
        places.delete(place)
        fail(place, error)
      }
    for (const place of added) if (place.isPaused) send(place)
  }

  /** The offer is applied: its transceivers are taken first, and what finds none makes one. */
  const takeOffer = (pc: RTCPeerConnection): void => {
    isOfferDue = false
    const isTaken = (transceiver: RTCRtpTransceiver) => [...places].some((place) => place.transceiver === transceiver)
    for (const place of places) {
      // Encodings can only be given to a transceiver that is made with them.
      if (!place.init || place.init.sendEncodings) continue
      place.transceiver = takeOffered(pc, place.kind, isTaken, place.init)
      send(place)
    }
    attachAll()
  }

  const send = (place: Place): void => {
    const { transceiver, track, isPaused } = place
    const failed = (error: unknown) => fail(place, error)
    transceiver?.sender.replaceTrack((!isPaused && track) || null).catch(failed)
  }

  const fail = ({ kind }: Place, error: unknown): void =>
    warn({ code: 'media-failed', message: `The browser does not send ${kind}: ${String(error)}`, error })

  const onStable = (): void => {
    for (const place of places) {
      const direction = place.transceiver?.currentDirection
      if (!direction) continue
      if (direction !== 'stopped') place.isAgreed = true
      else if (place.isAgreed === undefined) {
        place.isAgreed = false
        warn({ code: 'no-codec', message: `The two sides have no codec for ${place.kind} in common.` })
      } else if (place.isAgreed && !place.init) {
        places.delete(place)
        const message = `The other side stopped the transceiver that sent ${place.kind}: add the track again to send it.`
        warn({ code: 'media-failed', message })
      }
    }
    tellChanges()
  }

  /** Tells what is muted, unless the other side knows. */
  const tellChanges = (): void => {
    const mids = [...places].flatMap(({ isMuted, transceiver }) => (isMuted && transceiver?.mid) || [])
    if (!connection || mids.join() === told) return
    told = mids.join()
    tellMuted(mids)
  }

  const add = (place: Place): Place => {
    if (place.track) assertNew(place.track)
    try {
      attach(place)
    } catch (cause) {
      throw new ParleyError('invalid-option', `The browser refuses this ${place.kind}: ${String(cause)}`, { cause })
    }
    places.add(place)
    return place
  }

  const replace = (place: Place, next: MediaStreamTrack | null): void => {
    if (next && next !== place.track) assertNew(next)
    if (next && next.kind !== place.kind) throw invalid(`${next.kind} cannot take the place of ${place.kind}.`)
    // Who changes the microphone while it is muted stays muted.
    if (next && place.isMuted) next.enabled = false
    place.track = next ?? place.track
    place.isPaused = !next
    send(place)
  }

  const placeOf = (track: MediaStreamTrack): Place => {
    for (const place of places) if (place.track === track) return place
    throw invalid('This session has no such track, or has it no longer.')
  }

  const assertNew = (track: MediaStreamTrack): void => {
    const { kind, id, readyState } = track
    if (readyState === 'ended') throw invalid(`The ${kind} track "${id}" has ended.`)
    for (const place of places) if (place.track === track) throw invalid(`The ${kind} track "${id}" is added already.`)
  }

  return {
    /** Gives everything to a new RTCPeerConnection; `isCallee`: the other side offers first. */
    open: (pc: RTCPeerConnection, isCallee: boolean): void => {
      connection = pc
      isOfferDue = isCallee
      if (told !== '') told = undefined
      attachAll()
      stopListening = listen<RTCPeerConnectionEventMap>(pc, {
        signalingstatechange: () => {
          if (isOfferDue && pc.signalingState === 'have-remote-offer') takeOffer(pc)
          if (pc.signalingState === 'stable') onStable()
        },
      })
    },

    /** The RTCPeerConnection goes; everything waits for the next. */
    close: (): void => {
      stopListening?.()
      connection = undefined
      for (const place of places) place.transceiver = undefined
    },

    add: (track: MediaStreamTrack, ...streams: MediaStream[]): void => {
      add({ kind: track.kind, track, streams, init: undefined })
    },

    remove: (track: MediaStreamTrack): void => {
      const place = placeOf(track)
      const { init, transceiver } = place
      if (init) throw invalid('The track is of a transceiver: stop that, or replace its track.')
      if (transceiver && connection) removeTrack(connection, transceiver)
      places.delete(place)
      // A replacement that is still under way in the browser would bring the track back.
      send({ ...place, isPaused: true })
    },

    replace: (track: MediaStreamTrack, next: MediaStreamTrack | null): void => replace(placeOf(track), next),

    setMuted: (track: MediaStreamTrack, isMuted: boolean): void => {
      placeOf(track).isMuted = isMuted
      track.enabled = !isMuted
      tellChanges()
    },

    addTransceiver: (trackOrKind: MediaStreamTrack | string, init: RTCRtpTransceiverInit = {}): SessionTransceiver => {
      const track = typeof trackOrKind === 'string' ? undefined : trackOrKind
      const kind = track?.kind ?? String(trackOrKind)
      if (kind !== 'audio' && kind !== 'video') throw invalid(`"${kind}" is no kind of track.`)
      const place = add({ kind, track, streams: [], init })
      return {
        get current() {
          return place.transceiver
        },
        setDirection: (direction) => {
          place.init = { ...place.init, direction }
          if (place.transceiver) place.transceiver.direction = direction
        },
        replaceTrack: (next) => replace(place, next),
        stop: () => {
          place.transceiver?.stop()
          places.delete(place)
        },
      }
    },

    end: (): void => places.clear(),
  }
}

const invalid = (message: string) => new ParleyError('invalid-option', message)
