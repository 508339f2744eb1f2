import { describe, expect, it, vi } from 'vitest'
import type { Warning } from './emitter.ts'
import type { Peer } from './peer.ts'
import { acceptAll, createStage, watch } from './peer-stage.ts'
import type { SignalingTransport } from './signaling/transport.ts'

const warningsOf = (peer: Peer): Warning[] => {
  const warnings: Warning[] = []
  peer.on('warning', (warning) => warnings.push(warning))
  return warnings
}

/** A transport whose server never answers; it says so. */
const silent: SignalingTransport = () => ({
  send: () => {},
  close: async () => {},
  trouble: 'relay.example: no answer.',
})

describe('the link of a peer to its room', () => {
  it('is told as it changes', async () => {
    const { clock, network, enter, leftovers } = createStage()
    const alice = enter('alice')
    const told: string[] = []
    alice.on('signaling', (signaling) => told.push(`${signaling}, ${alice.signaling}`))
    expect(alice.signaling).toBe('joining')
    await clock.advance(50)
    network.disconnect('alice')
    await clock.advance(50)
    network.reconnect('alice')
    await clock.advance(50)
    expect(told).toEqual(['open, open', 'lost, lost', 'open, open'])
    expect(await leftovers()).toEqual([])
  })

  it('makes a warning that says what is wrong when there was none for 5 s', async () => {
    const { clock, enter, leftovers } = createStage()
    const alice = enter('alice', { transport: silent })
    const warnings = warningsOf(alice)
    await clock.advance(4_999)
    expect(warnings).toEqual([])
    await clock.advance(1)
    expect(warnings).toMatchObject([
      { code: 'transport-failed', message: expect.stringMatching(/"lobby" for 5000 ms.* relay\.example: no answer\./) },
    ])
    const failure = alice.ready.catch((error: unknown) => error)
    await clock.advance(60_000)
    expect(await failure).toMatchObject({ message: expect.stringContaining('relay.example: no answer.') })
    expect(warnings).toHaveLength(1)
    expect(await leftovers()).toEqual([])
  })

  it('makes one too when it is lost for so long, each time, and none when it is back before', async () => {
    const { clock, network, enter, leftovers } = createStage()
    const alice = enter('alice')
    const warnings = warningsOf(alice)
    await clock.advance(50)
    for (const [ms, expected] of [
      [4_900, 0],
      [5_100, 1],
      [60_000, 2],
    ] as const) {
      network.disconnect('alice')
      await clock.advance(ms)
      network.reconnect('alice')
      await clock.advance(50)
      expect(warnings).toHaveLength(expected)
    }
    expect(await leftovers()).toEqual([])
  })

  it('refuses calls once the room has refused the peer, and lets those go on that are connected', async () => {
    const { clock, network, enter, leftovers } = createStage()
    let refuse = (_reason: Error) => {}
    const inner = network.transport()
    const alice = enter('alice', { transport: (join) => inner({ ...join, onClose: (refuse = join.onClose) }) })
    const warnings = warningsOf(alice)
    acceptAll(enter('bob'))
    await clock.advance(50)
    const { session, status } = watch(alice.call('bob'))
    await clock.advance(500)
    refuse(Object.assign(new Error('The token is of yesterday.'), { code: 'unauthorized' }))
    expect(alice.signaling).toBe('refused')
    expect(() => alice.call('carol')).toThrow(
      expect.objectContaining({ code: 'unauthorized', message: expect.stringContaining('of yesterday') }),
    )
    expect([status(), session.getSnapshot().signaling]).toEqual(['connected', 'control'])
    await clock.advance(60_000)
    expect([status(), warnings.length]).toEqual(['connected', 1])
    expect(await leftovers()).toEqual([])
  })

  it('is told apart from nobody being there by the snapshot of a call', async () => {
    const { clock, network, enter, leftovers } = createStage()
    const alice = enter('alice')
    await clock.advance(50)
    const { session } = watch(alice.call('bob'))
    expect(session.getSnapshot().signaling).toBe('unaddressed')
    network.disconnect('alice')
    await clock.advance(1)
    expect(session.getSnapshot().signaling).toBe('none')
    network.reconnect('alice')
    enter('bob')
    await clock.advance(50)
    expect(session.getSnapshot().signaling).toBe('transport')
    expect(await leftovers()).toEqual([])
  })
})

it('warns when a call rings and nobody listens, and accepts it by hand', async () => {
  const { clock, pair, leftovers } = createStage()
  const [alice, bob] = await pair()
  const warnings = warningsOf(bob)
  const caller = watch(alice.call('bob'))
  await clock.advance(100)
  expect(warnings).toMatchObject([{ code: 'nobody-listens', message: expect.stringContaining('"alice"') }])
  const onCall = vi.fn()
  bob.on('call', onCall)
  bob.sessions[0]?.accept()
  await clock.advance(500)
  expect([caller.status(), onCall.mock.calls.length]).toEqual(['connected', 0])
  expect(await leftovers()).toEqual([])
})
