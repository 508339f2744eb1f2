import { describe, expect, it } from 'vitest'
import { acceptAll, createStage, watch } from '../peer-stage.ts'
import { createFakeWebRtc } from '../testing/fake-web-rtc.ts'
import { createVirtualClock } from '../testing/virtual-clock.ts'
import { createReport } from './report.ts'
import type { SessionSnapshot } from './session-snapshot.ts'

/** Statistics as browsers give them, with what a report needs of them. */
const stats = new Map<string, object>([
  ['t', { type: 'transport', selectedCandidatePairId: 'p' }],
  [
    'p',
    { type: 'candidate-pair', localCandidateId: 'l', remoteCandidateId: 'r', currentRoundTripTime: 0.25, bytesSent: 7 },
  ],
  ['other', { type: 'candidate-pair', localCandidateId: 'r', remoteCandidateId: 'l' }],
  ['l', { type: 'local-candidate', candidateType: 'prflx', protocol: 'udp' }],
  ['r', { type: 'remote-candidate', candidateType: 'relay', protocol: 'udp' }],
])
const pair = {
  local: 'prflx',
  remote: 'relay',
  protocol: 'udp',
  roundTrip: 250,
  bytesSent: 7,
  bytesReceived: undefined,
}
const nothing = new Map<string, object>([['pc', { type: 'peer-connection' }]])
const never = new Promise<never>(() => {})

/** A connection whose statistics are these, one after the other. */
const connectionWith = (...answers: readonly (Map<string, object> | Promise<never>)[]) => {
  const clock = createVirtualClock()
  const { RTCPeerConnection } = createFakeWebRtc({ clock })
  const pc = new RTCPeerConnection({ iceTransportPolicy: 'relay' })
  const rest = [...answers]
  pc.getStats = async () => (await rest.shift()) as RTCStatsReport
  const report = createReport(clock)
  report.open(pc)
  const facts = [{}, { end: undefined, candidates: {}, ignored: 0 }, {}] as unknown
  const create = () => report.create(() => facts as ReturnType<Parameters<typeof report.create>[0]>)
  return { clock, pc, report, create }
}

const connected = { status: 'connected' } as SessionSnapshot

describe('the report of a session', () => {
  it('counts signals and candidates by their types, on both sides', async () => {
    const { clock, pair, leftovers } = createStage()
    const [alice, bob] = await pair()
    const calls = acceptAll(bob)
    const { session, status } = watch(alice.call('bob'))
    await clock.runUntil(() => status() === 'connected', 5_000)
    await clock.advance(500)
    const report = await session.report()
    expect(report.signals.sent).toMatchObject({ offer: 1, candidates: expect.any(Number) })
    expect(report.signals.received).toMatchObject({ answer: 1, candidates: expect.any(Number) })
    expect(report.candidateTypes).toEqual({ sent: { 'host udp': 2 }, received: { 'host udp': 2 } })
    expect(report.connection).toMatchObject({ state: 'connected', ice: 'connected' })
    session.hangup()
    await clock.advance(500)
    const after = await session.report()
    expect(after).toMatchObject({ connection: { state: 'connected' } })
    expect((await calls[0]?.session.report())?.signals.received).toMatchObject({ offer: 1, hangup: 1 })
    expect(JSON.parse(JSON.stringify(after))).toMatchObject({ end: { reason: 'hangup' } })
    expect(await leftovers()).toEqual([])
  })

  it('names each step', async () => {
    const { clock, pair, leftovers } = createStage()
    const [alice] = await pair({ deadlines: { reach: 1_000 } })
    const { session, status } = watch(alice.call('carol'))
    await clock.runUntil(() => status() === 'ended', 5_000)
    const { phases } = await session.report()
    expect(phases.map(({ name }) => name).slice(-3)).toEqual(['negotiation.awaitingAnswer', 'ending', 'ended'])
    expect(await leftovers()).toEqual([])
  })

  it('counts no candidate of a type that it does not know, and none that only ends the list', async () => {
    const { report, create } = connectionWith()
    const lines = ['', 'candidate:1 1 udp 1 192.0.2.1 9 typ exotic', 'candidate:1 1 TCP 1 192.0.2.1 9 typ srflx']
    const candidates = lines.map((candidate) => ({ candidate }))
    report.signal('received', { type: 'candidates', ufrag: 'u', candidates })
    expect((await create()).candidateTypes).toEqual({ sent: {}, received: { 'srflx tcp': 1 } })
  })
})

describe('the connection in a report', () => {
  it('has its states and the selected pair, without an address', async () => {
    const { create } = connectionWith(stats)
    const { connection } = await create()
    expect(connection).toEqual({ state: 'new', ice: 'new', dtls: undefined, iceTransportPolicy: 'relay', pair })
  })

  it('counts what goes wrong in gathering by its code', async () => {
    const { pc, create } = connectionWith(nothing)
    for (const errorCode of [701, 401, 701])
      pc.dispatchEvent(Object.assign(new Event('icecandidateerror'), { errorCode }))
    expect((await create()).iceErrors).toEqual({ 401: 1, 701: 2 })
  })

  it('is what was read when it connected, once it is closed', async () => {
    const { pc, report, create } = connectionWith(stats, nothing)
    report.phase(connected)
    await expect.poll(async () => (await create()).connection?.pair).toEqual(pair)
    report.close()
    pc.close()
    expect((await create()).connection).toMatchObject({ state: 'new', pair })
  })

  it('is forgotten for the next', async () => {
    const { clock, report, create } = connectionWith(stats)
    expect((await create()).connection?.pair).toEqual(pair)
    report.close()
    report.open(new (createFakeWebRtc({ clock }).RTCPeerConnection)())
    expect((await create()).connection).toMatchObject({ pair: undefined })
  })

  it('keeps no report waiting when it is closed, though Firefox never answers then', async () => {
    const { report, create } = connectionWith(never)
    const made = create()
    report.close()
    expect((await made).connection).toMatchObject({ state: 'new', pair: undefined })
  })

  it('is left out by a stack without statistics', async () => {
    const { pc, create } = connectionWith()
    pc.getStats = () => Promise.reject(new Error('No statistics.'))
    expect((await create()).connection).toMatchObject({ pair: undefined })
  })
})
