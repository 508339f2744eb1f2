import type { Channel } from '../channel/channel-handle.ts'
import type { ChannelOptions } from '../channel/channel-options.ts'
import type { Warning } from '../emitter.ts'
import { createChannels } from './channels.ts'

/** A data channel whose frames travel when the test says so. */
class WiredDataChannel extends EventTarget {
  readonly label: string
  readonly protocol: string
  readonly ordered: boolean
  readonly maxRetransmits: number | null
  readonly maxPacketLifeTime: number | null
  readonly negotiated: boolean
  readonly id: number | undefined
  readyState: RTCDataChannelState = 'connecting'
  binaryType: BinaryType = 'blob'
  bufferedAmount = 0
  bufferedAmountLowThreshold = 0
  /** The end at the other side. */
  other: WiredDataChannel | undefined
  readonly sent: unknown[] = []
  readonly #post: (arrive: () => void) => void

  constructor(label: string, init: RTCDataChannelInit, post: (arrive: () => void) => void) {
    super()
    this.label = label
    this.protocol = init.protocol ?? ''
    this.ordered = init.ordered ?? true
    this.maxRetransmits = init.maxRetransmits ?? null
    this.maxPacketLifeTime = init.maxPacketLifeTime ?? null
    this.negotiated = init.negotiated ?? false
    this.id = init.id
    this.#post = post
  }

  send(data: string | ArrayBuffer | ArrayBufferView<ArrayBuffer>): void {
    if (this.readyState !== 'open') throw new DOMException('It is not open.', 'InvalidStateError')
    const copy =
      typeof data === 'string'
        ? data
        : ArrayBuffer.isView(data)
          ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice().buffer
          : data.slice()
    const size = typeof copy === 'string' ? copy.length : copy.byteLength
    this.bufferedAmount += size
    this.sent.push(copy)
    this.#post(() => {
      this.other?.dispatchEvent(new MessageEvent('message', { data: copy }))
      const wasFull = this.bufferedAmount > this.bufferedAmountLowThreshold
      this.bufferedAmount -= size
      if (wasFull && this.bufferedAmount <= this.bufferedAmountLowThreshold)
        this.dispatchEvent(new Event('bufferedamountlow'))
    })
  }

  open(): void {
    if (this.readyState !== 'connecting') return
    this.readyState = 'open'
    this.dispatchEvent(new Event('open'))
  }

  close(): void {
    if (this.readyState === 'closing' || this.readyState === 'closed') return
    const wasOpen = this.readyState === 'open'
    this.readyState = 'closing'
    // What was sent goes before (RFC 8831, section 6.7), and the answer of the other side closes this one.
    this.#post(() => {
      this.other?.finish()
      if (wasOpen) this.#post(() => this.finish())
      else this.finish()
    })
  }

  finish(): void {
    if (this.readyState === 'closed') return
    this.readyState = 'closed'
    this.dispatchEvent(new Event('close'))
  }
}

export type Side = 0 | 1
const sides = [0, 1] as const
const otherOf = (side: Side): Side => (side === 0 ? 1 : 0)

