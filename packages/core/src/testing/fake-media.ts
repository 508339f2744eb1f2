import { addHandlerAttributes, fire } from './fake-events.ts'

/** What the fake needs of a track: any object with these fields can be sent. */
export interface TrackLike {
  readonly kind: string
  readonly id: string
}

/** The track that a receiver has from its first moment: muted until something comes. */
export class FakeMediaStreamTrack extends EventTarget {
  readonly kind: string
  readonly id: string
  readonly label: string
  enabled = true
  muted = true
  readyState: MediaStreamTrackState = 'live'

  constructor(kind: string, id: string) {
    super()
    this.kind = kind
    this.id = id
    this.label = `remote ${kind}`
    addHandlerAttributes(this, ['mute', 'unmute', 'ended'])
  }

  stop(): void {
    this.readyState = 'ended'
  }

  /** Media comes. */
  sound(): void {
    if (!this.muted || this.readyState === 'ended') return
    this.muted = false
    fire(this, 'unmute')
  }

  /** Media comes no longer. */
  silence(): void {
    if (this.muted || this.readyState === 'ended') return
    this.muted = true
    fire(this, 'mute')
  }

  /** What the connection does when it is over; unlike `stop()`, it is told. */
  end(): void {
    if (this.readyState === 'ended') return
    this.readyState = 'ended'
    fire(this, 'ended')
  }
}

/** A stream: an id and the tracks in it. */
export class FakeMediaStream extends EventTarget {
  readonly id: string
  readonly #tracks = new Set<TrackLike>()

  constructor(id: string) {
    super()
    this.id = id
    addHandlerAttributes(this, ['addtrack', 'removetrack'])
  }

  get active(): boolean {
    return this.#tracks.size > 0
  }

  addTrack(track: TrackLike): void {
    this.#tracks.add(track)
  }

  removeTrack(track: TrackLike): void {
    this.#tracks.delete(track)
  }

  getTracks(): TrackLike[] {
    return [...this.#tracks]
  }

  getAudioTracks(): TrackLike[] {
    return this.getTracks().filter((track) => track.kind === 'audio')
  }

  getVideoTracks(): TrackLike[] {
    return this.getTracks().filter((track) => track.kind === 'video')
  }
}
