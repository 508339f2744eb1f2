import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decode, encode, isMetadata, type Body, type DropReason, type Envelope } from './message.ts'

const header = { v: 1, session: 'S_e-s.1~', from: 'from', to: 'to', seq: 1, ack: 0 } as const
const candidate = { candidate: 'candidate:1 1 udp 1 192.0.2.1 9 typ host', sdpMid: '0', sdpMLineIndex: 0 }

/** One of each type; a new type does not compile before it has one. */
const bodies: { readonly [Type in Body['type']]: Extract<Body, { type: Type }> } = {
  offer: { type: 'offer', offer: 1, sdp: 'v=0\r\n', metadata: { deep: [[1, null, 'x']] } },
  answer: { type: 'answer', offer: 2 ** 31, sdp: 'x'.repeat(128 * 1024), wantsFloor: true },
  candidates: { type: 'candidates', ufrag: 'aB+/', candidates: [candidate, { candidate: '' }] },
  'floor-request': { type: 'floor-request' },
  'floor-grant': { type: 'floor-grant' },
  ringing: { type: 'ringing' },
  reject: { type: 'reject', reason: 'rejected', message: 'later\n\u{1f600}' },
  hangup: { type: 'hangup', reason: 'hangup' },
  reconnect: { type: 'reconnect', connection: 2 },
  ping: { type: 'ping' },
  frozen: { type: 'frozen' },
  channels: {
    type: 'channels',
    received: [
      ['chat', 3],
      ['', 0],
    ],
  },
  muted: { type: 'muted', mids: ['0', 'video'] },
  part: { type: 'part', text: '{"type"', more: true },
  ack: { type: 'ack' },
}

const flat = (message: Body, change: Readonly<Record<string, unknown>> = {}) =>
  JSON.stringify({ ...header, ...message, ...change })

/** Metadata of so many levels. */
const deep = (levels: number): unknown => (levels === 0 ? 1 : { inner: deep(levels - 1) })

describe('encode and decode', () => {
  it.each(Object.values(bodies))('bring $type through', (message) => {
    expect(decode(encode({ ...header, message }))).toEqual({ ...header, message })
  })

  it('leave out what is not in the schema', () => {
    const text = flat(bodies.ringing, { extra: 1, message: { type: 'hangup' } })
    expect(decode(text)).toEqual({ ...header, message: { type: 'ringing' } })
  })
})

