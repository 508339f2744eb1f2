import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { decode, type Body, type EndReason } from './message.ts'

// docs/protocol.md is the protocol for people. A type that is missing here does not compile.
const types: Readonly<Record<Body['type'], true>> = {
  offer: true,
  ringing: true,
  answer: true,
  candidates: true,
  'floor-request': true,
  'floor-grant': true,
  reject: true,
  hangup: true,
  reconnect: true,
  ping: true,
  frozen: true,
  channels: true,
  muted: true,
  part: true,
  ack: true,
}
const reasons: Readonly<Record<EndReason, true>> = {
  hangup: true,
  rejected: true,
  busy: true,
  cancelled: true,
  unanswered: true,
  unreachable: true,
  failed: true,
  replaced: true,
  closed: true,
  incompatible: true,
  unauthorized: true,
}

const page = readFileSync(new URL('../../../../docs/protocol.md', import.meta.url), 'utf8')

it('has a section for each message, with an example that is one', () => {
  const sections = [...page.matchAll(/^### `([\w-]+)`\n[^#]*?```json\n(.*)\n```/gm)]
  const examples = sections.map(([, type, json = '']) => {
    const envelope = decode(json)
    return [type, typeof envelope === 'string' ? envelope : envelope.message.type]
  })
  expect(examples).toEqual(Object.keys(types).map((type) => [type, type]))
})

it('shows nothing that a peer would drop', () => {
  const examples = [...page.matchAll(/```json\n(.*)\n```/g)].map(([, json = '']) => decode(json))
  expect(examples.filter((envelope) => typeof envelope === 'string')).toEqual([])
  expect(examples).toHaveLength(Object.keys(types).length + 1)
})

it('names each reason of an end', () => {
  expect(Object.keys(reasons).filter((reason) => !page.includes(`\`${reason}\``))).toEqual([])
})
