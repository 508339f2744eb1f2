import { judgeCandidate, namesNoSection } from './fake-candidates.ts'
import { createCredentials, type Credentials } from './fake-credentials.ts'
import { createDataChannels, type DataChannels } from './fake-data-channels.ts'
import type { FakeDataChannel } from './fake-data-channel.ts'
import { createDescriptions, readRemote, type Descriptions, type Side } from './fake-descriptions.ts'
import { addHandlerAttributes, fire } from './fake-events.ts'
import { createDescriptionWriter, type DescriptionWriter } from './fake-description-writer.ts'
import { createNegotiationNeed, type NegotiationNeed } from './fake-negotiation-need.ts'
import type { Path, PathIdentity, PathOwner } from './fake-path.ts'
import type { FakeSurroundings } from './fake-surroundings.ts'
import { createGatherer, type Gatherer } from './fake-gatherer.ts'
import type { TrackLike } from './fake-media.ts'
import { isNegotiationNeeded, type AppliedDescription } from './fake-negotiation.ts'
import { createOperations, type Operations } from './fake-operations.ts'
import { addCandidates, readSdp, type SdpSection } from './fake-sdp.ts'
import type { FakeSender, FakeTransceiver } from './fake-transceiver.ts'
import { createTransceivers, type TransceiverInit, type Transceivers } from './fake-transceivers.ts'
import { randomText } from './random.ts'

/** Every owner of a path is a connection of a fake. */
interface ConnectionOwner extends PathOwner {
  readonly channels: DataChannels
}

interface DescriptionInit {
  readonly type?: RTCSdpType
  readonly sdp?: string
}

const EVENTS = [
  'negotiationneeded',
  'icecandidate',
  'icecandidateerror',
  'signalingstatechange',
  'iceconnectionstatechange',
  'icegatheringstatechange',
  'connectionstatechange',
  'track',
  'datachannel',
]

/** An RTCPeerConnection of memory and clock: webrtc-pc 1.0, with what browsers really do where they differ. */
export class FakePeerConnection extends EventTarget {
  iceConnectionState: RTCIceConnectionState = 'new'
  iceGatheringState: RTCIceGatheringState = 'new'
  connectionState: RTCPeerConnectionState = 'new'
  readonly canTrickleIceCandidates = true
  readonly #around: FakeSurroundings
  readonly #descriptions: Descriptions = createDescriptions()
  readonly #operations: Operations
  readonly #credentials: Credentials
  readonly #writer: DescriptionWriter
  readonly #need: NegotiationNeed
  readonly #transceivers: Transceivers
  readonly #channels: DataChannels
  readonly #gatherer: Gatherer
  readonly #path: Path
  readonly #owner: ConnectionOwner
  readonly #timers = new Set<unknown>()
  #configuration: RTCConfiguration
  #closed = false
  /** Set when this browser forgot its data section in a rollback. */
  #dataLost = false
  /** Whether this side is the DTLS client: the one that answered first. */
  #isClient: boolean | undefined

