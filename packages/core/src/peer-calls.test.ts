import { describe, expect, it } from 'vitest'
import { acceptAll, createStage, letRing, watch } from './peer-stage.ts'

const browsers = [['chromium'], ['firefox'], ['chromium', 'firefox'], ['firefox', 'chromium']] as const

describe.each(browsers.map((profiles) => [profiles.join(' to '), profiles] as const))(
  'a call from %s',
  (_, profiles) => {
    it('connects, chats in text and bytes, and hangs up', async () => {
      const { clock, pair, leftovers } = createStage({ profiles })
      const [alice, bob] = await pair()
      const calls = acceptAll(bob)
      const session = alice.call('bob', { metadata: { topic: 'weather', tags: [1] } })
      const caller = watch(session)
      const chat = session.openChannel('chat')
      caller.listen(chat)
      chat.send('sent before it is open')
      expect(await clock.runUntil(() => calls[0]?.messages.length === 1, 2000)).toBe(true)

      const callee = calls[0]!
      callee.session.openChannel('chat').send(new Uint8Array([1, 2, 3]))
      chat.send('later')
      await clock.advance(100)
      expect(callee.messages).toEqual(['sent before it is open', 'later'])
      expect(caller.messages).toEqual([new Uint8Array([1, 2, 3]).buffer])
      expect(callee.session.metadata).toEqual({ topic: 'weather', tags: [1] })
      expect([alice.sessions, bob.sessions]).toEqual([[session], [callee.session]])

      callee.session.hangup('see you')
      await clock.advance(200)
      expect(caller.statuses).toEqual(['calling', 'connecting', 'connected', 'ended'])
      expect(callee.statuses).toEqual(['ringing', 'connecting', 'connected', 'ending', 'ended'])
      expect(caller.ends).toEqual([{ reason: 'hangup', by: 'remote', message: 'see you' }])
      expect(callee.ends).toEqual([{ reason: 'hangup', by: 'local', message: 'see you' }])
      expect([caller.connected, callee.connected]).toEqual([['connected'], ['connected']])
      expect([alice.sessions, bob.sessions]).toEqual([[], []])
      expect(await leftovers()).toEqual([])
    })

    it('renegotiates when either side adds a track, at once as well', async () => {
      const { clock, pair, leftovers } = createStage({ profiles })
      const [alice, bob] = await pair()
      const calls = acceptAll(bob)
      const caller = watch(alice.call('bob'))
      await clock.runUntil(() => caller.status() === 'connected', 2000)
      const callee = calls[0]!
      const heard: string[] = []
      for (const { session } of [caller, callee])
        session.on('track', ({ track }) => heard.push(`${session.getSnapshot().role} gets ${track.kind}`))
      const track = (kind: string) => ({ kind, id: kind, readyState: 'live' }) as unknown as MediaStreamTrack
      callee.session.addTrack(track('audio'))
      await clock.advance(200)
      caller.session.addTrack(track('video'))
      callee.session.addTrack(track('video'))
      await clock.advance(500)
      expect(heard.sort()).toEqual(['callee gets video', 'caller gets audio', 'caller gets video'])
      expect([caller, callee].map(({ session }) => session.getSnapshot().negotiation).sort()).toEqual([
        'stable.holdingFloor',
        'stable.listening',
      ])
      expect(await leftovers()).toEqual([])
    })
  },
)

