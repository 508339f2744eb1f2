import { FakeMediaStream, type TrackLike } from './fake-media.ts'
import type { SdpSection } from './fake-sdp.ts'
import {
  createTransceiver,
  receives,
  reversed,
  sends,
  toDirection,
  type FakeSender,
  type FakeTransceiver,
} from './fake-transceiver.ts'

/** What a `track` event says. */
export interface TrackNews {
  readonly track: TrackLike
  readonly streams: readonly FakeMediaStream[]
  readonly receiver: FakeTransceiver['receiver']
  readonly transceiver: FakeTransceiver
}

/** The transceivers of one connection. */
export interface Transceivers {
  readonly list: () => readonly FakeTransceiver[]
  readonly byMid: (mid: string) => FakeTransceiver | undefined
  readonly addTrack: (track: TrackLike, streams: readonly { readonly id: string }[]) => FakeSender
  readonly removeTrack: (sender: FakeSender) => void
  readonly add: (trackOrKind: TrackLike | string, init: TransceiverInit) => FakeTransceiver
  /** Remembers how things are, for a rollback. */
  readonly save: () => void
  readonly rollBack: () => void
  /** The mids of a local description go to the transceivers that have none, in their order. */
  readonly applyLocal: (sections: readonly SdpSection[], isAnswer: boolean) => void
  /** Finds or makes a transceiver for each section, and tells which tracks begin to come. */
  readonly applyRemote: (sections: readonly SdpSection[], isAnswer: boolean) => readonly TrackNews[]
  /** Media flows: what is received is muted no longer. */
  readonly unmute: () => void
  readonly close: () => void
}

/** The part of RTCRtpTransceiverInit that the fake knows. */
export interface TransceiverInit {
  readonly direction?: RTCRtpTransceiverDirection
  readonly streams?: readonly { readonly id: string }[]
}

interface Entry {
  readonly transceiver: FakeTransceiver
  /** Made by `addTrack`: only such a one is taken by an m-line of a remote offer (RFC 8829, section 5.10). */
  readonly byTrack: boolean
  readonly byRemote: boolean
  receiving: boolean
  hasSent: boolean
}

interface Saved {
  readonly mid: string | null
  readonly receiving: boolean
}

