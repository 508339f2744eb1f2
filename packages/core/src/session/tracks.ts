import { addTrack } from '../rtc/peer-connection.ts'

/** The local tracks of a session, across its RTCPeerConnections. */
export const createTracks = () => {
  const tracks = new Map<MediaStreamTrack, readonly MediaStream[]>()
  let connection: RTCPeerConnection | undefined

  return {
    /** Sends the tracks on a new RTCPeerConnection. */
    open: (pc: RTCPeerConnection): void => {
      connection = pc
      for (const [track, streams] of tracks) addTrack(pc, track, streams)
    },

    /** The RTCPeerConnection goes; the tracks wait for the next. */
    close: (): void => {
      connection = undefined
    },

    add: (track: MediaStreamTrack, streams: readonly MediaStream[]): void => {
      tracks.set(track, streams)
      if (connection) addTrack(connection, track, streams)
    },

    end: (): void => tracks.clear(),
  }
}