describe('a call that does not connect', () => {
  const begin = async (options = {}) => {
    const stage = createStage()
    const [alice, bob] = await stage.pair(options)
    const calls = letRing(bob)
    const caller = watch(alice.call('bob'))
    await stage.clock.advance(50)
    return { ...stage, alice, bob, caller, callee: calls[0]! }
  }

  it('is rejected with words', async () => {
    const { clock, caller, callee, leftovers } = await begin()
    expect(callee.session.peerConnection).toBeUndefined()
    callee.session.reject('in a meeting')
    await clock.advance(50)
    expect(caller.ends).toEqual([{ reason: 'rejected', by: 'remote', message: 'in a meeting' }])
    expect(callee.ends).toEqual([{ reason: 'rejected', by: 'local', message: 'in a meeting' }])
    expect([caller.connected, callee.connected]).toEqual([['session-ended: rejected'], ['session-ended: rejected']])
    expect(await leftovers()).toEqual([])
  })

  it.each([
    ['cancelled by the caller', 'cancelled', ['remote', 'local']],
    ['hung up by the callee', 'rejected', ['local', 'remote']],
  ] as const)('is %s', async (_, reason, [ofCallee, ofCaller]) => {
    const { clock, caller, callee, leftovers } = await begin()
    ;(ofCaller === 'local' ? caller : callee).session.hangup()
    await clock.advance(50)
    expect(caller.ends).toEqual([{ reason, by: ofCaller }])
    expect(callee.ends).toEqual([{ reason, by: ofCallee }])
    expect(await leftovers()).toEqual([])
  })

  it('is unanswered after 60 seconds', async () => {
    const { clock, caller, callee, leftovers } = await begin()
    await clock.advance(59_900)
    expect([caller.status(), callee.status()]).toEqual(['calling', 'ringing'])
    await clock.advance(150)
    expect([caller.reasons(), callee.reasons()]).toEqual([['unanswered'], ['unanswered']])
    expect(await leftovers()).toEqual([])
  })

  it('is unanswered by its own deadline when the caller vanished without a word', async () => {
    const { clock, network, callee, leftovers } = await begin()
    network.disconnect('alice', { announce: false })
    await clock.advance(81_000)
    expect(callee.reasons()).toEqual(['unanswered'])
    expect(await leftovers()).toEqual([])
  })

  it('is unreachable when the caller left while it rang', async () => {
    const { clock, network, callee, leftovers } = await begin()
    network.disconnect('alice')
    await clock.advance(14_900)
    expect(callee.status()).toBe('ringing')
    await clock.advance(5_500)
    expect(callee.reasons()).toEqual(['unreachable'])
    expect(await leftovers()).toEqual([])
  })

  it('fails after 40 seconds when there is no path', async () => {
    const { clock, breakLink, caller, callee, leftovers } = await begin({ deadlines: { connect: 10_000 } })
    breakLink()
    callee.session.accept()
    await clock.advance(9_900)
    expect([caller.status(), callee.status()]).toEqual(['connecting', 'connecting'])
    await clock.advance(2_500)
    expect([caller.reasons(), callee.reasons()]).toEqual([['failed'], ['failed']])
    expect(await leftovers()).toEqual([])
  })
})

describe('calling', () => {
  it('is unreachable after 15 seconds when nobody has the id', async () => {
    const { clock, enter, network, leftovers } = createStage()
    const caller = watch(enter('alice').call('nobody'))
    await clock.advance(14_900)
    expect(caller.status()).toBe('calling')
    await clock.advance(200)
    expect(caller.ends).toEqual([{ reason: 'unreachable', by: 'local' }])
    expect(network.counters.sent).toBe(0)
    expect(await leftovers()).toEqual([])
  })

  it('is unreachable when the other instance never answers', async () => {
    const { clock, network, pair, leftovers } = createStage()
    const [alice] = await pair()
    network.partition(true)
    const caller = watch(alice.call('bob'))
    await clock.advance(21_000)
    expect(caller.reasons()).toEqual(['unreachable'])
    network.partition(false)
    expect(await leftovers()).toEqual([])
  })

  it('waits for somebody who is about to join', async () => {
    const { clock, enter, leftovers } = createStage()
    const caller = watch(enter('alice').call('bob'))
    await clock.advance(10_000)
    const calls = acceptAll(enter('bob'))
    expect(await clock.runUntil(() => caller.status() === 'connected', 1000)).toBe(true)
    expect(calls).toHaveLength(1)
    expect(await leftovers()).toEqual([])
  })

  it('finds a peer busy that has as many sessions as it takes', async () => {
    const { clock, enter, leftovers } = createStage()
    const [alice, carol, bob] = [enter('alice'), enter('carol'), enter('bob', { maxSessions: 1 })] as const
    const calls = acceptAll(bob)
    await clock.advance(50)
    const first = watch(alice.call('bob'))
    await clock.advance(500)
    const second = watch(carol.call('bob'))
    await clock.advance(100)
    expect(second.ends).toEqual([{ reason: 'busy', by: 'remote' }])
    expect([calls.length, first.status()]).toEqual([1, 'connected'])
    first.session.hangup()
    await clock.advance(100)
    const third = watch(carol.call('bob'))
    await clock.advance(500)
    expect(third.status()).toBe('connected')
    expect(await leftovers()).toEqual([])
  })

  it('accepts a call that rings from the same peer', async () => {
    const { clock, pair, leftovers } = createStage()
    const [alice, bob] = await pair()
    const calls = letRing(bob)
    const caller = watch(alice.call('bob'))
    await clock.advance(50)
    const session = bob.call('alice')
    expect(session).toBe(calls[0]?.session)
    await clock.advance(500)
    expect([caller.status(), calls[0]?.status(), calls.length]).toEqual(['connected', 'connected', 1])
    expect(alice.call('bob')).toBe(caller.session)
    expect(await leftovers()).toEqual([])
  })

  it('can be repeated at once after the end', async () => {
    const { clock, pair, leftovers } = createStage()
    const [alice, bob] = await pair()
    const calls = acceptAll(bob)
    for (let round = 0; round < 3; round += 1) {
      const caller = watch(alice.call('bob'))
      expect(await clock.runUntil(() => caller.status() === 'connected', 1000)).toBe(true)
      caller.session.hangup()
      caller.session.hangup()
    }
    await clock.advance(500)
    expect(calls.map((call) => call.reasons())).toEqual([['hangup'], ['hangup'], ['hangup']])
    expect(await leftovers()).toEqual([])
  })
})

