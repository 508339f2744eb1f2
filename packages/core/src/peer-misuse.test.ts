import { describe, expect, it, vi } from 'vitest'
import { isParleyError, type ParleyError } from './errors.ts'
import { createPeer, type Peer, type PeerOptions } from './peer.ts'
import { acceptAll, createStage, letRing, watch } from './peer-stage.ts'
import type { Session } from './session/session.ts'
import type { SignalingTransport } from './signaling/transport.ts'

const thrownBy = (run: () => unknown): ParleyError => {
  try {
    run()
  } catch (error) {
    if (isParleyError(error)) return error
    throw error
  }
  throw new Error('Nothing was thrown.')
}

const deep = (levels: number): unknown => (levels === 0 ? 'end' : [deep(levels - 1)])

describe('createPeer', () => {
  const transport: SignalingTransport = vi.fn<SignalingTransport>()
  const RTCPeerConnection = class {} as unknown as NonNullable<NonNullable<PeerOptions['rtc']>['RTCPeerConnection']>

  it.each<[string, Partial<PeerOptions>, string, RegExp]>([
    ['an empty id', { id: '' }, 'invalid-id', /id of a peer.*""/],
    ['an id of 129 characters', { id: 'x'.repeat(129) }, 'invalid-id', /1 to 128/],
    ['an id with a control character', { id: 'a\nb' }, 'invalid-id', /a\\nb/],
    ['half a surrogate pair', { id: 'a\ud800' }, 'invalid-id', /printable/],
    ['an id that is no text', { id: 7 as unknown as string }, 'invalid-id', /this is 7/],
    ['an empty room', { room: '' }, 'invalid-room', /room.*""/],
    ['a room that is no text', { room: undefined as unknown as string }, 'invalid-room', /undefined/],
    ['a deadline that is no time', { deadlines: { reach: Number.NaN } }, 'invalid-option', /reach: NaN/],
    ['a deadline before now', { deadlines: { end: -1 } }, 'invalid-option', /end: -1/],
    ['a deadline of another name', { deadlines: { reech: 5 } as object }, 'invalid-option', /no "reech".*reach/],
    ['a deadline in words', { deadlines: { reach: '2000' } as object }, 'invalid-option', /reach: 2000/],
    ['an option of another name', { iceServers: [] } as object, 'invalid-option', /no "iceServers".*createPeer.*rtc/],
    ['an option of rtc of another name', { rtc: { iceServers: [] } as object }, 'invalid-option', /configuration/],
  ])('refuses %s before it joins anything', (_, options, code, message) => {
    const error = thrownBy(() => createPeer({ room: 'lobby', transport, rtc: { RTCPeerConnection }, ...options }))
    expect(error).toMatchObject({ name: 'ParleyError', code })
    expect(error.message).toMatch(message)
    expect(transport).not.toHaveBeenCalled()
  })

  it('refuses to tell what it has no event for, or to tell it to nobody, as its sessions and channels do', () => {
    const { enter } = createStage()
    const peer = enter('alice')
    const session = peer.call('bob')
    const channel = session.openChannel('chat')
    const on = (target: { readonly on: unknown }, type: string, listener: unknown = () => {}) =>
      thrownBy(() => (target.on as (type: string, listener: unknown) => void)(type, listener))
    expect(on(peer, 'calls').message).toBe(
      'There is no "calls" among the events: call, peer-joined, peer-left, signaling, warning.',
    )
    expect(on(session, 'connected')).toMatchObject({
      code: 'invalid-option',
      message: expect.stringContaining('ended'),
    })
    expect(on(channel, 'data')).toMatchObject({ code: 'invalid-option', message: expect.stringContaining('message') })
    expect(on(peer, 'call', 'answer').message).toMatch(/listener of "call" is no function/)
    void peer.close()
  })

  it('refuses options of other names, where there is a call and where a channel', () => {
    const { enter } = createStage()
    const peer = enter('alice')
    expect(thrownBy(() => peer.call('bob', { meta: {} } as object)).message).toMatch(/no "meta".*call: metadata/)
    expect(peer.sessions).toEqual([])
    const session = peer.call('bob')
    expect(thrownBy(() => session.openChannel('chat', { order: true } as object)).message).toMatch(
      /no "order".*ordered/,
    )
    expect(session.getSnapshot().channels).toEqual([])
    void peer.close()
  })

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['text', 'ws://relay.example'],
    ['what makes a transport', () => transport],
  ])('refuses %s for a transport', (_, other) => {
    const options = { room: 'lobby', transport: other as SignalingTransport, rtc: { RTCPeerConnection } }
    const error = thrownBy(() => createPeer(options))
    expect(error).toMatchObject({ code: 'invalid-option', message: expect.stringContaining('Configure one') as string })
  })

  it('says what is missing where there is no WebRTC', () => {
    const error = thrownBy(() => createPeer({ room: 'lobby', transport }))
    expect(error.code).toBe('no-webrtc')
    expect(error.message).toMatch(/rtc\.RTCPeerConnection/)
    expect(transport).not.toHaveBeenCalled()
  })

  it.each([
    [Object.assign(new Error('Not served over https.'), { code: 'insecure-context' }), 'insecure-context'],
    [Object.assign(new Error('No Web Locks.'), { code: 'unsupported' }), 'unsupported'],
    [Object.assign(new Error('Broken.'), { code: 'ENOENT' }), 'transport-failed'],
    ['a text', 'transport-failed'],
    [undefined, 'transport-failed'],
  ])('wraps what the transport throws: %s', (cause, code) => {
    const failing = vi.fn<SignalingTransport>(() => {
      // A transport of somebody else may throw anything.
      throw cause as Error
    })
    const error = thrownBy(() => createPeer({ room: 'lobby', transport: failing, rtc: { RTCPeerConnection } }))
    expect(error).toMatchObject({ code, cause })
  })

  it('makes a new instance each time, and an id when none is given', () => {
    const { enter } = createStage()
    const [first, second] = [enter('alice'), enter('alice')]
    expect(first.instance).not.toBe(second.instance)
    const [third, fourth] = [undefined, undefined].map(() => enter('x', { id: undefined } as unknown as PeerOptions))
    expect(third?.id).toMatch(/^[\w-]{22}$/)
    expect(third?.id).not.toBe(fourth?.id)
  })
})

