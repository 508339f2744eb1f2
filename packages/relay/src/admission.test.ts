import { describe, expect, it } from 'vitest'
import { createAdmission } from './admission.ts'
import { resolveLimits } from './limits.ts'

describe('createAdmission()', () => {
  it('counts in all and for each address, and gives places back', () => {
    const admission = createAdmission(resolveLimits({ connections: 3, connectionsPerAddress: 2 }))
    expect(admission.admit('a', 0)).toBe('ok')
    expect(admission.admit('a', 0)).toBe('ok')
    expect(admission.admit('a', 0)).toBe('address')
    expect(admission.admit('__proto__', 0)).toBe('ok')
    expect(admission.admit('c', 0)).toBe('connections')
    admission.release('a')
    expect(admission.admit('c', 0)).toBe('ok')
  })

  it('slows an address down that comes and goes all the time', () => {
    const admission = createAdmission(resolveLimits({ connectBurst: 2, connectsPerSecond: 1 }))
    const comeAndGo = (now: number) => {
      const verdict = admission.admit('a', now)
      if (verdict === 'ok') admission.release('a')
      return verdict
    }
    expect([comeAndGo(0), comeAndGo(0), comeAndGo(0)]).toEqual(['ok', 'ok', 'address-rate'])
    expect([comeAndGo(1_000), comeAndGo(1_000)]).toEqual(['ok', 'address-rate'])
  })

  it('remembers a bounded number of addresses, and forgets those that are of no more interest', () => {
    const admission = createAdmission(resolveLimits({ connections: 1, connectBurst: 2, connectsPerSecond: 1 }))
    const comeAndGo = (address: string, now: number) => {
      const verdict = admission.admit(address, now)
      if (verdict === 'ok') admission.release(address)
      return verdict
    }
    for (let index = 0; index < 10; index++) expect(comeAndGo(`a${index}`, 0)).toBe('ok')
    expect(comeAndGo('one more', 0)).toBe('connections')
    admission.sweep(500)
    expect(comeAndGo('one more', 500)).toBe('connections')
    admission.sweep(1_000)
    expect(comeAndGo('one more', 1_000)).toBe('ok')
  })
})