describe('decode', () => {
  const { offer, answer, candidates, channels, hangup, ringing } = bodies
  const of = (change: Readonly<Record<string, unknown>>) =>
    flat(candidates, { candidates: [{ ...candidate, ...change }] })

  it.each<[string, string, DropReason]>([
    ['nothing', '', 'not-json'],
    ['half of JSON', '{"v":1', 'not-json'],
    ['10 000 open brackets', '['.repeat(10_000), 'not-json'],
    ['more than 256 KiB', ' '.repeat(256 * 1024 + 1), 'too-large'],
    ['null', 'null', 'unknown-version'],
    ['a number', '1', 'unknown-version'],
    ['an array', '[1]', 'unknown-version'],
    ['no version', flat(ringing, { v: undefined }), 'unknown-version'],
    ['version 2', flat(ringing, { v: 2 }), 'unknown-version'],
    ['the version as text', flat(ringing, { v: '1' }), 'unknown-version'],
    ['no type', flat(ringing, { type: undefined }), 'unknown-type'],
    ['a type of the future', flat(ringing, { type: 'renegotiate' }), 'unknown-type'],
    ['a type that is no text', flat(ringing, { type: ['offer'] }), 'unknown-type'],
    ['"constructor" as type', flat(ringing, { type: 'constructor' }), 'unknown-type'],
    ['"__proto__" as type', flat(ringing, { type: '__proto__' }), 'unknown-type'],
    ['"toString" as type', flat(ringing, { type: 'toString' }), 'unknown-type'],
    ['no session', flat(ringing, { session: undefined }), 'malformed'],
    ['an empty session', flat(ringing, { session: '' }), 'malformed'],
    ['a session of 65 characters', flat(ringing, { session: 'x'.repeat(65) }), 'malformed'],
    ['a session with a slash', flat(ringing, { session: 'a/b' }), 'malformed'],
    ['a session with a line end', flat(ringing, { session: 'a\n' }), 'malformed'],
    ['a sender that is no text', flat(ringing, { from: 1 }), 'malformed'],
    ['a recipient with a space', flat(ringing, { to: 'a b' }), 'malformed'],
    ['a negative seq', flat(ringing, { seq: -1 }), 'malformed'],
    ['half a seq', flat(ringing, { seq: 0.5 }), 'malformed'],
    ['a seq of 2^53', flat(ringing, { seq: 2 ** 53 }), 'malformed'],
    ['an infinite seq', flat(ringing).replace('"seq":1', '"seq":1e999'), 'malformed'],
    ['a seq that is no number', flat(ringing, { seq: Number.NaN }), 'malformed'],
    ['a negative ack', flat(ringing, { ack: -1 }), 'malformed'],
    ['an offer without SDP', flat(offer, { sdp: undefined }), 'malformed'],
    ['an offer with 128 KiB and one character', flat(offer, { sdp: 'x'.repeat(128 * 1024 + 1) }), 'malformed'],
    ['an offer without a number', flat(offer, { offer: undefined }), 'malformed'],
    ['metadata of 9 levels', flat(offer, { metadata: deep(9) }), 'malformed'],
    ['metadata for prototypes', flat(offer).replace('"deep"', '"__proto__"'), 'malformed'],
    ['an answer that wants the floor by a text', flat(answer, { wantsFloor: 'yes' }), 'malformed'],
    ['129 candidates', flat(candidates, { candidates: Array(129).fill(candidate) }), 'malformed'],
    ['candidates that are none', flat(candidates, { candidates: {} }), 'malformed'],
    ['an empty ufrag', flat(candidates, { ufrag: '' }), 'malformed'],
    ['a ufrag of 257 characters', flat(candidates, { ufrag: 'x'.repeat(257) }), 'malformed'],
    ['a ufrag with a line end', flat(candidates, { ufrag: 'a\r\n' }), 'malformed'],
    ['a candidate with a line end', of({ candidate: `${candidate.candidate}\r\na=x` }), 'malformed'],
    ['a candidate of another kind', of({ candidate: 'a=candidate:1' }), 'malformed'],
    ['a candidate of 512 characters', of({ candidate: 'candidate:'.padEnd(512, 'x') }), 'malformed'],
    ['a mid of 65 characters', of({ sdpMid: 'x'.repeat(65) }), 'malformed'],
    ['a negative index', of({ sdpMLineIndex: -1 }), 'malformed'],
    ['an end for an unknown reason', flat(hangup, { reason: 'boredom' }), 'malformed'],
    ['an end for two reasons', flat(hangup, { reason: ['hangup'] }), 'malformed'],
    ['an end without a reason', flat(hangup, { reason: undefined }), 'malformed'],
    ['last words of 1025 characters', flat(hangup, { message: 'x'.repeat(1025) }), 'malformed'],
    ['last words that are none', flat(hangup, { message: {} }), 'malformed'],
  ])('drops %s', (_, text, reason) => {
    expect(decode(text)).toBe(reason)
  })

  it.each<[string, string]>([
    ['128 candidates', flat(candidates, { candidates: Array(128).fill(candidate) })],
    ['a candidate of 511 characters', of({ candidate: 'candidate:'.padEnd(511, 'x') })],
    ['metadata of 8 levels', flat(offer, { metadata: deep(8) })],
    ['a name of 64 characters', flat(ringing, { from: 'x'.repeat(64) })],
    ['last words of 1024 characters', flat(hangup, { message: '\n'.repeat(1024) })],
    [
      'the longest label, opened again for the most times',
      flat(channels, { received: [[`${'x'.repeat(128)}\n${2 ** 53 - 1}`, 1]] }),
    ],
    ['the numbers 0 and 2^31', flat(ringing, { seq: 0, ack: 2 ** 31 })],
  ])('takes %s', (_, text) => {
    expect(decode(text)).toMatchObject({ v: 1 })
  })

  it('changes no prototype, whatever the keys are', () => {
    const text = flat(offer, { metadata: {} }).replace(
      '"metadata":{}',
      '"metadata":{"constructor":{"prototype":{"polluted":1}}}',
    )
    expect(decode(text)).toMatchObject({ message: { type: 'offer' } })
    decode(flat(ringing).replace('{', '{"__proto__":{"polluted":1},'))
    expect(({} as { polluted?: number }).polluted).toBeUndefined()
  })
})

