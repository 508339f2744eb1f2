import { describe, expect, it, vi } from 'vitest'
import { isParleyError, ParleyError, toTransportError } from './errors.ts'

describe('ParleyError', () => {
  it('is an Error with a code, its cause and the reason of an end', () => {
    const cause = new TypeError('below')
    const error = new ParleyError('session-ended', 'It is over.', { cause, reason: 'busy' })
    expect(error).toBeInstanceOf(Error)
    expect(error).toMatchObject({
      name: 'ParleyError',
      code: 'session-ended',
      message: 'It is over.',
      cause,
      reason: 'busy',
    })
    expect(String(error)).toBe('ParleyError: It is over.')
    expect(new ParleyError('closed', 'It is closed.').reason).toBeUndefined()
  })
})

describe('isParleyError', () => {
  it('knows those of another copy of the package', async () => {
    vi.resetModules()
    const copy = await import('./errors.ts')
    const foreign = new copy.ParleyError('closed', 'x')
    expect(foreign).not.toBeInstanceOf(ParleyError)
    expect(isParleyError(foreign)).toBe(true)
  })

  it.each([undefined, null, 'ParleyError', new Error('x'), { name: 'ParleyError', code: 'closed' }])(
    'refuses %o',
    (value) => {
      expect(isParleyError(value)).toBe(false)
    },
  )
})

describe('toTransportError', () => {
  it.each<[unknown, string, string]>([
    [Object.assign(new Error('Use https.'), { code: 'insecure-context' }), 'insecure-context', 'Use https.'],
    [Object.assign(new Error('No locks.'), { code: 'unsupported' }), 'unsupported', 'No locks.'],
    [Object.assign(new Error('Who?'), { code: 'unauthorized' }), 'unauthorized', 'Who?'],
    [Object.assign(new Error('Taken.'), { code: 'id-taken' }), 'id-taken', 'Taken.'],
    [Object.assign(new Error('Full.'), { code: 'room-full' }), 'room-full', 'Full.'],
    [Object.assign(new Error('Old.'), { code: 'incompatible' }), 'incompatible', 'Old.'],
    [Object.assign(new Error('Gone.'), { code: 'closed' }), 'transport-failed', 'Gone.'],
    [new Error('Broken.'), 'transport-failed', 'Broken.'],
    ['a text', 'transport-failed', 'a text'],
    [null, 'transport-failed', 'null'],
    [undefined, 'transport-failed', 'undefined'],
  ])('makes of %o: %s', (cause, code, message) => {
    expect(toTransportError(cause)).toMatchObject({ code, message, cause })
  })
})
