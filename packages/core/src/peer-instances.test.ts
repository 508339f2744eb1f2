import { describe, expect, it } from 'vitest'
import { acceptAll, createStage, letRing, watch } from './peer-stage.ts'

describe('another instance of the same id', () => {
  it.each(['connected', 'ringing'] as const)(
    'replaces a session that is %s when the page is loaded again',
    async (at) => {
      const stage = createStage()
      const { clock, network, enter, leftovers } = stage
      const [alice, bob] = await stage.pair()
      const calls = at === 'connected' ? acceptAll(bob) : letRing(bob)
      alice.call('bob')
      await clock.advance(500)
      expect(calls[0]?.status()).toBe(at)
      network.disconnect('alice')
      await clock.advance(10)
      const again = enter('alice')
      await clock.advance(100)
      expect(calls[0]?.ends).toEqual([{ reason: 'replaced', by: 'remote' }])
      const caller = watch(again.call('bob'))
      await clock.advance(500)
      expect([calls.length, caller.status()]).toEqual([2, at === 'connected' ? 'connected' : 'calling'])
      expect(await leftovers()).toEqual([])
    },
  )

  it('does not end a session whose own instance is still there', async () => {
    const { clock, enter, pair, leftovers } = createStage()
    const [alice, bob] = await pair()
    acceptAll(bob)
    const caller = watch(alice.call('bob'))
    await clock.advance(500)
    const tab = enter('alice')
    await clock.advance(500)
    expect([caller.status(), bob.peers.length]).toEqual(['connected', 2])
    await tab.close()
    await clock.advance(5000)
    expect([caller.status(), bob.peers.length]).toEqual(['connected', 1])
    expect(await leftovers()).toEqual([])
  })

  it('does not end a connected session by leaving the room', async () => {
    const { clock, network, pair, leftovers } = createStage()
    const [alice, bob] = await pair()
    const calls = acceptAll(bob)
    const caller = watch(alice.call('bob'))
    await clock.advance(500)
    for (const id of ['alice', 'bob']) network.disconnect(id)
    await clock.advance(120_000)
    expect([caller.status(), calls[0]?.status()]).toEqual(['connected', 'connected'])
    caller.session.hangup()
    await clock.advance(100)
    expect([caller.reasons(), calls[0]?.reasons()]).toEqual([['hangup'], ['hangup']])
    expect(await leftovers()).toEqual([])
  })
})

it('is not deceived by somebody who claims the instance of somebody else', async () => {
  const { clock, network, enter, pair, leftovers } = createStage()
  const [alice, bob] = await pair()
  acceptAll(bob)
  // Mallory is told to newcomers before bob, under bob's instance.
  const ignore = () => undefined
  const self = { id: 'mallory', instance: bob.instance }
  const callbacks = { onOpen: ignore, onMessage: ignore, onPresence: ignore, onUnreachable: ignore, onClose: ignore }
  const mallory = network.transport()({ room: 'lobby', self, ...callbacks })
  await clock.advance(50)
  expect(alice.peers.map(({ id }) => id).sort()).toEqual(['bob', 'mallory'])
  const carol = enter('carol')
  await clock.advance(50)
  await mallory.close()
  await clock.advance(50)
  expect(carol.peers.map(({ id }) => id).sort()).toEqual(['alice', 'bob'])
  const caller = watch(carol.call('bob'))
  await clock.advance(500)
  expect(caller.status()).toBe('connected')
  expect(await leftovers()).toEqual([])
})
