import { FakeMediaStreamTrack, type FakeMediaStream, type TrackLike } from './fake-media.ts'

/** The sending half of a transceiver. */
export interface FakeSender {
  track: TrackLike | null
  /** The ids of the streams it says its track is in. */
  streams: readonly string[]
  replaceTrack(track: TrackLike | null): Promise<void>
  setStreams(...streams: readonly { readonly id: string }[]): void
  getParameters(): { readonly encodings: readonly unknown[] }
  setParameters(): Promise<void>
  getStats(): Promise<Map<string, unknown>>
  readonly transport: null
  readonly dtmf: null
}

/** The receiving half of a transceiver. */
export interface FakeReceiver {
  readonly track: FakeMediaStreamTrack
  /** The streams its track is in now. */
  streams: readonly FakeMediaStream[]
  getStats(): Promise<Map<string, unknown>>
  readonly transport: null
}

/** A pair of a sender and a receiver that share an m-line. */
export interface FakeTransceiver {
  mid: string | null
  direction: RTCRtpTransceiverDirection
  currentDirection: RTCRtpTransceiverDirection | null
  readonly kind: 'audio' | 'video'
  readonly sender: FakeSender
  readonly receiver: FakeReceiver
  readonly stopped: boolean
  stop(): void
  setCodecPreferences(): void
}

export const sends = (direction: RTCRtpTransceiverDirection | null): boolean =>
  direction === 'sendrecv' || direction === 'sendonly'

export const receives = (direction: RTCRtpTransceiverDirection | null): boolean =>
  direction === 'sendrecv' || direction === 'recvonly'

export const toDirection = (send: boolean, receive: boolean): RTCRtpTransceiverDirection => {
  if (send) return receive ? 'sendrecv' : 'sendonly'
  return receive ? 'recvonly' : 'inactive'
}

/** The same direction, seen from the other side. */
export const reversed = (direction: RTCRtpTransceiverDirection): RTCRtpTransceiverDirection =>
  toDirection(receives(direction), sends(direction))

/** What is left when a direction meets what the other side offers or answers (already reversed). */
export const intersection = (
  a: RTCRtpTransceiverDirection,
  b: RTCRtpTransceiverDirection,
): RTCRtpTransceiverDirection => toDirection(sends(a) && sends(b), receives(a) && receives(b))

/** How to make a transceiver. */
export interface TransceiverOptions {
  readonly kind: 'audio' | 'video'
  readonly receiverTrackId: string
  readonly track: TrackLike | null
  readonly streams: readonly string[]
  readonly direction: RTCRtpTransceiverDirection
  /** Called whenever the change may need a negotiation. */
  readonly onChange: () => void
}

/** Creates a transceiver that is in no m-line yet. */
export const createTransceiver = (options: TransceiverOptions): FakeTransceiver => {
  const { kind, onChange } = options
  let direction = options.direction
  let stopped = false
  const noStats = (): Promise<Map<string, unknown>> => Promise.resolve(new Map())

  const sender: FakeSender = {
    track: options.track,
    streams: options.streams,
    replaceTrack: (track) => {
      sender.track = track
      return Promise.resolve()
    },
    setStreams: (...streams) => {
      sender.streams = streams.map((stream) => stream.id)
      onChange()
    },
    getParameters: () => ({ encodings: [] }),
    setParameters: () => Promise.resolve(),
    getStats: noStats,
    transport: null,
    dtmf: null,
  }
  const receiver: FakeReceiver = {
    track: new FakeMediaStreamTrack(kind, options.receiverTrackId),
    streams: [],
    getStats: noStats,
    transport: null,
  }
  const transceiver: FakeTransceiver = {
    mid: null,
    get direction() {
      return stopped ? 'stopped' : direction
    },
    set direction(next) {
      if (next === direction) return
      direction = next
      onChange()
    },
    currentDirection: null,
    kind,
    sender,
    receiver,
    get stopped() {
      return stopped
    },
    stop: () => {
      if (stopped) return
      stopped = true
      receiver.track.end()
      onChange()
    },
    setCodecPreferences: () => undefined,
  }
  return transceiver
}
