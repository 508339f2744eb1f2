import { describe, expect, it } from 'vitest'
import type { Peer } from './peer.ts'
import { acceptAll, createStage, letRing, watch, type Stage } from './peer-stage.ts'
import { createFakeWebRtc } from './testing/fake-web-rtc.ts'
import { decode, encode, type Envelope } from './signaling/message.ts'

/** Somebody with nothing but a transport, who writes the messages by hand. */
const enterRaw = (stage: Stage, id: string, instance = `${id}-1`) => {
  const received: Envelope[] = []
  const link = stage.network.transport()({
    room: 'lobby',
    self: { id, instance },
    onOpen: () => undefined,
    onMessage: (_, text) => {
      const envelope = decode(text)
      if (typeof envelope === 'object') received.push(envelope)
    },
    onPresence: () => undefined,
    onUnreachable: () => undefined,
    onClose: () => undefined,
  })
  const write = (to: Peer, message: Envelope['message'], header: Partial<Envelope> = {}) =>
    encode({ v: 1, session: 's1', from: instance, to: to.instance, seq: 1, ack: 0, ...header, message })
  return {
    ...link,
    instance,
    received,
    write,
    say: (to: Peer, ...message: Parameters<typeof write> extends [Peer, ...infer Rest] ? Rest : never) =>
      link.send(to.id, write(to, ...message)),
  }
}

const offer = { type: 'offer', offer: 1, sdp: 'v=0\r\na=ice-ufrag:AAAA\r\n' } as const
const hangup = { type: 'hangup', reason: 'cancelled' } as const
const candidates = { type: 'candidates', ufrag: 'AAAA', candidates: [{ candidate: '' }] } as const

const withRaw = async () => {
  const stage = createStage()
  const peer = stage.enter('alice')
  const raw = enterRaw(stage, 'mallory')
  const calls = letRing(peer)
  await stage.clock.advance(50)
  return { ...stage, peer, raw, calls }
}

describe('what comes first', () => {
  it('rings for an offer, however late it is behind its candidates', async () => {
    const { peer, raw, calls, clock, leftovers } = await withRaw()
    raw.say(peer, { ...candidates, candidates: [...candidates.candidates] }, { seq: 2 })
    await clock.advance(10_000)
    expect(calls).toEqual([])
    raw.say(peer, offer)
    await clock.advance(50)
    expect(calls.map(({ status }) => status())).toEqual(['ringing'])
    expect(calls[0]!.session.getSnapshot().candidates).toMatchObject({ queued: 1 })
    expect(await leftovers()).toEqual([])
  })

  it('rings for an offer that came behind its candidates and a reconnect', async () => {
    const { peer, raw, calls, clock, network, leftovers } = await withRaw()
    raw.say(peer, { ...candidates, candidates: [...candidates.candidates] }, { seq: 2 })
    await clock.advance(50)
    network.disconnect('alice')
    await clock.advance(50)
    network.reconnect('alice')
    await clock.advance(50)
    raw.say(peer, offer)
    await clock.advance(50)
    expect(calls.map(({ status }) => status())).toEqual(['ringing'])
    expect(await leftovers()).toEqual([])
  })

  it.each([
    ['in the same batch', [1, 2]],
    ['first', [2, 1]],
    ['twice, around it', [2, 1, 2]],
  ] as const)('rings nobody when the hang-up came %s', async (_, order) => {
    const stage = createStage()
    const raw = enterRaw(stage, 'mallory')
    let deliver: ((from: string, text: string) => void) | undefined
    const peer = stage.enter('alice', {
      transport: (join) => {
        deliver = join.onMessage
        return stage.network.transport()(join)
      },
    })
    const calls = letRing(peer)
    await stage.clock.advance(50)
    for (const seq of order) deliver?.('mallory', raw.write(peer, seq === 1 ? offer : hangup, { seq }))
    await stage.clock.advance(1000)
    expect([calls, peer.sessions]).toEqual([[], []])
    // Both are confirmed, so that the other side can end too.
    expect(raw.received.at(-1)).toMatchObject({ ack: 2 })
    expect(await stage.leftovers()).toEqual([])
  })

  it('rings nobody for a session that begins with anything but an offer', async () => {
    const { peer, raw, calls, clock, leftovers } = await withRaw()
    raw.say(peer, { type: 'ringing' })
    raw.say(peer, offer, { seq: 2 })
    await clock.advance(1000)
    expect([calls, peer.sessions]).toEqual([[], []])
    expect(await leftovers()).toEqual([])
  })

  it('looks at a bounded number of sessions that do not begin, and forgets them', async () => {
    const { peer, raw, calls, clock, leftovers } = await withRaw()
    for (let session = 0; session < 2000; session += 1)
      raw.say(peer, { type: 'ringing' }, { seq: 2, session: `half-open-${session}` })
    await clock.advance(100)
    const { flood = 0 } = peer.counters
    expect(flood).toBeGreaterThan(1000)
    expect(clock.pending).toBeLessThan(1200)
    await clock.advance(31_000)
    raw.say(peer, offer, { session: 'fresh' })
    await clock.advance(50)
    expect([calls.length, peer.counters.flood]).toEqual([1, flood])
    expect(await leftovers()).toEqual([])
  })
})