  constructor(around: FakeSurroundings, configuration: RTCConfiguration = {}) {
    super()
    const { behavior, clock, random, latency, candidates, fabric, counters, port } = around
    this.#around = around
    this.#configuration = configuration
    this.#operations = createOperations(
      () => this.#closed,
      () => this.#need.onIdle(),
    )
    this.#credentials = createCredentials(behavior, random, this.#descriptions)
    this.#writer = createDescriptionWriter(behavior, random, this.#descriptions, this.#credentials)
    this.#need = createNegotiationNeed({
      isBusy: () => !this.#operations.isEmpty(),
      queueTask: (run) => this.#later(run, 0),
      isStable: () => this.signalingState === 'stable',
      isNeeded: () => this.#isNegotiationNeeded(),
      onNeeded: () => fire(this, 'negotiationneeded'),
    })
    this.#transceivers = createTransceivers(
      () => randomText(random, 16),
      () => this.#need.check(),
    )
    this.#channels = createDataChannels({
      behavior,
      send: (arrive) => {
        this.#path.send((owner) => arrive((owner as ConnectionOwner).channels))
      },
      queueTask: (run) => this.#later(run, 0),
      onDataChannel: (channel) => fire(this, 'datachannel', { channel }),
      onSent: () => (counters.messagesSent += 1),
      onLost: () => (counters.messagesLost += 1),
    })
    this.#gatherer = createGatherer({
      behavior,
      clock,
      count: candidates,
      latency,
      port,
      onState: (state) => this.#setGatheringState(state),
      onCandidate: (candidate) => {
        if (!this.#closed) fire(this, 'icecandidate', { candidate, url: null })
      },
    })
    this.#owner = {
      behavior,
      channels: this.#channels,
      onStates: (ice, connection) => this.#onStates(ice, connection),
      onAssociation: () => {
        if (!this.#closed) this.#channels.connect(this.#isClient ?? false)
      },
      onAbort: () => {
        if (!this.#closed) this.#channels.abort(true)
      },
    }
    this.#path = fabric.createPath(this.#owner)
    addHandlerAttributes(this, EVENTS)
  }

  get signalingState(): RTCSignalingState {
    return this.#closed ? 'closed' : this.#descriptions.state()
  }

  get localDescription(): RTCSessionDescription | null {
    return this.#show('local', this.#descriptions.latest('local'))
  }

  get currentLocalDescription(): RTCSessionDescription | null {
    return this.#show('local', this.#descriptions.current('local'))
  }

  get pendingLocalDescription(): RTCSessionDescription | null {
    return this.#show('local', this.#descriptions.pending('local'))
  }

  get remoteDescription(): RTCSessionDescription | null {
    return this.#show('remote', this.#descriptions.latest('remote'))
  }

  get currentRemoteDescription(): RTCSessionDescription | null {
    return this.#show('remote', this.#descriptions.current('remote'))
  }

  get pendingRemoteDescription(): RTCSessionDescription | null {
    return this.#show('remote', this.#descriptions.pending('remote'))
  }

  get sctp(): { readonly maxMessageSize: number; readonly state: string } | null {
    if (!this.#hasData()) return null
    const state = this.connectionState === 'connected' ? 'connected' : 'connecting'
    return { maxMessageSize: this.#around.behavior.maxMessageSize, state: this.#closed ? 'closed' : state }
  }

  /** Lets a test cut the path of this connection alone. */
  get pathOwner(): PathOwner {
    return this.#owner
  }

  createOffer(options: RTCOfferOptions = {}): Promise<RTCSessionDescriptionInit> {
    return this.#operations.run(async () => {
      this.#checkCanCreate('offer')
      await this.#wait()
      return this.#create('offer', options.iceRestart ?? false)
    })
  }

  createAnswer(): Promise<RTCSessionDescriptionInit> {
    return this.#operations.run(async () => {
      this.#checkCanCreate('answer')
      await this.#wait()
      return this.#create('answer')
    })
  }

  setLocalDescription(init: DescriptionInit = {}): Promise<void> {
    return this.#operations.run(async () => {
      const implicit = ['stable', 'have-local-offer', 'have-remote-pranswer'].includes(this.#descriptions.state())
      const type = init.type ?? (implicit ? 'offer' : 'answer')
      this.#descriptions.checkState('local', type)
      await this.#wait()
      if (type === 'rollback') return this.#rollBack('stable')
      const sdp = init.sdp === undefined || init.sdp === '' ? this.#create(kindOf(type)).sdp : init.sdp
      this.#writer.checkOwn(kindOf(type), sdp)
      this.#applyLocal({ type, sdp, read: readSdp(sdp) ?? emptyRead })
    })
  }

  setRemoteDescription(init: RTCSessionDescriptionInit): Promise<void> {
    const { type, sdp = '' } = init
    if (!['offer', 'answer', 'pranswer', 'rollback'].includes(type)) {
      return Promise.reject(new TypeError(`"${String(type)}" is no type of a description.`))
    }
    return this.#operations.run(async () => {
      const rollsBack = type === 'offer' && this.#descriptions.state() === 'have-local-offer'
      if (!rollsBack) this.#descriptions.checkState('remote', type)
      await this.#wait()
      if (type === 'rollback') return this.#rollBack('stable')
      const read = readRemote(sdp, type, this.#descriptions)
      if (rollsBack) this.#rollBack('have-remote-offer')
      this.#applyRemote({ type, sdp, read })
    })
  }

  addIceCandidate(init?: RTCIceCandidateInit | null): Promise<void> {
    const candidate = init ?? {}
    if (!this.#closed && namesNoSection(candidate)) {
      return Promise.reject(new TypeError('A candidate needs an sdpMid or an sdpMLineIndex.'))
    }
    return this.#operations.run(async () => {
      const { behavior, counters } = this.#around
      await this.#wait()
      const descriptions = [this.#descriptions.pending('remote'), this.#descriptions.current('remote')]
      const reads = descriptions.flatMap((description) => (description === undefined ? [] : [description.read]))
      const { error, ufrag } = judgeCandidate(behavior, candidate, reads)
      if (error !== undefined) {
        counters.candidatesRefused += 1
        throw error
      }
      if (ufrag !== undefined) {
        counters.candidatesApplied += 1
        this.#path.addCandidate(ufrag)
      } else if ((candidate.candidate ?? '') !== '') counters.candidatesLost += 1
    })
  }

  createDataChannel(label: string, init: RTCDataChannelInit = {}): FakeDataChannel {
    this.#checkOpen()
    const isFirst = !this.#channels.used
    const channel = this.#channels.create(label, init)
    if (isFirst) this.#need.check()
    return channel
  }

  addTrack(track: TrackLike, ...streams: readonly { readonly id: string }[]): FakeSender {
    this.#checkOpen()
    return this.#transceivers.addTrack(track, streams)
  }

  removeTrack(sender: FakeSender): void {
    this.#checkOpen()
    this.#transceivers.removeTrack(sender)
  }

  addTransceiver(trackOrKind: TrackLike | string, init: TransceiverInit = {}): FakeTransceiver {
    this.#checkOpen()
    return this.#transceivers.add(trackOrKind, init)
  }

  getTransceivers(): readonly FakeTransceiver[] {
    return this.#closed ? [] : this.#transceivers.list()
  }

  getSenders(): readonly FakeSender[] {
    return this.getTransceivers().map(({ sender }) => sender)
  }

  getReceivers(): readonly FakeTransceiver['receiver'][] {
    return this.getTransceivers().map(({ receiver }) => receiver)
  }

  getStats(): Promise<Map<string, unknown>> {
    return Promise.resolve(new Map())
  }

  getConfiguration(): RTCConfiguration {
    return this.#configuration
  }

  setConfiguration(configuration: RTCConfiguration): void {
    this.#checkOpen()
    this.#configuration = configuration
  }

  restartIce(): void {
    if (this.#closed) return
    this.#credentials.restart()
    this.#need.check()
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.connectionState = 'closed'
    this.iceConnectionState = 'closed'
    for (const timer of this.#timers) this.#around.clock.clearTimeout(timer)
    this.#timers.clear()
    this.#gatherer.stop()
    this.#path.close()
    this.#transceivers.close()
    // Both browsers fire `close` on the channels of this side too, and only in a later task.
    this.#around.clock.setTimeout(() => this.#channels.abort(false), 0)
  }

  #show(side: Side, description: AppliedDescription | undefined): RTCSessionDescription | null {
    if (this.#closed && this.#around.behavior.descriptionsThrowAfterClose) this.#checkOpen()
    if (description === undefined) return null
    const { type, read } = description
    const { lines, complete } = this.#gatherer.gathered(read.ufrag ?? '')
    const sdp = side === 'local' ? addCandidates(description.sdp, lines, complete) : description.sdp
    return { type, sdp, toJSON: () => ({ type, sdp }) }
  }

  #checkOpen(): void {
    if (this.#closed) throw new DOMException('The connection is closed.', 'InvalidStateError')
  }

  #checkCanCreate(type: 'offer' | 'answer'): void {
    const state = this.#descriptions.state()
    const allowed = type === 'offer' ? ['stable', 'have-local-offer'] : ['have-remote-offer', 'have-local-pranswer']
    if (!allowed.includes(state)) {
      throw new DOMException(`An ${type} cannot be made in ${state}.`, 'InvalidStateError')
    }
  }

  #create(type: 'offer' | 'answer', iceRestart = false): { type: 'offer' | 'answer'; sdp: string } {
    const { counters } = this.#around
    const transceivers = this.#transceivers.list()
    counters[type === 'offer' ? 'offers' : 'answers'] += 1
    if (type === 'answer') return this.#writer.writeAnswer(transceivers, this.#isClient ?? true)
    return this.#writer.writeOffer(transceivers, this.#channels.used && !this.#dataLost, iceRestart)
  }

  #applyLocal(description: AppliedDescription): void {
    const before = this.#descriptions.state()
    if (before === 'stable') this.#transceivers.save()
    const { sections, ufrag } = description.read
    const isFinal = description.type === 'answer'
    this.#transceivers.applyLocal(sections, isFinal)
    this.#descriptions.apply('local', description)
    if (isFinal) this.#finish(description.read.setup === 'active')
    this.#announce(before)
    const mid = sections.find((section) => !section.rejected)?.mid
    if (!this.#closed && ufrag !== undefined && mid !== undefined) this.#gatherer.gather(ufrag, mid)
  }

  #applyRemote(description: AppliedDescription): void {
    const before = this.#descriptions.state()
    if (before === 'stable') this.#transceivers.save()
    const { read, type } = description
    const news = this.#transceivers.applyRemote(read.sections, type === 'answer')
    this.#descriptions.apply('remote', description)
    if (read.candidates.length > 0 && read.ufrag !== undefined) this.#path.addCandidate(read.ufrag)
    if (type === 'answer') this.#finish(read.setup === 'passive')
    this.#announce(before)
    for (const properties of news) if (!this.#closed) fire(this, 'track', { ...properties })
  }

  /** An exchange is complete: both current descriptions are there. */
  #finish(isClient: boolean): void {
    this.#isClient ??= isClient
    this.#writer.forget()
    this.#credentials.onAnswer()
    const local = identityOf(this.#descriptions.current('local'))
    const remote = identityOf(this.#descriptions.current('remote'))
    if (local !== undefined && remote !== undefined) this.#path.negotiate(local, remote, this.#hasData())
    if (this.connectionState === 'connected') this.#transceivers.unmute()
    this.#need.reset()
  }

  #rollBack(next: 'stable' | 'have-remote-offer'): void {
    const { behavior, counters } = this.#around
    const before = this.#descriptions.state()
    const offered = this.#descriptions.pending('local')?.read.sections ?? []
    if (behavior.losesDataOnRollback && hasDataSection(offered) && !this.#hasData()) this.#dataLost = true
    this.#descriptions.rollBack()
    this.#transceivers.rollBack()
    this.#writer.forget()
    counters.rollbacks += 1
    if (this.#descriptions.current('local') === undefined) {
      this.#gatherer.reset()
      this.#setGatheringState('new')
    }
    this.#announce(before)
    if (next !== 'stable') return
    this.#need.reset()
  }

  #hasData(): boolean {
    return (['local', 'remote'] as const).every((side) =>
      hasDataSection(this.#descriptions.current(side)?.read.sections ?? []),
    )
  }

  #announce(before: RTCSignalingState): void {
    if (this.signalingState !== before && !this.#closed) fire(this, 'signalingstatechange')
  }

  #setGatheringState(state: RTCIceGatheringState): void {
    if (this.#closed || this.iceGatheringState === state) return
    this.iceGatheringState = state
    fire(this, 'icegatheringstatechange')
  }

  #onStates(ice: RTCIceConnectionState, connection: RTCPeerConnectionState): void {
    if (this.#closed) return
    const changes = { ice: this.iceConnectionState !== ice, connection: this.connectionState !== connection }
    // Both change before either is told, as webrtc-pc wants (section 4.4.3).
    this.iceConnectionState = ice
    this.connectionState = connection
    if (changes.ice) fire(this, 'iceconnectionstatechange')
    if (changes.connection && this.connectionState === connection) fire(this, 'connectionstatechange')
    if (connection === 'connected') this.#transceivers.unmute()
    if (connection === 'failed') this.#channels.fail()
  }

  #isNegotiationNeeded(): boolean {
    const local = this.#descriptions.current('local')
    if (local === undefined && this.#around.behavior.alwaysNeedsFirstNegotiation) return true
    return isNegotiationNeeded({
      local,
      remote: this.#descriptions.current('remote'),
      transceivers: this.#transceivers.list(),
      usesData: this.#channels.used,
      restarts: this.#credentials.restarts(),
    })
  }

  /** A step that takes time. It never ends once the connection is closed. */
  #wait(): Promise<void> {
    return new Promise((resolve) => {
      this.#later(resolve, this.#around.latency)
    })
  }

  #later(run: () => void, ms: number): void {
    const { clock } = this.#around
    const timer = clock.setTimeout(() => {
      this.#timers.delete(timer)
      if (!this.#closed) run()
    }, ms)
    this.#timers.add(timer)
  }
}

const emptyRead = {
  ufrag: undefined,
  pwd: undefined,
  fingerprint: undefined,
  setup: undefined,
  sections: [],
  candidates: [],
}

const kindOf = (type: RTCSdpType): 'offer' | 'answer' => (type === 'offer' ? 'offer' : 'answer')

const hasDataSection = (sections: readonly SdpSection[]): boolean =>
  sections.some((section) => section.kind === 'application' && !section.rejected)

const identityOf = (description: AppliedDescription | undefined): PathIdentity | undefined => {
  const { ufrag, pwd, fingerprint } = description?.read ?? {}
  return ufrag === undefined || pwd === undefined || fingerprint === undefined ? undefined : { ufrag, pwd, fingerprint }
}
