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
const maxNumber = 2 ** 31
/** Room for a header: three names of 22 characters, two numbers, the keys. */
const headerLength = 200

const text = (pattern: RegExp) =>
  v.pipe(
    v.string(),
    v.check((value) => pattern.test(value)),
  )
const identifier = text(/^[\w.~-]{1,64}$/)
const sequence = v.pipe(
  v.number(),
  v.check((value) => value >= 0 && value <= maxNumber && value % 1 === 0),
)
const sdp = v.pipe(
  v.string(),
  v.check((value) => value.length <= maxSdp),
)
const note = v.optional(text(/^[^]{0,1024}$/))

const candidate = v.object({
  /** An RFC 8839 candidate attribute without `a=`; empty for end-of-candidates (RFC 8838, section 13). */
  candidate: text(/^(candidate:[\x20-\x7e]{1,501})?$/),
  sdpMid: v.optional(text(/^[^]{0,64}$/)),
  sdpMLineIndex: v.optional(sequence),
})

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
const endReason = text(endReasons) as v.GenericSchema<EndReason>

/**
 * How many calls the instance has made that sends it. An offer that is not newer than what was heard of its sender is
 * of a call that is over, however late it comes: one that its caller gave up for ours, or cancelled in silence.
 */
const calls = v.optional(sequence)

/** The messages of a session by their type. */
const messages = {
  offer: v.object({ type: v.literal('offer'), offer: sequence, sdp, calls, metadata: v.optional(v.unknown()) }),
  answer: v.object({ type: v.literal('answer'), offer: sequence, sdp, calls, wantsFloor: v.optional(v.literal(true)) }),
  candidates: v.object({
    type: v.literal('candidates'),
    ufrag: text(/^[\x21-\x7e]{1,256}$/), // RFC 8839, section 5.4
    candidates: v.pipe(
      v.array(candidate),
      v.check(({ length }) => length <= maxCandidates),
    ),
  }),
  'floor-request': v.object({ type: v.literal('floor-request') }),
  'floor-grant': v.object({ type: v.literal('floor-grant') }),
  ringing: v.object({ type: v.literal('ringing') }),
  reject: v.object({ type: v.literal('reject'), reason: endReason, message: note }),
  hangup: v.object({ type: v.literal('hangup'), reason: endReason, message: note }),
  /** A piece of the JSON of a message that is too long for the transport; the last has no `more`. */
  part: v.object({ type: v.literal('part'), text: v.string(), more: v.optional(v.literal(true)) }),
  ack: v.object({ type: v.literal('ack') }),
}

const header = v.object({
  v: v.literal(1),
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
export type Body = v.InferOutput<(typeof messages)[keyof typeof messages]>

/** A body that means something to a session; the others are delivery's own. */
export type Message = Exclude<Body, { type: 'ack' | 'part' }>

/** A message with its header. */
export type Envelope = v.InferOutput<typeof header> & { readonly message: Body }

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
  return head.success ? { ...head.output, message } : 'malformed'
}

/** The JSON of a message in pieces that each fit into `maxLength` characters with their header and their escapes. */
export const split = (message: Message, maxLength: number): readonly Body[] => {
  const text = JSON.stringify(message)
  if (text.length + headerLength <= maxLength) return [message]
  const length = Math.max(1, Math.floor((maxLength - headerLength) / 2))
  return Array.from({ length: Math.ceil(text.length / length) }, (_, index) => {
    const end = (index + 1) * length
    return { type: 'part', text: text.slice(end - length, end), more: end < text.length || undefined }
  })
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
  if (typeof type !== 'string' || !Object.hasOwn(messages, type)) return 'unknown-type'
  const body = v.safeParse(messages[type as keyof typeof messages], data)
  return body.success && isMetadata(data['metadata']) ? body.output : 'malformed'
}

/** Whether a value may travel as metadata: JSON of bounded depth. */
export const isMetadata = (value: unknown): boolean => isTame(value, maxDepth)

// An application that merges metadata into an object must not find its prototype changed.
const isTame = (value: unknown, depth: number): boolean =>
  typeof value !== 'object' ||
  value === null ||
  (depth > 0 && Object.entries(value).every(([key, inner]) => key !== '__proto__' && isTame(inner, depth - 1)))