describe('late messages', () => {
  it('of a session that is over ring nobody, during its linger and after it', async () => {
    const stage = createStage()
    const { clock, network, pair, leftovers } = stage
    const [alice, bob] = await pair()
    const calls = acceptAll(bob)
    const caller = watch(alice.call('bob'))
    await clock.advance(500)
    caller.session.hangup()
    await clock.advance(500)
    const recorded = network.sent.filter(({ from }) => from === 'alice').map(({ text }) => text)
    const replay = async () => {
      const raw = enterRaw(stage, 'alice', alice.instance)
      await clock.advance(50)
      for (const text of recorded) raw.send('bob', text)
      await clock.advance(1000)
      await raw.close()
    }
    await replay()
    await clock.advance(40_000)
    const before = bob.counters.late ?? 0
    await replay()
    expect(bob.counters.late).toBe(before + recorded.length)
    expect([calls.length, calls[0]?.reasons()]).toEqual([1, ['hangup']])
    expect(bob.sessions).toEqual([])
    expect(await leftovers()).toEqual([])
  })

  it('for another instance of the id ring nobody', async () => {
    const { peer, raw, calls, clock, leftovers } = await withRaw()
    raw.say(peer, offer, { to: 'the-page-before' })
    await clock.advance(100)
    expect([calls, peer.counters]).toEqual([[], { misaddressed: 1 }])
    expect(await leftovers()).toEqual([])
  })

  it('do not reach a peer that is closed', async () => {
    const { peer, raw, calls, clock, leftovers } = await withRaw()
    raw.say(peer, offer)
    void peer.close()
    await clock.advance(100)
    expect(calls).toEqual([])
    expect(await leftovers()).toEqual([])
  })
})

