import fc from 'fast-check'
import { encode, type Body, type Envelope } from './message.ts'

/** A frame as it comes in at the door: who the medium says sent it, and the text. */
export interface HostileFrame {
  readonly from: string
  readonly text: string
}

/** What a hostile frame is aimed at. */
export interface Target {
  readonly instance: string
  /** The honest session that a hostile peer would like to break, and the instance that it is with. */
  readonly session: string
  readonly remoteInstance: string
}

/** Makes the text for a target: what is hostile is chosen before the target is there. */
type Forge = (target: Target) => HostileFrame

type Fields = Record<string, unknown>

/** Never the id of the honest peer: who sent a message is what the medium knows. */
const senders = [
  ...Array<string>(20).fill('mallory'),
  'mallory 2',
  '__proto__',
  'constructor',
  'alice',
  '',
  'x'.repeat(200),
]
const instances = ['m1', 'm2', 'toString']

const deep = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
const polluting = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}'

const numbers = [0, 1, 2, 3, 64, 65, 66, 2 ** 31, 2 ** 31 + 1, 2 ** 53, 1e308, -1, -0, 0.5]
const words = [
  '',
  '0',
  'offer',
  'hangup',
  'ack',
  '__proto__',
  'constructor',
  'toString',
  '\ud800',
  '\u0000',
  'x'.repeat(2000),
]
const oddities: readonly unknown[] = [
  ...[...numbers, ...words, null, true, [], {}, [[]], [null], ['candidate:1']],
  ...[JSON.parse(polluting), JSON.parse(deep(50)), 'v=0\r\n'.repeat(400), 'a=ice-ufrag:AAAA\r\n', '🂡'.repeat(300)],
]
const keys = ['v', 'session', 'from', 'to', 'seq', 'ack', 'type', 'offer', 'sdp', 'calls', 'metadata', 'wantsFloor']
const innerKeys = ['ufrag', 'candidates', 'candidate', 'sdpMid', 'reason', 'message', 'text', 'more', '__proto__', 'x']

/** Those that cost much to make and to read come seldom. */
const huge: readonly string[] = [
  ' '.repeat(256 * 1024 + 1),
  deep(100_000),
  `{"v":1,"type":"offer","sdp":"${'x'.repeat(128 * 1024 + 1)}"}`,
  JSON.stringify({ v: 1, type: 'offer', metadata: Object.fromEntries(Array.from({ length: 5000 }, (_, n) => [n, n])) }),
]

const index = fc.nat(1_000_000)
const sequence = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 3 }) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 70 }) },
  fc.constantFrom(...numbers),
)
const header = fc.record({
  from: fc.constantFrom(...senders),
  instance: fc.constantFrom(...instances),
  session: fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: 0, max: 8 }) },
    { weight: 2, arbitrary: fc.integer({ min: 0, max: 100_000 }) },
    fc.constant('honest'),
  ),
  seq: sequence,
  ack: sequence,
  /** An offer rings only when its instance made more calls than were heard of. */
  calls: fc.nat(50),
})

/** Frames that a hostile peer of the room could send, made of those of a real call. */
export const hostileFrames = (recorded: readonly Body[]): fc.Arbitrary<Forge> => {
  const body = fc.constantFrom(...recorded)

  /** A valid frame under a header of its own, in any order, of any session. */
  const valid = fc
    .record({ header, body })
    .map(({ header: { from, instance, session, seq, ack, calls }, body: message }) => {
      const isHonest = session === 'honest'
      return (target: Target): { from: string; fields: Fields } => {
        const envelope: Envelope = {
          v: 1,
          session: isHonest ? target.session : `${instance}-${senders.indexOf(from)}-${session}`,
          from: isHonest ? target.remoteInstance : instance,
          to: target.instance,
          seq,
          ack,
          message: message.type === 'offer' ? { ...message, calls } : message,
        }
        return { from, fields: JSON.parse(encode(envelope)) as Fields }
      }
    })
  const text = valid.map((make) => (target: Target) => {
    const { from, fields } = make(target)
    return { from, text: JSON.stringify(fields) }
  })

  const withField = fc
    .record({ make: valid, key: fc.constantFrom(...keys, ...innerKeys), value: fc.constantFrom(...oddities) })
    .map(({ make, key, value }): Forge => (target) => {
      const { from, fields } = make(target)
      const rest = Object.entries(fields).filter(([name]) => name !== key)
      // Written by hand: JSON.stringify has no way to write a key `__proto__` of a literal.
      const pairs = [...rest, [key, value]].map(([name, inner]) => `${JSON.stringify(name)}:${JSON.stringify(inner)}`)
      return { from, text: `{${pairs.join()}}` }
    })

  const withBytes = fc
    .record({
      make: text,
      edits: fc.array(fc.tuple(index, fc.constantFrom('', '"', '{', ']', '\\', ',', '9', '\u0000', '\ud800', 'é')), {
        minLength: 1,
        maxLength: 4,
      }),
    })
    .map(({ make, edits }): Forge => (target) => {
      const { from, text: whole } = make(target)
      let edited = whole
      for (const [at, character] of edits) {
        const place = at % edited.length || 0
        edited = edited.slice(0, place) + character + edited.slice(place + 1)
      }
      return { from, text: edited }
    })

  const cut = fc.tuple(text, index).map(([make, at]): Forge => (target) => {
    const { from, text: whole } = make(target)
    return { from, text: whole.slice(0, at % whole.length) }
  })

  const candidates = fc
    .tuple(valid, fc.integer({ min: 0, max: 200 }), index)
    .map(([make, length, ufrag]): Forge => (target) => {
      const { from, fields } = make(target)
      const flood = Array.from({ length }, (_, n) => ({ candidate: `candidate:${n} 1 udp 1 10.0.0.1 9 typ host` }))
      return { from, text: JSON.stringify({ ...fields, type: 'candidates', ufrag: `u${ufrag}`, candidates: flood }) }
    })

  const anything = fc
    .tuple(fc.constantFrom(...senders), fc.oneof(fc.string(), fc.json(), fc.constant(polluting)))
    .map(([from, whole]): Forge => () => ({ from, text: whole }))

  const oversized = fc
    .tuple(fc.constantFrom(...senders), fc.constantFrom(...huge))
    .map(([from, whole]): Forge => () => ({ from, text: whole }))

  return fc.oneof(
    { weight: 60, arbitrary: text },
    { weight: 60, arbitrary: withField },
    { weight: 30, arbitrary: withBytes },
    { weight: 10, arbitrary: cut },
    { weight: 10, arbitrary: candidates },
    { weight: 10, arbitrary: anything },
    { weight: 1, arbitrary: oversized },
  )
}
