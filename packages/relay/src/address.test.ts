import type { IncomingMessage } from 'node:http'
import { describe, expect, it } from 'vitest'
import { addressKey, addressOf, isLocalRequest, isLoopback } from './address.ts'

const request = (remoteAddress: string, headers: Record<string, string> = {}) =>
  ({ socket: { remoteAddress }, headers }) as unknown as IncomingMessage

describe('addressOf()', () => {
  it('takes the address of the socket, and believes no header', () => {
    expect(addressOf(request('::ffff:192.0.2.1', { 'x-forwarded-for': '10.0.0.1' }), 0)).toBe('192.0.2.1')
  })

  it('takes the entry that the first of the own proxies wrote', () => {
    const headers = { 'x-forwarded-for': '6.6.6.6, 192.0.2.1 , 10.0.0.2' }
    expect(addressOf(request('10.0.0.1', headers), 1)).toBe('10.0.0.2')
    expect(addressOf(request('10.0.0.1', headers), 2)).toBe('192.0.2.1')
  })

  it('takes the address of the socket when the proxy wrote nothing', () => {
    expect(addressOf(request('10.0.0.1'), 1)).toBe('10.0.0.1')
    expect(addressOf(request('10.0.0.1', { 'x-forwarded-for': '6.6.6.6' }), 2)).toBe('10.0.0.1')
  })
})

describe('addressKey()', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8:1:2::9', '2001:db8:1:2'],
    ['2001:0db8::1', '2001:db8:0:0'],
    ['::1', '0:0:0:0'],
    ['not an address', 'not an address'],
  ])('of %s is %s', (address, key) => {
    expect(addressKey(address)).toBe(key)
  })
})

describe('isLocalRequest()', () => {
  it('knows this machine, and what a proxy on it passed on', () => {
    expect(isLocalRequest(request('127.0.0.1'))).toBe(true)
    expect(isLocalRequest(request('::ffff:127.0.0.1'))).toBe(true)
    expect(isLocalRequest(request('::1'))).toBe(true)
    expect(isLocalRequest(request('192.0.2.1'))).toBe(false)
    for (const header of ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'])
      expect(isLocalRequest(request('127.0.0.1', { [header]: 'x' }))).toBe(false)
  })

  it('is not fooled by names', () => {
    expect(isLoopback('127.0.0.1.example')).toBe(false)
  })
})
