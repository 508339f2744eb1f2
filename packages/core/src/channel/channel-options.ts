import { assertKnown } from '../assert-known.ts'
import { ParleyError } from '../errors.ts'

/** What a channel promises, and how much it may keep. Every limit is in bytes. */
export interface ChannelOptions {
  /** Messages arrive in the order in which they were sent. Default true. */
  readonly ordered?: boolean
  /** A lost message is sent again this many times at most. Default: until it arrives. Not with `maxPacketLifeTime`. */
  readonly maxRetransmits?: number
  /** A lost message is sent again for this many ms at most. Default: until it arrives. Not with `maxRetransmits`. */
  readonly maxPacketLifeTime?: number
  /** Tells the other side what is spoken here. Default: empty. */
  readonly protocol?: string
  /** Both sides open the channel, with this label and this `id`; neither is told of it by a `channel` event. */
  readonly negotiated?: boolean
  /** 1 to 1023, with `negotiated` only. */
  readonly id?: number
  /**
   * What a reliable, ordered channel keeps of what it has sent until the other side has confirmed it, to send it again
   * on another connection. Default 4 MiB; with 0 nothing is sent again.
   */
  readonly resendWindow?: number
  /**
   * What may wait to be sent; a message that finds nothing waiting may be larger. Default 16 MiB: where Chromium's own
   * buffer ends, so that who never awaits a send comes as far as with an RTCDataChannel.
   */
  readonly maxWaiting?: number
  /** The longest message that is taken from the other side. Default 64 MiB. */
  readonly maxMessage?: number
}

/** The largest value of a number, where it is not 1 TiB: those of RTCDataChannelInit and of Chromium's streams. */
const largest: Readonly<Record<string, number>> = { maxRetransmits: 65_534, maxPacketLifeTime: 65_534, id: 1023 }

const names = [
  'ordered',
  'maxRetransmits',
  'maxPacketLifeTime',
  'protocol',
  'negotiated',
  'id',
  'resendWindow',
  'maxWaiting',
  'maxMessage',
]

export type ResolvedOptions = ChannelOptions &
  Required<Pick<ChannelOptions, 'resendWindow' | 'maxWaiting' | 'maxMessage'>>

/** The options with their defaults. Throws `invalid-option` for what is out of range or excludes something else. */
export const resolveOptions = (options: ChannelOptions): ResolvedOptions => {
  assertKnown('options of a channel', options, names)
  for (const [name, value] of Object.entries(options)) {
    const [least, most] = [name === 'id' ? 1 : 0, largest[name] ?? 2 ** 40]
    if (typeof value === 'number' && !(Number.isInteger(value) && value >= least && value <= most))
      throw invalid(`\`${name}\` must be a whole number from ${least} to ${most}; this is ${value}.`)
  }
  if (new TextEncoder().encode(options.protocol).length > 65_535)
    throw invalid('`protocol` must be at most 65535 bytes.')
  if (options.maxRetransmits !== undefined && options.maxPacketLifeTime !== undefined)
    throw invalid('`maxRetransmits` and `maxPacketLifeTime` exclude each other.')
  if ((options.id !== undefined) !== (options.negotiated === true))
    throw invalid('`negotiated` needs an `id`, the same on both sides, and `id` needs `negotiated`.')
  const { resendWindow = 2 ** 22, maxWaiting = 2 ** 24, maxMessage = 2 ** 26 } = options
  return { ...options, resendWindow, maxWaiting, maxMessage }
}

const invalid = (message: string) => new ParleyError('invalid-option', `The options of a channel: ${message}`)