/** The channels of both sides of a session, over connections and signaling that go on when they are told to. */
export const createChannelsStage = ({ maxMessageSize = 100 }: { readonly maxMessageSize?: number } = {}) => {
  const warnings: Warning[] = []
  /** Signaling, which outlives the connections and keeps its order. */
  const mail: [(() => void)[], (() => void)[]] = [[], []]
  const said: [string, number][][][] = [[], []]
  /** What travels from each side, in order. */
  let wires: [(() => void)[], (() => void)[]] = [[], []]
  let opened: WiredDataChannel[][] = [[], []]
  let control = { readyState: 'connecting' as RTCDataChannelState }
  let isUp = false

  const createSide = (side: Side) => {
    const news: Channel[] = []
    const channels = createChannels({
      onChannel: (channel) => news.push(channel),
      onChange: () => {},
      say: (received) => {
        said[side]?.push(received)
        mail[side].push(() => both[otherOf(side)].channels.takeReceived(received))
      },
      warn: (warning) => warnings.push(warning),
    })
    return { channels, news }
  }
  const both = [createSide(0), createSide(1)] as const

  /** Opens a data channel and tells the other side, behind everything that is on its way already. */
  const open = (side: Side, dataChannel: WiredDataChannel): void => {
    if (dataChannel.readyState !== 'connecting') return
    if (dataChannel.negotiated) return dataChannel.open()
    const wire = wires
    wire[side].push(() => {
      const { label, protocol, ordered, maxRetransmits, maxPacketLifeTime } = dataChannel
      const other = new WiredDataChannel(
        label,
        {
          protocol,
          ordered,
          ...(maxRetransmits !== null && { maxRetransmits }),
          ...(maxPacketLifeTime !== null && { maxPacketLifeTime }),
        },
        (arrive) => wire[otherOf(side)].push(arrive),
      )
      other.readyState = 'open'
      other.other = dataChannel
      dataChannel.other = other
      opened[otherOf(side)]?.push(other)
      both[otherOf(side)].channels.take(other as unknown as RTCDataChannel)
    })
    dataChannel.open()
  }

  const createPc = (side: Side) => {
    const [wire, mine] = [wires, opened]
    return {
      sctp: { maxMessageSize },
      createDataChannel: (label: string, init: RTCDataChannelInit = {}) => {
        const dataChannel = new WiredDataChannel(label, init, (arrive) => wire[side].push(arrive))
        const twin = mine[otherOf(side)]?.find(({ negotiated, id }) => negotiated && id === init.id)
        if (init.negotiated && twin) [dataChannel.other, twin.other] = [twin, dataChannel]
        mine[side]?.push(dataChannel)
        if (isUp) wire[side].push(() => open(side, dataChannel))
        return dataChannel
      },
    } as unknown as RTCPeerConnection
  }

  /** Lets one thing arrive. */
  const step = (side: Side): void => {
    const next = mail[side].shift() ?? (isUp ? wires[side].shift() : undefined)
    next?.()
  }

  const disconnect = (): void => {
    control.readyState = 'closed'
    isUp = false
    for (const { channels } of both) channels.close()
  }

  const stage = {
    both,
    warnings,
    said,
    /** The RTCDataChannels of this connection. */
    beneath: (side: Side) => opened[side] ?? [],
    openChannel: (side: Side, label = 'chat', options?: ChannelOptions) =>
      both[side].channels.openChannel(label, options),
    step,
    disconnect,
    /** Opens an RTCDataChannel that no channel has asked for. */
    announce: async (side: Side, label: string): Promise<void> => {
      createPc(side).createDataChannel(label)
      await stage.settle()
    },
    /** Takes another connection. `news` is false when signaling loses what it never loses. */
    connect: ({ news = true } = {}): void => {
      if (isUp) disconnect()
      wires = [[], []]
      opened = [[], []]
      control = { readyState: 'connecting' }
      for (const side of sides) both[side].channels.open(createPc(side), control)
      // No description is applied before what was said ahead of it.
      for (const side of sides) {
        if (!news) mail[side].length = 0
        while (mail[side].length > 0) step(side)
      }
      control.readyState = 'open'
      isUp = true
      for (const side of sides) for (const dataChannel of [...(opened[side] ?? [])]) open(side, dataChannel)
    },
    /** Goes on until this work is done and nothing moves any more. */
    settle: async (work: readonly PromiseLike<unknown>[] = []): Promise<void> => {
      let isWorking = true
      void Promise.allSettled(work).then(() => (isWorking = false))
      for (let idle = 0; idle < 2 || isWorking; idle += 1) {
        await new Promise((resolve) => setImmediate(resolve))
        for (const side of sides) for (; mail[side].length > 0 || (isUp && wires[side].length > 0); idle = 0) step(side)
      }
    },
    end: (): void => {
      for (const { channels } of both) channels.end()
    },
  }
  return stage
}