describe('call', () => {
  it.each<[string, (peer: Peer) => unknown, string]>([
    ['itself', (peer) => peer.call('alice'), 'self-call'],
    ['nobody', (peer) => peer.call(''), 'invalid-id'],
    ['a control character', (peer) => peer.call('\u0000'), 'invalid-id'],
    ['with metadata that is too deep', (peer) => peer.call('bob', { metadata: deep(9) }), 'invalid-option'],
    [
      'with metadata that would change prototypes',
      (peer) => peer.call('bob', { metadata: JSON.parse('{"a":{"__proto__":{}}}') as unknown }),
      'invalid-option',
    ],
    [
      'with metadata of more than 64 KiB',
      (peer) => peer.call('bob', { metadata: 'x'.repeat(2 ** 16 - 1) }),
      'invalid-option',
    ],
    ['with metadata that is no JSON', (peer) => peer.call('bob', { metadata: { count: 1n } }), 'invalid-option'],
  ])('refuses to call %s, and sends nothing', async (_, call, code) => {
    const { pair, clock, network, leftovers } = createStage()
    const [alice] = await pair()
    expect(thrownBy(() => call(alice)).code).toBe(code)
    await clock.advance(100)
    expect([alice.sessions, network.counters.sent]).toEqual([[], 0])
    expect(await leftovers()).toEqual([])
  })

  it('takes metadata of 8 levels', async () => {
    const { pair, clock, leftovers } = createStage()
    const [alice, bob] = await pair()
    const calls = letRing(bob)
    alice.call('bob', { metadata: deep(8) })
    await clock.advance(50)
    expect(calls[0]?.session.metadata).toEqual(deep(8))
    expect(await leftovers()).toEqual([])
  })
})

