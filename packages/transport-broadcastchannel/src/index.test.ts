import { afterEach, describe, expect, it, vi } from 'vitest'
import type { SignalingJoin } from '@parley-rtc/core'
import { broadcastChannelTransport } from './index.ts'

// What this transport does in tabs, iframes and workers is tested in real browsers, in e2e. Here is what it does
// where its platform is missing or refuses.

const createJoin = (): SignalingJoin & { readonly calls: unknown[] } => {
  const calls: unknown[] = []
  return {
    calls,
    room: 'lobby',
    self: { id: 'ann', instance: 'ann-1' },
    onOpen: () => calls.push('open'),
    onMessage: (from, text) => calls.push([from, text]),
    onPresence: (change) => calls.push(change),
    onUnreachable: (to) => calls.push(['unreachable', to]),
    onClose: (reason) => calls.push(['close', reason?.message]),
  }
}

const stubLocks = (locks: Pick<LockManager, 'request' | 'query'>): void => {
  vi.stubGlobal('navigator', { locks })
}

describe('broadcastChannelTransport', () => {
  afterEach(() => {
    vi.unstubAllGlobals()
  })

  it('throws `unsupported` where there are no Web Locks', () => {
    vi.stubGlobal('navigator', undefined)
    expect(() => broadcastChannelTransport()(createJoin())).toThrow(
      expect.objectContaining({ code: 'unsupported', message: expect.stringContaining('take another transport') }),
    )
  })

  it('throws `unsupported` where there is no BroadcastChannel', () => {
    stubLocks({ request: () => Promise.resolve(), query: () => Promise.resolve({}) })
    vi.stubGlobal('BroadcastChannel', undefined)
    expect(() => broadcastChannelTransport()(createJoin())).toThrow(expect.objectContaining({ code: 'unsupported' }))
  })

  it('throws `insecure-context` on a page that is not secure, and says what to do', () => {
    vi.stubGlobal('navigator', {})
    vi.stubGlobal('isSecureContext', false)
    expect(() => broadcastChannelTransport()(createJoin())).toThrow(
      expect.objectContaining({
        code: 'insecure-context',
        message: expect.stringContaining('serve it over https or from localhost'),
      }),
    )
  })

  it('tells why when the browser refuses the lock, and does not ask again', async () => {
    const request = vi.fn(() => Promise.reject(new Error('Sandboxed')))
    stubLocks({ request, query: () => Promise.resolve({}) })
    const join = createJoin()
    const link = broadcastChannelTransport()(join)
    await vi.waitFor(() => expect(join.calls).toEqual([['close', 'Sandboxed']]))
    await link.close()
    expect(request).toHaveBeenCalledOnce()
    expect(join.calls).toHaveLength(1)
  })

  it('swallows text that cannot be cloned, and what is sent after close()', async () => {
    const held = [{ name: 'parley\nlobby\nbob\nbob-1', mode: 'exclusive' as const, clientId: '' }]
    const waiting = (): Promise<never> => new Promise(() => {})
    const request = vi.fn((name: string, _options: LockOptions, granted: () => unknown) =>
      name.endsWith('ann-1') ? Promise.resolve(granted()) : waiting(),
    ) as unknown as LockManager['request']
    stubLocks({ request, query: () => Promise.resolve({ held }) })
    const join = createJoin()
    const link = broadcastChannelTransport()(join)
    await vi.waitFor(() =>
      expect(join.calls).toContainEqual({ type: 'joined', peer: { id: 'bob', instance: 'bob-1' } }),
    )
    expect(() => link.send('bob', (() => {}) as unknown as string)).not.toThrow()
    await link.close()
    expect(() => link.send('bob', 'too late')).not.toThrow()
  })
})