/** Creates the empty list of a connection. */
export const createTransceivers = (nextTrackId: () => string, onChange: () => void): Transceivers => {
  let entries: Entry[] = []
  let saved = new Map<Entry, Saved>()
  const streams = new Map<string, FakeMediaStream>()

  const insert = (
    kind: string,
    track: TrackLike | null,
    streamIds: readonly string[],
    direction: RTCRtpTransceiverDirection,
    origin: { byTrack: boolean; byRemote: boolean },
  ): Entry => {
    if (kind !== 'audio' && kind !== 'video') throw new TypeError(`"${kind}" is no kind of track.`)
    const receiverTrackId = nextTrackId()
    const transceiver = createTransceiver({ kind, receiverTrackId, track, streams: streamIds, direction, onChange })
    const entry: Entry = { transceiver, ...origin, receiving: false, hasSent: false }
    entries.push(entry)
    return entry
  }

  const addTrack: Transceivers['addTrack'] = (track, inStreams) => {
    if (entries.some(({ transceiver }) => !transceiver.stopped && transceiver.sender.track === track)) {
      throw new DOMException('The track is sent already.', 'InvalidAccessError')
    }
    const ids = inStreams.map((stream) => stream.id)
    const reusable = entries.find(
      ({ transceiver, hasSent }) =>
        !hasSent && !transceiver.stopped && transceiver.kind === track.kind && transceiver.sender.track === null,
    )
    if (reusable === undefined) {
      const entry = insert(track.kind, track, ids, 'sendrecv', { byTrack: true, byRemote: false })
      onChange()
      return entry.transceiver.sender
    }
    const { transceiver } = reusable
    transceiver.sender.track = track
    transceiver.sender.streams = ids
    transceiver.direction = toDirection(true, receives(transceiver.direction))
    onChange()
    return transceiver.sender
  }

  const setReceiving = (entry: Entry, section: SdpSection, now: boolean): TrackNews | undefined => {
    const { receiver } = entry.transceiver
    const before = entry.receiving
    entry.receiving = now
    for (const stream of receiver.streams)
      if (!now || !section.streams.includes(stream.id)) stream.removeTrack(receiver.track)
    receiver.streams = now ? section.streams.map((id) => streamOf(id)) : []
    for (const stream of receiver.streams) stream.addTrack(receiver.track)
    if (!now) receiver.track.silence()
    if (!now || before) return undefined
    return { track: receiver.track, streams: receiver.streams, receiver, transceiver: entry.transceiver }
  }

  const streamOf = (id: string): FakeMediaStream => {
    const stream = streams.get(id) ?? new FakeMediaStream(id)
    streams.set(id, stream)
    return stream
  }

  const setCurrent = (entry: Entry, section: SdpSection, direction: RTCRtpTransceiverDirection): void => {
    const { transceiver } = entry
    if (section.rejected) {
      transceiver.stop()
      transceiver.currentDirection = 'stopped'
      return
    }
    transceiver.currentDirection = direction
    if (sends(direction)) entry.hasSent = true
  }

  const entryOf = (mid: string): Entry | undefined => entries.find(({ transceiver }) => transceiver.mid === mid)

  return {
    list: () => entries.map(({ transceiver }) => transceiver),
    byMid: (mid) => entryOf(mid)?.transceiver,
    addTrack,
    removeTrack: (sender) => {
      const entry = entries.find(({ transceiver }) => transceiver.sender === sender)
      if (entry === undefined) throw new DOMException('The sender is of another connection.', 'InvalidAccessError')
      if (sender.track === null) return
      sender.track = null
      entry.transceiver.direction = toDirection(false, receives(entry.transceiver.direction))
      onChange()
    },
    add: (trackOrKind, { direction = 'sendrecv', streams: inStreams = [] }) => {
      const track = typeof trackOrKind === 'string' ? null : trackOrKind
      const kind = typeof trackOrKind === 'string' ? trackOrKind : trackOrKind.kind
      const ids = inStreams.map((stream) => stream.id)
      const { transceiver } = insert(kind, track, ids, direction, { byTrack: false, byRemote: false })
      onChange()
      return transceiver
    },
    save: () => {
      saved = new Map(
        entries.map((entry) => [entry, { mid: entry.transceiver.mid, receiving: entry.receiving }] as const),
      )
    },
    rollBack: () => {
      entries = entries.filter(
        (entry) => saved.has(entry) || !entry.byRemote || entry.transceiver.sender.track !== null,
      )
      for (const entry of entries) {
        entry.transceiver.mid = saved.get(entry)?.mid ?? null
        entry.receiving = saved.get(entry)?.receiving ?? false
      }
    },
    applyLocal: (sections, isAnswer) => {
      for (const section of sections) {
        if (section.kind === 'application') continue
        const entry =
          entryOf(section.mid) ??
          entries.find(({ transceiver }) => transceiver.mid === null && transceiver.kind === section.kind)
        if (entry === undefined) continue
        entry.transceiver.mid = section.mid
        if (isAnswer) setCurrent(entry, section, section.direction)
      }
    },
    applyRemote: (sections, isAnswer) => {
      const news: TrackNews[] = []
      for (const section of sections) {
        if (section.kind === 'application') continue
        const direction = reversed(section.direction)
        const entry =
          entryOf(section.mid) ??
          entries.find(
            ({ transceiver, byTrack }) =>
              receives(section.direction) &&
              byTrack &&
              transceiver.mid === null &&
              !transceiver.stopped &&
              transceiver.kind === section.kind,
          ) ??
          insert(section.kind, null, [], 'recvonly', { byTrack: false, byRemote: true })
        entry.transceiver.mid = section.mid
        const begins = setReceiving(entry, section, receives(direction) && !section.rejected)
        if (begins !== undefined) news.push(begins)
        if (isAnswer) setCurrent(entry, section, direction)
      }
      return news
    },
    unmute: () => {
      for (const { transceiver, receiving } of entries) if (receiving) transceiver.receiver.track.sound()
    },
    close: () => {
      for (const { transceiver } of entries) transceiver.receiver.track.end()
    },
  }
}
