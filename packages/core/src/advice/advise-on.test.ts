import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { acceptAll, createStage, letRing, watch, type Watched } from '../peer-stage.ts'
import type { SessionReport } from '../session/report.ts'
import type { SignalingTransport } from '../signaling/transport.ts'
import { adviseOn, lastStepOf, type AdviceCause } from './advise-on.ts'

const deadlines = { reach: 1_000, connect: 4_000, end: 500 }

/** What is advised on the caller's side after a call that `act` spoils, or leaves alone. */
const callAnd = async (
  act: (caller: Watched, callee: Watched | undefined) => unknown,
  options: {
    readonly callee?: string
    readonly before?: (stage: ReturnType<typeof createStage>) => unknown
  } = {},
) => {
  const stage = createStage()
  const [alice, bob] = await stage.pair({ deadlines })
  const calls = acceptAll(bob)
  await options.before?.(stage)
  const caller = watch(alice.call(options.callee ?? 'bob'))
  await stage.clock.advance(800)
  await act(caller, calls[0])
  await stage.clock.advance(10_000)
  const advice = adviseOn(await caller.session.report(), alice)
  await stage.leftovers()
  return { advice, status: caller.status() }
}

describe('after a call', () => {
  it('says that nobody is there', async () => {
    const { advice } = await callAnd(() => {}, { callee: 'carol' })
    expect(advice).toEqual({
      cause: 'callee-absent',
      sentence: expect.stringContaining('"carol" gave no sign of life'),
    })
  })

  it('says that this side has no link to its room', async () => {
    const options = { before: ({ network }: ReturnType<typeof createStage>) => network.disconnect('alice') }
    const { advice } = await callAnd(() => {}, options)
    expect(advice).toEqual({ cause: 'signaling-lost', sentence: expect.stringContaining('"bob" was never asked') })
  })

  it('says that nobody took the call', async () => {
    const stage = createStage()
    const [alice, bob] = await stage.pair({ deadlines: { ...deadlines, answer: 2_000 } })
    letRing(bob)
    const { session } = watch(alice.call('bob'))
    await stage.clock.advance(10_000)
    expect(adviseOn(await session.report())).toMatchObject({ cause: 'unanswered' })
    await stage.leftovers()
  })

  it('says that the configuration cannot be used, and the error of the session has what was thrown', async () => {
    const stage = createStage()
    const wrong = new TypeError('Malformed URL')
    const alice = stage.enter('alice', { rtc: { configuration: () => Promise.reject(wrong) } })
    acceptAll(stage.enter('bob'))
    await stage.clock.advance(50)
    const { session } = watch(alice.call('bob'))
    session.on('warning', () => {})
    const failure = session.connected.catch((error: unknown) => error)
    await stage.clock.advance(10_000)
    expect(await failure).toMatchObject({ code: 'session-ended', reason: 'failed', cause: wrong })
    expect(adviseOn(await session.report())).toMatchObject({ cause: 'negotiation-failed' })
    await stage.leftovers()
  })

  it('says that the other side closed its page, or hung up', async () => {
    const closed = await callAnd((_, callee) => callee?.session.hangup())
    expect(closed.advice).toEqual({ cause: 'other-side-closed', sentence: '"bob" hung up.' })
    const stage = createStage()
    const [alice, bob] = await stage.pair({ deadlines })
    acceptAll(bob)
    const { session } = watch(alice.call('bob'))
    await stage.clock.advance(800)
    void bob.close()
    await stage.clock.advance(1_000)
    expect(adviseOn(await session.report())).toMatchObject({ cause: 'other-side-closed' })
    await stage.leftovers()
  })

  it('says that there is no TURN server where no path is found', async () => {
    const { advice, status } = await callAnd(() => {}, { before: (stage) => stage.breakLink() })
    expect(status).toBe('ended')
    expect(advice).toEqual({ cause: 'no-turn', sentence: expect.stringContaining('TURN') })
  })

  it('says that the other side speaks another version', async () => {
    const stage = createStage()
    const newer: SignalingTransport = (join) => {
      const link = stage.network.transport()(join)
      return { ...link, send: (to, text) => link.send(to, text.replace('"v":1', '"v":2')) }
    }
    const alice = stage.enter('alice', { deadlines })
    letRing(stage.enter('bob', { deadlines, transport: newer }))
    await stage.clock.advance(50)
    const { session } = watch(alice.call('bob'))
    await stage.clock.advance(10_000)
    expect(adviseOn(await session.report(), alice)).toMatchObject({ cause: 'version' })
    await stage.leftovers()
  })

  it('has nothing to say where nothing is wrong, or where somebody wanted it so', async () => {
    expect((await callAnd(() => {})).advice).toBeUndefined()
    expect((await callAnd((caller) => caller.session.hangup())).advice).toBeUndefined()
  })
})