describe('hostile messages', () => {
  it('of a third party do not touch a session', async () => {
    const stage = createStage()
    const { clock, pair, network, leftovers } = stage
    const [alice, bob] = await pair()
    acceptAll(bob)
    const raw = enterRaw(stage, 'mallory')
    const caller = watch(alice.call('bob'))
    await clock.advance(20)
    const { session } = JSON.parse(network.sent[0]!.text) as Envelope
    // Its own instance and that of bob: the medium says who sent it.
    for (const from of [raw.instance, bob.instance]) raw.say(alice, hangup, { session, from })
    await clock.advance(500)
    expect([caller.status(), alice.counters]).toEqual(['connected', { misrouted: 2 }])
    // Somebody under the id of bob, but another instance.
    const double = enterRaw(stage, 'bob', 'bob-2')
    await clock.advance(50)
    double.say(alice, hangup, { session })
    await clock.advance(100)
    expect([caller.status(), alice.counters]).toEqual(['connected', { misrouted: 3 }])
    expect(await leftovers()).toEqual([])
  })

  it('do not use up the calls of the instance that they claim', async () => {
    const stage = createStage()
    const { clock, pair, leftovers } = stage
    const [alice, bob] = await pair()
    const calls = letRing(bob)
    const raw = enterRaw(stage, 'mallory', alice.instance)
    await clock.advance(50)
    raw.say(bob, { ...offer, calls: 2 ** 31 })
    await clock.advance(100)
    const caller = watch(alice.call('bob'))
    await clock.advance(100)
    expect(calls.map(({ session, status }) => [session.remoteId, status()])).toEqual([
      ['mallory', 'ringing'],
      ['alice', 'ringing'],
    ])
    expect(caller.reasons()).toEqual([])
    expect(await leftovers()).toEqual([])
  })

  it('that this peer sent itself come back to nothing', async () => {
    const { clock, pair, leftovers } = createStage({ network: { echo: true } })
    const [alice, bob] = await pair()
    acceptAll(bob)
    const caller = watch(alice.call('bob'))
    await clock.advance(500)
    expect(caller.status()).toBe('connected')
    expect(alice.counters.misaddressed).toBeGreaterThan(0)
    expect(await leftovers()).toEqual([])
  })

  it('are counted by their fault and survived', async () => {
    const { peer, raw, calls, clock, leftovers } = await withRaw()
    const good = JSON.parse(raw.write(peer, offer)) as Record<string, unknown>
    const garbage: readonly (readonly [string, string])[] = [
      ['not-json', ''],
      ['not-json', '{'],
      ['not-json', '\ud800'],
      ['unknown-version', 'null'],
      ['unknown-version', '[]'],
      ['unknown-version', JSON.stringify({ ...good, v: 2 })],
      ['unknown-type', JSON.stringify({ ...good, type: 'constructor' })],
      ['malformed', JSON.stringify({ ...good, seq: -1 })],
      ['malformed', JSON.stringify({ ...good, sdp: 7 })],
      ['too-large', ' '.repeat(300_000)],
      ['not-json', '['.repeat(100_000)],
    ]
    for (const [, text] of garbage) raw.send('alice', text)
    await clock.advance(100)
    const expected: Record<string, number> = {}
    for (const [reason] of garbage) expected[reason] = (expected[reason] ?? 0) + 1
    expect(peer.counters).toEqual(expected)
    expect([calls, peer.sessions, clock.pending]).toEqual([[], [], 0])
    raw.send('alice', JSON.stringify(good))
    await clock.advance(100)
    expect(calls).toHaveLength(1)
    expect(await leftovers()).toEqual([])
  })

  it('on the control channel are a warning, and survived', async () => {
    const { clock, enter, leftovers } = createStage()
    const controls: RTCDataChannel[] = []
    const { RTCPeerConnection: Fake } = createFakeWebRtc({ clock })
    class RTCPeerConnection extends Fake {
      override createDataChannel(label: string, init?: RTCDataChannelInit) {
        const channel = super.createDataChannel(label, init)
        if (init?.negotiated === true) controls.push(channel)
        return channel
      }
    }
    const [alice, bob] = ['alice', 'bob'].map((id) => enter(id, { rtc: { RTCPeerConnection } }))
    await clock.advance(50)
    acceptAll(bob!)
    const caller = watch(alice!.call('bob'))
    const warnings: string[] = []
    caller.session.on('warning', ({ code, message }) => warnings.push(`${code}: ${message}`))
    await clock.advance(500)
    const stranger = encode({ v: 1, session: 'another', from: 'a', to: 'b', seq: 1, ack: 0, message: hangup })
    for (const text of ['', '{"v":2}', stranger, 'x'.repeat(1000)]) controls[1]!.send(text)
    await clock.advance(100)
    expect(warnings).toEqual([
      'bad-message: On the control channel: not-json.',
      'bad-message: On the control channel: unknown-version.',
      'bad-message: On the control channel: not-json.',
    ])
    expect(caller.status()).toBe('connected')
    expect(await leftovers()).toEqual([])
  })

  it('with an SDP that no browser takes end the call as failed on both sides', async () => {
    const { peer, raw, calls, clock, leftovers } = await withRaw()
    raw.say(peer, { ...offer, sdp: 'garbage' })
    await clock.advance(50)
    calls[0]!.session.accept()
    await clock.advance(100)
    expect(calls[0]!.reasons().length + calls[0]!.statuses.length).toBeGreaterThan(2)
    expect(raw.received.map(({ message }) => message)).toContainEqual(expect.objectContaining({ reason: 'failed' }))
    await clock.advance(5000)
    expect(calls[0]!.reasons()).toEqual(['failed'])
    expect(await leftovers()).toEqual([])
  })
})
