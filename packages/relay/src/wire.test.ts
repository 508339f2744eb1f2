import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseHello } from './hello.ts'
import { isName, maxNameBytes } from './name.ts'
import { addressEnd, readdress } from './wire.ts'

const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 128 }).filter(isName)

describe('a frame', () => {
  it('gets another address and keeps its payload, byte by byte', () => {
    fc.assert(
      fc.property(name, name, fc.string({ unit: 'binary' }), (to, from, payload) => {
        const frame = Buffer.from(`${to}\n${payload}`)
        const end = addressEnd(frame)
        expect(frame.toString('utf8', 0, end)).toBe(to)
        expect(readdress(frame, end, from)).toEqual(Buffer.from(`${from}\n${payload}`))
      }),
    )
  })

  it('is not searched beyond the longest address', () => {
    expect(addressEnd(Buffer.from(`${'€'.repeat(128)}\n`))).toBe(maxNameBytes)
    expect(addressEnd(Buffer.from(`${'x'.repeat(maxNameBytes + 1)}\n`))).toBe(-1)
    expect(addressEnd(Buffer.alloc(0))).toBe(-1)
  })
})

describe('parseHello()', () => {
  it('reads what is there and leaves what it does not know', () => {
    const hello = { room: 'r', id: 'ann', instance: 'i', token: 't', resume: 'x' }
    expect(parseHello(Buffer.from(JSON.stringify({ ...hello, later: 1 })))).toEqual(hello)
    expect(parseHello(Buffer.from('{"room":"r","id":"a","instance":"i"}'))).toMatchObject({ token: undefined })
  })

  it('takes a token of 4 KiB and no more', () => {
    const withToken = (length: number) =>
      parseHello(Buffer.from(JSON.stringify({ room: 'r', id: 'a', instance: 'i', token: 'x'.repeat(length) })))
    expect(withToken(4096)).toBeTypeOf('object')
    expect(withToken(4097)).toBe('token must be a text of at most 4096 bytes')
  })

  it('never throws, and says what is wrong in words that fit a close frame', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        const result = parseHello(Buffer.from(text))
        if (typeof result === 'string') expect(Buffer.byteLength(result)).toBeLessThanOrEqual(123)
      }),
    )
  })
})
