import * as v from 'valibot'

/**
 * What travels between two Parley peers: JSON text, one schema, checked at the door.
 * Limits: 256 KiB a message, 128 KiB of SDP (22 video sections are 88 KB in Chromium), 512 characters a candidate,
 * metadata at most 8 levels deep. What does not fit is dropped and counted by its reason, never thrown.
 */
const maxText = 256 * 1024
const maxSdp = 128 * 1024
const maxCandidates = 128
const maxDepth = 8
const maxNumber = 2 ** 31

const text = (pattern: RegExp) => v.pipe(v.string(), v.check((value) => pattern.test(value)))
const identifier = text(/^[\w.~-]{1,64}$/)
const sequence = v.pipe(v.number(), v.check((value) => value >= 0 && value <= maxNumber && value % 1 === 0))
const sdp = v.pipe(v.string(), v.check((value) => value.length <= maxSdp))
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

/** The messages of a session by their type. */
const messages = {
  offer: v.object({ type: v.literal('offer'), offer: sequence, sdp, metadata: v.optional(v.unknown()) }),
  answer: v.object({ type: v.literal('answer'), offer: sequence, sdp, wantsFloor: v.optional(v.literal(true)) }),
  candidates: v.object({
    type: v.literal('candidates'),
    ufrag: text(/^[\x21-\x7e]{1,256}$/), // RFC 8839, section 5.4
    candidates: v.pipe(v.array(candidate), v.check(({ length }) => length <= maxCandidates)),
  }),
  'floor-request': v.object({ type: v.literal('floor-request') }),
  'floor-grant': v.object({ type: v.literal('floor-grant') }),
  ringing: v.object({ type: v.literal('ringing') }),
  reject: v.object({ type: v.literal('reject'), reason: endReason, message: note }),
  hangup: v.object({ type: v.literal('hangup'), reason: endReason, message: note }),
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

/** One message of a session, without its header. */
export type Message = v.InferOutput<(typeof messages)[keyof typeof messages]>

/** A message with its header. */
export type Envelope = v.InferOutput<typeof header> & { readonly message: Message }

/** Why a text was not taken. */
export type DropReason = 'too-large' | 'not-json' | 'unknown-version' | 'unknown-type' | 'malformed'

/** The JSON text of an envelope, flat: header and message side by side. */
export const encode = ({ message, ...header }: Envelope): string => JSON.stringify({ ...header, ...message })

/** The envelope in a text, or the reason to drop it. Never throws. */
export const decode = (text: string): Envelope | DropReason => {
  if (text.length > maxText) return 'too-large'
  let data: Record<string, unknown>
  try {
    data = Object(JSON.parse(text))
  } catch {
    return 'not-json'
  }
  if (data['v'] !== 1) return 'unknown-version'
  const type = data['type']
  if (typeof type !== 'string' || !Object.hasOwn(messages, type)) return 'unknown-type'
  const head = v.safeParse(header, data)
  const body = v.safeParse(messages[type as keyof typeof messages], data)
  const isTaken = head.success && body.success && isMetadata(data['metadata'])
  return isTaken ? { ...head.output, message: body.output } : 'malformed'
}

/** Whether a value may travel as metadata: JSON of bounded depth. */
export const isMetadata = (value: unknown): boolean => isTame(value, maxDepth)

// An application that merges metadata into an object must not find its prototype changed.
const isTame = (value: unknown, depth: number): boolean =>
  typeof value !== 'object' || value === null ||
  (depth > 0 && Object.entries(value).every(([key, inner]) => key !== '__proto__' && isTame(inner, depth - 1)))
