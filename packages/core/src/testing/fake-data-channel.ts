import { addHandlerAttributes, fire } from './fake-events.ts'
import type { FakeBehavior } from './fake-profile.ts'

/** What crosses the wire between two data channels, and opens them. */
export interface ChannelOpening {
  readonly id: number
  readonly label: string
  readonly protocol: string
  readonly ordered: boolean
  readonly maxPacketLifeTime: number | null
  readonly maxRetransmits: number | null
}

/** What a channel asks of its connection. */
export interface ChannelCarrier {
  readonly behavior: FakeBehavior
  /** Sends to the channel with this id on the other side; `arrived` is called here when it got there. */
  readonly sendMessage: (id: number, data: string | ArrayBuffer, arrived: () => void) => void
  readonly sendClose: (id: number) => void
  /** Runs in a later task. */
  readonly queueTask: (run: () => void) => void
}

/** A data channel. The methods below `deliver` are for its connection. */
export class FakeDataChannel extends EventTarget {
  readonly label: string
  readonly protocol: string
  readonly ordered: boolean
  readonly maxPacketLifeTime: number | null
  readonly maxRetransmits: number | null
  readonly negotiated: boolean
  id: number | null
  readyState: RTCDataChannelState = 'connecting'
  bufferedAmount = 0
  bufferedAmountLowThreshold = 0
  binaryType: BinaryType = 'arraybuffer'
  readonly #carrier: ChannelCarrier
  /** What came before anybody could listen. */
  #early: (string | ArrayBuffer)[] | undefined = []

  constructor(carrier: ChannelCarrier, opening: Omit<ChannelOpening, 'id'>, id: number | null, negotiated: boolean) {
    super()
    this.#carrier = carrier
    this.label = opening.label
    this.protocol = opening.protocol
    this.ordered = opening.ordered
    this.maxPacketLifeTime = opening.maxPacketLifeTime
    this.maxRetransmits = opening.maxRetransmits
    this.id = id
    this.negotiated = negotiated
    addHandlerAttributes(this, ['open', 'message', 'bufferedamountlow', 'error', 'closing', 'close'])
  }

  send(data: string | ArrayBuffer | ArrayBufferView): void {
    const { behavior } = this.#carrier
    if (this.readyState !== 'open') {
      if (this.readyState === 'connecting' || behavior.throwsOnSendAfterClose) {
        throw new DOMException(`The channel "${this.label}" is ${this.readyState}, not open.`, 'InvalidStateError')
      }
      return
    }
    const payload = typeof data === 'string' ? data : copy(data)
    const size = typeof payload === 'string' ? new TextEncoder().encode(payload).byteLength : payload.byteLength
    if (size > behavior.maxMessageSize) {
      throw new TypeError(
        `A message of ${size} bytes exceeds the ${behavior.maxMessageSize} that the other side takes.`,
      )
    }
    if (this.bufferedAmount + size > behavior.maxBufferedAmount) {
      throw new DOMException(`${this.bufferedAmount} bytes wait already: the buffer is full.`, 'OperationError')
    }
    this.bufferedAmount += size
    this.#carrier.sendMessage(this.id ?? 0, payload, () => this.#drain(size))
  }

  close(): void {
    if (this.readyState === 'closing' || this.readyState === 'closed') return
    const wasOpen = this.readyState === 'open'
    this.readyState = 'closing'
    // The stream is reset in both directions (RFC 8831, section 6.7); the other side's answer closes this one.
    if (wasOpen) this.#carrier.sendClose(this.id ?? 0)
    else this.#carrier.queueTask(() => this.finish())
  }

  /** A message arrived. */
  deliver(data: string | ArrayBuffer): void {
    if (this.readyState === 'closed') return
    if (this.#early === undefined) fire(this, 'message', { data })
    else this.#early.push(data)
  }

  /** The association is there. A channel of the other side is announced first, already open (webrtc-pc, 6.2). */
  open(id: number, announce?: () => void): void {
    if (this.readyState !== 'connecting') return
    this.id = id
    this.readyState = 'open'
    announce?.()
    if (this.readyState === 'open') fire(this, 'open')
    const early = this.#early ?? []
    this.#early = undefined
    for (const data of early) this.deliver(data)
  }

  /** The other side closes. Returns whether this side still has to answer. */
  closeByRemote(): boolean {
    const answers = this.readyState === 'open'
    if (answers) {
      this.readyState = 'closing'
      fire(this, 'closing')
    }
    this.finish()
    return answers
  }

  /** The connection beneath is gone. */
  abort(byRemote: boolean): void {
    if (this.readyState === 'closed') return
    this.readyState = 'closing'
    fire(this, 'closing')
    if (byRemote && this.#carrier.behavior.errorOnAbort) {
      const error = new DOMException('User-Initiated Abort, reason=Close called', 'OperationError')
      fire(this, 'error', { error })
    }
    this.finish()
  }

  finish(): void {
    if (this.readyState === 'closed') return
    this.readyState = 'closed'
    this.#early = undefined
    fire(this, 'close')
  }

  #drain(size: number): void {
    const wasAbove = this.bufferedAmount > this.bufferedAmountLowThreshold
    this.bufferedAmount -= size
    if (wasAbove && this.bufferedAmount <= this.bufferedAmountLowThreshold && this.readyState === 'open') {
      fire(this, 'bufferedamountlow')
    }
  }
}

const copy = (data: ArrayBuffer | ArrayBufferView): ArrayBuffer => {
  const view = ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data)
  return view.slice().buffer
}
