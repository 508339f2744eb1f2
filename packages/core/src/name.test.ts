import { describe, expect, it } from 'vitest'
import { assertName, isName, randomName } from './name.ts'

describe('isName', () => {
  it.each<[string, unknown, boolean]>([
    ['one character', 'a', true],
    ['128 characters', 'x'.repeat(128), true],
    ['64 characters of two code units', '\u{1f600}'.repeat(64), true],
    ['any script', '爱丽丝 — Ålice+#/$\\"', true],
    ['an own name of Object', '__proto__', true],
    ['nothing', '', false],
    ['129 characters', 'x'.repeat(129), false],
    ['65 characters of two code units', '\u{1f600}'.repeat(65), false],
    ['a null character', 'a\0b', false],
    ['a line end', 'a\n', false],
    ['a delete character', '\x7f', false],
    ['a control character of Latin-1', '\x85', false],
    ['a high surrogate alone', 'a\ud83d', false],
    ['a low surrogate alone', '\ude00a', false],
    ['surrogates in the wrong order', '\ude00\ud83d', false],
    ['a number', 1, false],
    ['undefined', undefined, false],
    ['an object that prints as a name', { toString: () => 'alice', length: 5 }, false],
  ])('says of %s: %o is %s', (_, value, isOne) => {
    expect(isName(value)).toBe(isOne)
  })
})

describe('assertName', () => {
  it('takes a name', () => {
    expect(() => assertName('room', 'lobby', 'invalid-room')).not.toThrow()
  })

  it('says which name is wrong, and shows the beginning of it', () => {
    const refuse = (value: unknown) => () => assertName('room', value, 'invalid-room')
    expect(refuse('a\tb')).toThrow('The room must be 1 to 128 printable characters; this is "a\\tb".')
    expect(refuse(undefined)).toThrow(/undefined/)
    expect(refuse('x'.repeat(1_000_000))).toThrow(/^.{80,110}$/)
    expect(refuse('')).toThrow(expect.objectContaining({ code: 'invalid-room' }) as Error)
  })
})

describe('randomName', () => {
  it('makes names of 22 characters that every medium takes, each another', () => {
    const names = Array.from({ length: 1000 }, randomName)
    expect(new Set(names).size).toBe(1000)
    for (const name of names) expect(name).toMatch(/^[\w-]{22}$/)
  })
})