describe('a session', () => {
  type Stand = 'calling' | 'ringing' | 'accepted' | 'connected' | 'ended'
  /** One session in the state that is asked for; both sides have it. */
  const stand = async (at: Stand) => {
    const stage = createStage()
    const [alice, bob] = await stage.pair()
    const calls = letRing(bob)
    const caller = watch(alice.call('bob'))
    await stage.clock.advance(50)
    const callee = calls[0]!
    if (at === 'accepted' || at === 'connected') callee.session.accept()
    if (at === 'connected') await stage.clock.advance(500)
    if (at === 'ended') callee.session.reject()
    if (at === 'ended') await stage.clock.advance(500)
    return { ...stage, session: at === 'calling' ? caller.session : callee.session }
  }
  const accept = (session: Session) => session.accept()
  const reject = (session: Session) => session.reject('no')
  const openChannel = (session: Session) => session.openChannel('chat')
  const addTrack = (session: Session) => session.addTrack({ kind: 'audio', id: 'x' } as unknown as MediaStreamTrack)

  it.each<[string, Stand, (session: Session) => unknown, string, RegExp]>([
    ['accept by the caller', 'calling', accept, 'invalid-state', /calling/],
    ['reject by the caller', 'calling', reject, 'invalid-state', /calling/],
    ['accept a second time', 'accepted', accept, 'invalid-state', /connecting/],
    ['accept when connected', 'connected', accept, 'invalid-state', /connected/],
    ['reject after accept', 'accepted', reject, 'invalid-state', /connecting/],
    ['accept after the end', 'ended', accept, 'invalid-state', /ended/],
    ['reject after the end', 'ended', reject, 'invalid-state', /ended/],
    ['open a channel after the end', 'ended', openChannel, 'closed', /"alice" is over/],
    ['add a track after the end', 'ended', addTrack, 'closed', /"alice" is over/],
    ['open a channel without a name', 'connected', (session) => session.openChannel(''), 'invalid-option', /label/],
    [
      'open a channel with a protocol of more than 65535 bytes',
      'connected',
      (session) => session.openChannel('chat', { protocol: 'ä'.repeat(2 ** 15) }),
      'invalid-option',
      /`protocol`.*65535 bytes/,
    ],
    [
      'open such a channel before it is connected',
      'calling',
      (session) => session.openChannel('chat', { protocol: 'ä'.repeat(2 ** 15) }),
      'invalid-option',
      /`protocol`.*65535 bytes/,
    ],
  ])('refuses to %s, and sends nothing', async (_, at, act, code, message) => {
    const { session, clock, network, leftovers } = await stand(at)
    const { status } = session.getSnapshot()
    const before = network.counters.sent
    const error = thrownBy(() => act(session))
    expect(error).toMatchObject({ code })
    expect(error.message).toMatch(message)
    expect([network.counters.sent, session.getSnapshot().status]).toEqual([before, status])
    await clock.advance(1000)
    expect(await leftovers()).toEqual([])
  })

  it('answers once, however often it is accepted', async () => {
    const { session, clock, network, leftovers } = await stand('accepted')
    expect(thrownBy(() => session.accept()).code).toBe('invalid-state')
    await clock.advance(500)
    const types = network.sent.map(({ text }) => (JSON.parse(text) as { type: string }).type)
    expect(types.filter((type) => type === 'answer')).toHaveLength(1)
    expect(await leftovers()).toEqual([])
  })

  it('takes hangup in every state and any number of times', async () => {
    for (const at of ['calling', 'ringing', 'accepted', 'connected', 'ended'] as const) {
      const { session, clock, leftovers } = await stand(at)
      const { ends } = watch(session)
      for (let time = 0; time < 3; time += 1) session.hangup('x'.repeat(5000))
      await clock.advance(3000)
      session.hangup()
      expect([at, ends.map(({ message }) => message?.length)]).toEqual([at, at === 'ended' ? [] : [1024]])
      expect(await leftovers()).toEqual([])
    }
  })

  it('takes hangup as a listener for clicks', async () => {
    const { session, clock, leftovers } = await stand('connected')
    const { ends } = watch(session)
    const button = new EventTarget()
    button.addEventListener('click', session.hangup as () => void)
    button.dispatchEvent(new Event('click'))
    await clock.advance(500)
    expect(ends).toEqual([{ reason: 'hangup', by: 'local' }])
    expect(await leftovers()).toEqual([])
  })

  it('throws on a channel that is closed, and says which', async () => {
    const { session, leftovers } = await stand('connected')
    const channel = session.openChannel('chat')
    channel.close()
    channel.close()
    const error = thrownBy(() => channel.send('too late'))
    expect(error).toMatchObject({ code: 'closed' })
    expect(error.message).toMatch(/"chat"/)
    expect(session.openChannel('chat')).not.toBe(channel)
    expect(await leftovers()).toEqual([])
  })
})