describe('isMetadata', () => {
  it.each<[unknown, boolean]>([
    [undefined, true],
    [null, true],
    ['text', true],
    [deep(8), true],
    [deep(9), false],
    [JSON.parse('{"__proto__":1}'), false],
    [JSON.parse('[{"a":[{"__proto__":{}}]}]'), false],
    [{ constructor: 1, prototype: 2 }, true],
  ])('says of %j: %s', (value, isOne) => {
    expect(isMetadata(value)).toBe(isOne)
  })
})

describe('isMetadata', () => {
  const throwing = {
    toJSON: () => {
      throw new Error('oops')
    },
  }

  it.each<[string, unknown]>([
    ['more than 64 KiB', 'x'.repeat(2 ** 16 - 1)],
    ['a BigInt', { count: 1n }],
    ['what throws when it becomes JSON', throwing],
  ])('refuses %s', (_, value) => {
    expect(isMetadata(value)).toBe(false)
  })
})

describe('hostile text', () => {
  const reasons = ['too-large', 'not-json', 'unknown-version', 'unknown-type', 'malformed']
  const good = Object.values(bodies)
    .filter(({ type }) => type !== 'answer')
    .map((message) => flat(message))

  /** What was taken must be what a peer may have sent: it is taken again, and nothing is lost on the way. */
  const check = (text: string) => {
    const result = decode(text)
    if (typeof result === 'string') expect(reasons).toContain(result)
    else expect(decode(encode(result as Envelope))).toEqual(result)
  }

  it('is dropped or taken, never thrown at', () => {
    fc.assert(fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.json()), check))
    const key = fc.constantFrom('v', 'type', 'seq', 'ack', 'sdp', 'candidates', 'metadata', '__proto__', 'reason')
    fc.assert(
      fc.property(fc.dictionary(key, fc.jsonValue()), (value) => check(JSON.stringify({ ...header, ...value }))),
    )
  })

  it('made of a good message by changes of characters is dropped, or taken by the rules', () => {
    const changes = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 3 }), fc.string({ maxLength: 3, unit: 'binary' })), {
      minLength: 1,
      maxLength: 4,
    })
    fc.assert(
      fc.property(fc.constantFrom(...good), changes, (text, edits) => {
        check(
          edits.reduce((now, [at, cut, insert]) => {
            const index = at % (now.length + 1)
            return now.slice(0, index) + insert + now.slice(index + cut)
          }, text),
        )
      }),
      { numRuns: 1000 },
    )
  })

  it('made of a good message by another value is dropped, or taken by the rules', () => {
    fc.assert(
      fc.property(fc.constantFrom(...Object.values(bodies)), fc.nat(), fc.jsonValue(), (message, at, value) => {
        const keys = Object.keys({ ...header, ...message })
        check(flat(message, { [keys[at % keys.length] ?? 'v']: value }))
      }),
      { numRuns: 1000 },
    )
  })
})