describe('about an error', () => {
  it.each(['unauthorized', 'id-taken', 'room-full'])('says that the transport refused: %s', async (code) => {
    const refusing: SignalingTransport = ({ onClose }) => {
      queueMicrotask(() => onClose(Object.assign(new Error('The token is of yesterday.'), { code })))
      return { send: () => {}, close: async () => {} }
    }
    const stage = createStage()
    const error: unknown = await stage.enter('alice', { transport: refusing }).ready.catch((reason: unknown) => reason)
    expect(adviseOn(error as Error)).toEqual({
      cause: 'transport-refused',
      sentence: expect.stringContaining('The token is of yesterday.'),
    })
    await stage.leftovers()
  })

  it('says that the server speaks another version, or that the browser may not use the camera', () => {
    const incompatible = Object.assign(new Error('It speaks parley.7'), { code: 'incompatible' })
    expect(adviseOn(incompatible)).toMatchObject({ cause: 'version' })
    expect(adviseOn(new DOMException('Permission denied', 'NotAllowedError'))).toMatchObject({ cause: 'permission' })
    expect(adviseOn(new TypeError('Something else'))).toBeUndefined()
  })
})

describe('on a report', () => {
  const failed = {
    phases: [],
    end: { reason: 'failed', by: 'local' },
    snapshot: { remoteId: 'bob' },
    warnings: {},
    candidateTypes: { sent: { 'host udp': 2 }, received: { 'host udp': 2 } },
    iceErrors: {},
    connection: { ice: 'failed', iceTransportPolicy: 'all' },
  }
  const relayed = { sent: { 'relay udp': 1 }, received: {} }
  it.each<[AdviceCause | undefined, object]>([
    ['no-turn', {}],
    ['udp-blocked', { iceErrors: { 701: 2 } }],
    ['no-turn', { iceErrors: { 701: 2 }, candidateTypes: { sent: { 'srflx udp': 1 }, received: {} } }],
    ['expired-credentials', { iceErrors: { 401: 1 } }],
    ['relay-unreachable', { connection: { ice: 'failed', iceTransportPolicy: 'relay' }, iceErrors: { 701: 1 } }],
    ['transport-refused', { end: { reason: 'unauthorized', by: 'local' } }],
    ['negotiation-failed', { warnings: { 'negotiation-failed': 1 } }],
    ['unanswered', { end: { reason: 'unanswered', by: 'local' } }],
    ['version', { end: { reason: 'incompatible', by: 'remote' } }],
    ['codecs', { end: undefined, warnings: { 'no-codec': 1 } }],
    [undefined, { candidateTypes: relayed, iceErrors: { 401: 1 } }],
    [undefined, { connection: { ice: 'connected', iceTransportPolicy: 'all' } }],
    [undefined, { connection: undefined }],
  ])('finds %s in %j', (cause, facts) => {
    expect(adviseOn({ ...failed, ...facts } as unknown as SessionReport)?.cause).toBe(cause)
  })

  it('names the step that failed', () => {
    const phases = ['calling', 'negotiation.awaitingAnswer', 'ending', 'ended'].map((name) => ({ name, at: 0 }))
    expect(lastStepOf({ phases })).toBe('negotiation.awaitingAnswer')
    expect(lastStepOf({ phases: phases.slice(0, 2) })).toBeUndefined()
  })

  it('has a page on each cause', () => {
    const page = new URL('../../../../docs/troubleshooting.md', import.meta.url)
    expect(existsSync(page)).toBe(true)
    const headings = [...readFileSync(page, 'utf8').matchAll(/^## `([\w-]+)`/gm)].map(([, name]) => name)
    const source = readFileSync(new URL('advise-on.ts', import.meta.url), 'utf8')
    const causes = [...source.matchAll(/^ {2}\| '([\w-]+)'/gm)].map(([, name]) => name)
    expect(causes).toHaveLength(13)
    expect(headings.sort()).toEqual(causes.sort())
  })
})
