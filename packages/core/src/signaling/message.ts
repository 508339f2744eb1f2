import * as v from 'valibot'

/**
 * What travels between two Parley peers: JSON text, one schema, checked at the door.
 * Limits: 256 KiB a message, 128 KiB of SDP (22 video sections are 88 KB in Chromium), 512 characters a candidate,
 * metadata at most 8 levels deep. What does not fit is dropped and counted by its reason, never thrown.
 */
/** Characters of one message, in pieces or not. */
export const maxText = 256 * 1024
const maxSdp = 128 * 1024
const maxCandidates = 128
const maxDepth = 8
/** Characters. */
const maxMetadata = 2 ** 16
/** Channels or tracks in one message. */
const maxHandles = 1024
const maxNumber = 2 ** 31
/** Room for a header: three names of 22 characters, two numbers, the keys. */
const headerLength = 200

const text = (pattern: RegExp) => v.custom<string>((value) => typeof value === 'string' && pattern.test(value))
const textUpTo = (length: number) => v.custom<string>((value) => typeof value === 'string' && value.length <= length)
const identifier = text(/^[\w.~-]{1,64}$/)
const sequence = v.custom<number>(
  (value) => typeof value === 'number' && value >= 0 && value <= maxNumber && value % 1 === 0,
)
/** What may be absent. In what is sent it may be undefined too, which JSON leaves out. */
const maybe = <Value>(schema: v.GenericSchema<Value>) => v.exactOptional(schema as v.GenericSchema<Value | undefined>)
const flag = maybe(v.custom<true>((value) => value === true))

const candidate = v.object({
  /** An RFC 8839 candidate attribute without `a=`; empty for end-of-candidates (RFC 8838, section 13). */
  candidate: text(/^(candidate:[\x20-\x7e]{1,501})?$/),
  sdpMid: maybe(textUpTo(64)),
  sdpMLineIndex: maybe(sequence),
})
/** Counted before they are read, so that a list without end costs nothing. */
const candidates = v.custom<v.InferOutput<typeof candidate>[]>(
  (value) => Array.isArray(value) && value.length <= maxCandidates && value.every((each) => v.is(candidate, each)),
)

/** Why a session ended. The same on both sides. */
export type EndReason =
  | 'hangup'
  | 'rejected'
  | 'busy'
  | 'cancelled'
  | 'unanswered'
  | 'unreachable'
  | 'failed'
  | 'replaced'
  | 'closed'
  | 'incompatible'
  | 'unauthorized'

const endReasons =
  /^(hangup|rejected|busy|cancelled|unanswered|unreachable|failed|replaced|closed|incompatible|unauthorized)$/

/**
 * How many calls the instance has made that sends it. An offer that is not newer than what was heard of its sender is
 * of a call that is over, however late it comes: one that its caller gave up for ours, or cancelled in silence.
 */
const calls = maybe(sequence)

const description = { offer: sequence, sdp: textUpTo(maxSdp), calls }
const end = v.object({ reason: text(endReasons) as v.GenericSchema<EndReason>, message: maybe(textUpTo(1024)) })
const plain = v.object({})
/** A list of bounded length whose items are checked by hand, for the same reason as candidates. */
const listOf = <Item>(isItem: (value: unknown) => boolean) =>
  v.custom<Item[]>((value) => Array.isArray(value) && value.length <= maxHandles && value.every(isItem))
/** A label of 128 characters, with the number of one that was opened again (`session/channels.ts`). */
const isName = (value: unknown) => typeof value === 'string' && value.length <= 128 + 17
const isCount = (value: unknown): value is readonly [string, number] =>
  Array.isArray(value) && value.length === 2 && isName(value[0]) && v.is(sequence, value[1])

