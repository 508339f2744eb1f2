import type { Emitter } from '../emitter.ts'
import { listen } from '../listen.ts'
import type { SessionEvents, SessionTrack } from './session-handle.ts'

/** The tracks of the other side, on one RTCPeerConnection after the other. */
export const createRemoteTracks = (emit: Emitter<SessionEvents>['emit']) => {
  const present = new Map<MediaStreamTrack, SessionTrack>()
  /** What the other side says that it has muted; a mid can come here before its track. */
  let muted = new Set<string | null>()
  let stopListening: (() => void) | undefined

  const removeUnless = (isLeft: (track: SessionTrack) => boolean): void => {
    for (const [key, track] of present) {
      if (isLeft(track)) continue
      present.delete(key)
      emit('track-removed', track)
    }
  }

  return {
    open: (pc: RTCPeerConnection): void => {
      stopListening = listen<RTCPeerConnectionEventMap>(pc, {
        // webrtc-pc tells of a track that comes, and nothing of one that is no longer sent but its streams.
        signalingstatechange: () => {
          if (pc.signalingState === 'stable') removeUnless(isReceived)
        },
      })
    },

    /** The RTCPeerConnection goes, and its tracks with it. */
    close: (): void => {
      stopListening?.()
      removeUnless(() => false)
      muted = new Set()
    },

    take: ({ track, streams, transceiver }: RTCTrackEvent): void => {
      const mids = muted
      const taken = {
        track,
        streams,
        transceiver,
        get muted() {
          return mids.has(transceiver.mid)
        },
      }
      present.set(track, taken)
      emit('track', taken)
    },

    setMuted: (mids: readonly string[]): void => {
      const before = new Set(muted)
      muted.clear()
      for (const mid of mids) muted.add(mid)
      for (const { track, transceiver, muted: isMuted } of present.values())
        if (before.has(transceiver.mid) !== isMuted) emit('mute', { track, muted: isMuted })
    },
  }
}

const isReceived = ({ transceiver: { currentDirection } }: SessionTrack): boolean =>
  currentDirection === 'sendrecv' || currentDirection === 'recvonly'