describe('listeners', () => {
  it('are isolated: what they throw or reject with is a warning, told once each', async () => {
    const { pair, clock, leftovers } = createStage()
    const [alice, bob] = await pair()
    const warnings: string[] = []
    bob.on('warning', ({ code, message }) => {
      warnings.push(`${code}: ${message}`)
      throw new Error('in the listener for warnings')
    })
    bob.on('call', () => {
      throw new Error('thrown')
    })
    bob.on('call', () => Promise.reject(new Error('rejected')))
    const calls = acceptAll(bob)
    const caller = watch(alice.call('bob'))
    await clock.advance(500)
    expect([caller.status(), calls[0]?.status()]).toEqual(['connected', 'connected'])
    expect(warnings).toEqual([
      'listener-failed: A "call" listener: Error: thrown',
      'listener-failed: A "call" listener: Error: rejected',
    ])
    expect(await leftovers()).toEqual([])
  })

  it('of a session are isolated too', async () => {
    const { pair, clock, leftovers } = createStage()
    const [alice, bob] = await pair()
    acceptAll(bob)
    const { session, reasons } = watch(alice.call('bob'))
    const warnings: string[] = []
    session.on('warning', ({ message }) => warnings.push(message))
    const fail = () => {
      throw new Error('oops')
    }
    for (const type of ['state', 'signal', 'ended'] as const) session.on(type, fail)
    const stop = session.subscribe(fail)
    await clock.advance(500)
    stop()
    session.hangup()
    await clock.advance(500)
    expect(reasons()).toEqual(['hangup'])
    expect(new Set(warnings)).toEqual(
      new Set(['state', 'signal', 'ended'].map((type) => `A "${type}" listener: Error: oops`)),
    )
    expect(await leftovers()).toEqual([])
  })

  it('hear of each state in its order when one of them changes it', async () => {
    const { pair, clock, leftovers } = createStage()
    const [alice, bob] = await pair()
    acceptAll(bob)
    const session = alice.call('bob')
    session.on('state', ({ status, channels }) => {
      if (status === 'connected' && channels.length === 0) session.openChannel('chat')
      if (channels[0]?.state === 'open') session.hangup()
    })
    const told: string[] = []
    session.on('state', ({ status, channels }) => {
      const line = `${status} with ${channels.length}`
      if (told.at(-1) !== line) told.push(line)
    })
    await clock.advance(1000)
    expect(told).toEqual([
      'calling with 0',
      'connecting with 0',
      'connected with 0',
      'connected with 1',
      'ending with 1',
      'ended with 0',
    ])
    expect(await leftovers()).toEqual([])
  })

  it('get one snapshot until something changes', async () => {
    const { pair, clock, leftovers } = createStage()
    const [alice, bob] = await pair()
    acceptAll(bob)
    const session = alice.call('bob')
    const seen: unknown[] = []
    session.subscribe(() => seen.push(session.getSnapshot()))
    await clock.advance(1000)
    expect(seen.length).toBeGreaterThan(3)
    expect(new Set(seen).size).toBe(seen.length)
    expect(session.getSnapshot()).toBe(seen.at(-1))
    expect(Object.isFrozen(session.getSnapshot())).toBe(true)
    expect(await leftovers()).toEqual([])
  })
})