/** What each type of message has to say. */
const bodies = {
  /** `connection` counts the RTCPeerConnections of the session from 1, which is left out. */
  offer: v.object({
    ...description,
    connection: maybe(sequence),
    metadata: maybe(v.custom<unknown>((value) => isMetadata(value))),
  }),
  answer: v.object({ ...description, wantsFloor: flag }),
  candidates: v.object({ ufrag: text(/^[\x21-\x7e]{1,256}$/), candidates }), // RFC 8839, section 5.4
  'floor-request': plain,
  'floor-grant': plain,
  ringing: plain,
  /** Asks the caller for another RTCPeerConnection in place of this one. */
  reconnect: v.object({ connection: sequence }),
  /** Says nothing; that it is confirmed is the answer. */
  ping: plain,
  /** The page is about to be frozen: until it is heard again, its silence has no meaning. */
  frozen: plain,
  /** The open channels of this side by label, each with how many messages have arrived whole since it exists. */
  channels: v.object({ received: listOf<readonly [string, number]>(isCount) }),
  /** The tracks of this side that send nothing now, by the `mid` of their transceivers. */
  muted: v.object({ mids: listOf<string>(isName) }),
  reject: end,
  hangup: end,
  /** A piece of the JSON of a message that is too long for the transport; the last has no `more`. */
  part: v.object({ text: textUpTo(maxText), more: flag }),
  ack: plain,
}

const header = v.object({
  session: identifier,
  /** The instances that the message is from and for; ids are the transport's business. */
  from: identifier,
  to: identifier,
  /** Counts this side's messages of the session from 1; 0 for a bare `ack`. */
  seq: sequence,
  /** The last message of the other side that was delivered in order. */
  ack: sequence,
})

/** What follows the header. */
export type Body = {
  [Type in keyof typeof bodies]: { type: Type } & v.InferOutput<(typeof bodies)[Type]>
}[keyof typeof bodies]

/** A body that means something to a session; the others are delivery's own. */
export type Message = Exclude<Body, { type: 'ack' | 'part' }>

/** A message with its header. */
export type Envelope = v.InferOutput<typeof header> & { readonly v: 1; readonly message: Body }

/** Why a text was not taken. */
export type DropReason = 'too-large' | 'not-json' | 'unknown-version' | 'unknown-type' | 'malformed'

/** The JSON text of an envelope, flat: header and message side by side. */
export const encode = ({ message, ...header }: Envelope): string => JSON.stringify({ ...header, ...message })

/** The envelope in a text, or the reason to drop it. Never throws. */
export const decode = (text: string): Envelope | DropReason => {
  const data = parse(text)
  if (typeof data === 'string') return data
  if (data['v'] !== 1) return 'unknown-version'
  const message = decodeBody(data)
  if (typeof message === 'string') return message
  const head = v.safeParse(header, data)
  return head.success ? { ...head.output, v: 1, message } : 'malformed'
}

/** The JSON of a message in pieces that each fit into `maxLength` characters with their header and their escapes. */
export const split = (message: Message, maxLength: number): readonly Body[] => {
  const text = JSON.stringify(message)
  if (text.length + headerLength <= maxLength) return [message]
  const length = Math.max(1, Math.floor((maxLength - headerLength) / 2))
  const parts: Body[] = []
  for (let end = length; end < text.length + length; end += length)
    parts.push({ type: 'part', text: text.slice(end - length, end), more: end < text.length || undefined })
  return parts
}

/** The message that came in pieces, or the reason to drop it. */
export const join = (text: string): Body | DropReason => {
  const data = parse(text)
  return typeof data === 'string' ? data : decodeBody(data)
}

const parse = (text: string): Record<string, unknown> | DropReason => {
  if (text.length > maxText) return 'too-large'
  try {
    return Object(JSON.parse(text))
  } catch {
    return 'not-json'
  }
}

const decodeBody = (data: Record<string, unknown>): Body | DropReason => {
  const type = data['type']
  if (typeof type !== 'string' || !Object.hasOwn(bodies, type)) return 'unknown-type'
  const body = v.safeParse<v.GenericSchema<object>>(bodies[type as keyof typeof bodies], data)
  return body.success ? ({ ...body.output, type } as Body) : 'malformed'
}

/** Whether a value may travel as metadata: JSON of bounded depth and length, for the offer beside it needs room too. */
export const isMetadata = (value: unknown): boolean => {
  try {
    return isTame(value, maxDepth) && (JSON.stringify(value) ?? '').length <= maxMetadata
  } catch {
    return false // a BigInt, or what its toJSON throws
  }
}

// An application that merges metadata into an object must not find its prototype changed.
const isTame = (value: unknown, depth: number): boolean =>
  typeof value !== 'object' ||
  value === null ||
  (depth > 0 && Object.entries(value).every(([key, inner]) => key !== '__proto__' && isTame(inner, depth - 1)))