it('replaces its connection after a label of 128 characters was opened again', async () => {
  const { clock, pair, breakLink, leftovers } = createStage()
  const [alice, bob] = await pair()
  const calls = acceptAll(bob)
  const caller = watch(alice.call('bob'))
  const label = 'x'.repeat(128)
  const first = caller.session.openChannel(label)
  expect(await clock.runUntil(() => first.state === 'open', 2000)).toBe(true)
  first.close()
  expect(await clock.runUntil(() => first.state === 'closed', 2000)).toBe(true)
  const second = caller.session.openChannel(label)
  second.send('hello')
  expect(await clock.runUntil(() => calls[0]?.messages.length === 1, 2000)).toBe(true)
  breakLink(...[caller, ...calls].flatMap(({ session }) => session.peerConnection ?? []))
  const isReplaced = () => caller.session.getSnapshot().connection === 2 && caller.status() === 'connected'
  expect(await clock.runUntil(isReplaced, 60_000)).toBe(true)
  second.send('hello again')
  await clock.advance(500)
  expect(calls[0]?.messages).toEqual(['hello', 'hello again'])
  expect([(await caller.session.report()).warnings, alice.counters, bob.counters]).toEqual([{}, {}, {}])
  expect(await leftovers()).toEqual([])
})

it('rejects `ready` when the room is not joined in time, and connects when it is joined after all', async () => {
  const { clock, network, enter, leftovers } = createStage()
  const bob = enter('bob')
  acceptAll(bob)
  await clock.advance(50)
  let open = () => {}
  const inner = network.transport()
  const alice = enter('alice', {
    deadlines: { join: 100, reach: 5000 },
    transport: (join) => inner({ ...join, onOpen: () => (open = join.onOpen) }),
  })
  const failure = alice.ready.catch((error: unknown) => error)
  const session = alice.call('bob')
  await clock.advance(101)
  expect(await failure).toMatchObject({ code: 'transport-failed', message: expect.stringContaining('100 ms') })
  open()
  expect(await clock.runUntil(() => session.getSnapshot().status === 'connected', 3000)).toBe(true)
  expect(await leftovers()).toEqual([])
})

it('says why it cannot be in the room, before it joined as `ready` and after it as a warning', async () => {
  const { clock, network, enter, leftovers } = createStage()
  let refuse = (_reason: Error) => {}
  const inner = network.transport()
  const alice = enter('alice', { transport: (join) => inner({ ...join, onClose: (refuse = join.onClose) }) })
  const warnings: unknown[] = []
  alice.on('warning', (warning) => warnings.push(warning))
  await clock.advance(50)
  await alice.ready
  refuse(Object.assign(new Error('Somebody else is called alice now.'), { code: 'id-taken' }))
  expect(warnings).toMatchObject([
    {
      code: 'transport-failed',
      message: expect.stringContaining('"lobby". Somebody else is called alice now.'),
      error: { code: 'id-taken' },
    },
  ])
  const early = enter('bob', {
    transport: (join) => {
      const link = inner({ ...join, onOpen: () => {} })
      join.onClose(Object.assign(new Error('The token is of yesterday.'), { code: 'unauthorized' }))
      return link
    },
  })
  await expect(early.ready).rejects.toMatchObject({ code: 'unauthorized' })
  await clock.advance(50)
  expect(await leftovers()).toEqual([])
})

it('tells the other side that it failed, and keeps to itself what an error of the application says', async () => {
  const { clock, enter, leftovers } = createStage()
  const alice = enter('alice')
  const configuration = () => Promise.reject(new Error('GET https://ice.example/?token=secret: 401'))
  const bob = enter('bob', { rtc: { configuration } })
  await clock.advance(50)
  const warnings: unknown[] = []
  bob.on('call', (session) => session.on('warning', (warning) => warnings.push(warning)))
  const [caller, calls] = [watch(alice.call('bob')), acceptAll(bob)]
  expect(await clock.runUntil(() => calls[0]?.status() === 'ended', 5_000)).toBe(true)
  expect(caller.ends).toEqual([{ reason: 'failed', by: 'remote', message: undefined }])
  expect(calls[0]?.ends).toEqual([{ reason: 'failed', by: 'local', message: undefined }])
  expect(warnings).toMatchObject([{ code: 'negotiation-failed', message: expect.stringContaining('token=secret') }])
  expect(JSON.stringify(await caller.session.report())).not.toContain('secret')
  expect(JSON.stringify(await calls[0]?.session.report())).not.toContain('secret')
  expect(await leftovers()).toEqual([])
})
