import { describe, expect, it, vi } from 'vitest'
import { originTest } from './origin.ts'
import { connect, join } from './test-client.ts'
import { startRelay } from './test-relay.ts'

describe('originTest()', () => {
  it.each([
    ['http://localhost', true],
    ['https://localhost:5173', true],
    ['http://127.0.0.1:8080', true],
    ['http://[::1]:8080', true],
    ['https://app.example', false],
    ['http://localhost.evil.example', false],
    ['http://evil.example/http://localhost', false],
    ['http://127.0.0.1.evil.example', false],
    ['file://localhost', false],
    ['null', false],
  ])('says of %s as loopback: %s', (origin, allowed) => {
    expect(originTest('loopback')(origin)).toBe(allowed)
  })

  it('takes the exact origins of a list, and the port counts', () => {
    const allows = originTest(['https://app.example', 'null'])
    expect(allows('https://app.example')).toBe(true)
    expect(allows('null')).toBe(true)
    for (const origin of [
      'http://app.example',
      'https://app.example:8443',
      'https://a.app.example',
      'http://localhost',
    ])
      expect(allows(origin)).toBe(false)
  })

  it('refuses a list with what is no origin, and says what was meant', () => {
    expect(() => originTest(['https://app.example/'])).toThrow('Did you mean https://app.example?')
    expect(() => originTest(['*.example'])).toThrow('this is "*.example"')
  })
})

describe('a relay', () => {
  it('closes a foreign page with 4403, before it can say anything', async () => {
    const { url, relay } = await startRelay()
    const foreign = connect(url, { origin: 'https://evil.example' })
    await foreign.opened
    foreign.hello({ id: 'ann' })
    expect((await foreign.closed)[0]).toBe(4403)
    await vi.waitFor(() => expect(relay.counters).toMatchObject({ joined: 0, ended: { foreignOrigin: 1 } }))
    await join(url, { id: 'ann' }, { origin: 'http://localhost:5173' })
  })

  it('lets a program of this machine in, one that a proxy passed on only to authorize()', async () => {
    const passedOn = { headers: { 'x-forwarded-for': '192.0.2.1' } }
    const plain = await startRelay()
    await join(plain.url, { id: 'ann' })
    expect((await connect(plain.url, passedOn).closed)[0]).toBe(4403)
    const careful = await startRelay({ authorize: () => ({}) })
    await join(careful.url, { id: 'ann' }, passedOn)
    const open = await startRelay({ origins: 'any' })
    await join(open.url, { id: 'ann' }, passedOn)
  })
})
