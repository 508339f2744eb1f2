import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { acceptAll, createStage, watch } from '../peer-stage.ts'
import type { Dialog, DialogOptions } from './dialog.ts'
import { hostileFrames, type HostileFrame } from './fuzz-frames.ts'
import { decode, encode, type Body, type Envelope } from './message.ts'
import type { SignalingJoin } from './transport.ts'

/** Hostile frames in all; PARLEY_FRAMES makes it a soak. Each call gets a batch of them. */
const { PARLEY_FRAMES = '20000' } = process.env
const batch = 200

/** Every dialog of the peer under attack, and what it took. */
const door = vi.hoisted(() => ({ instance: '', isOpen: false, taken: 0, dialogs: new Set<unknown>(), most: 0 }))

vi.mock('./dialog.ts', async (importOriginal) => {
  const original = await importOriginal<{ createDialog: (options: DialogOptions) => Dialog }>()
  const { createDialog } = original
  return {
    ...original,
    createDialog: (options: DialogOptions): Dialog => {
      const dialog = createDialog(options)
      if (options.instance !== door.instance) return dialog
      door.dialogs.add(dialog)
      door.most = Math.max(door.most, door.dialogs.size)
      return {
        ...dialog,
        receive: (envelope, carrier) => {
          // The control channel is another door.
          if (door.isOpen) door.taken += 1
          dialog.receive(envelope, carrier)
        },
        close: () => {
          door.dialogs.delete(dialog)
          dialog.close()
        },
      }
    },
  }
})

/** What nobody may see: rejections that nobody handles, and lines on the console. */
const unhandled: unknown[] = []
const keep = (reason: unknown) => void unhandled.push(reason)
beforeAll(() => void process.on('unhandledRejection', keep))
afterAll(() => void process.off('unhandledRejection', keep))
afterEach(() => vi.restoreAllMocks())
beforeEach(() => {
  // XState talks to the console about what it does not like; so do sessions whose warnings nobody hears, which they may.
  vi.spyOn(console, 'warn').mockImplementation((first) => {
    if (first !== 'Parley:') keep(first)
  })

  door.dialogs.clear()
  door.taken = door.most = unhandled.length = 0
})

/** What a whole call says over the transport, and what it can say besides. */
const record = async (): Promise<readonly Body[]> => {
  const { clock, network, pair, leftovers } = createStage()
  const [alice, bob] = await pair()
  acceptAll(bob)
  const { session } = watch(alice.call('bob', { metadata: { topic: 'lunch' } }))
  await clock.advance(500)
  session.hangup()
  await clock.advance(500)
  expect(await leftovers()).toEqual([])
  const bodies = network.sent.map(({ text }) => decode(text)).filter((envelope) => typeof envelope === 'object')
  return [
    ...bodies.map(({ message }) => message),
    ...bodies.flatMap(({ message }) => (message.type === 'offer' ? Array<Body>(4).fill(message) : [])),
    { type: 'floor-request' },
    { type: 'floor-grant' },
    { type: 'ringing' },
    { type: 'ack' },
    { type: 'reject', reason: 'busy' },
    { type: 'hangup', reason: 'cancelled', message: 'bye' },
    { type: 'part', text: '{"type":"offer","offer":1,"sdp":"', more: true },
    { type: 'part', text: 'v=0"}' },
    { type: 'part', text: JSON.stringify({ type: 'part', text: '{}' }) },
  ]
}

/** An honest call of alice and bob, while frames come in at the door of alice. */
const createCall = () => {
  const stage = createStage()
  let join: SignalingJoin | undefined
  let frames = 0
  const alice = stage.enter('alice', {
    transport: (given) => {
      const onMessage = (from: string, text: string) => {
        frames += 1
        door.isOpen = true
        given.onMessage(from, text)
        door.isOpen = false
      }
      join = { ...given, onMessage }
      return stage.network.transport()(join)
    },
  })
  door.instance = alice.instance
  const bob = stage.enter('bob')
  const rang: string[] = []
  alice.on('call', (session) => {
    rang.push(session.remoteId)
    if (session.remoteId === 'bob' || rang.length % 4 === 0) session.accept()
  })
  return {
    ...stage,
    alice,
    bob,
    rang,
    frames: () => frames,
    knock: ({ from, text }: HostileFrame) => join?.onMessage(from, text),
  }
}

const total = (counters: Readonly<Partial<Record<string, number>>>) =>
  Object.values(counters).reduce<number>((sum, count = 0) => sum + count, 0)

it(
  'survives whatever comes in at the door, counts every frame, and still connects',
  { timeout: 24 * 3_600_000 },
  async () => {
    const recorded = await record()
    let frames = 0
    const counted: Partial<Record<string, number>> = {}
    await fc.assert(
      fc.asyncProperty(fc.array(hostileFrames(recorded), { minLength: batch, maxLength: batch }), async (forges) => {
        door.dialogs.clear()
        door.taken = 0
        const call = createCall()
        const { clock, alice, bob, knock } = call
        const calls = acceptAll(bob)
        await clock.advance(50)
        const caller = watch(alice.call('bob'))
        const chat = caller.session.openChannel('chat')
        const target = { instance: alice.instance, session: caller.session.id, remoteInstance: bob.instance }
        for (const [index, forge] of forges.entries()) {
          knock(forge(target))
          if (index % 20 === 19) await clock.advance(3)
        }
        expect(await clock.runUntil(() => caller.status() === 'connected', 5_000)).toBe(true)
        chat.send('hello')
        expect(await clock.runUntil(() => calls[0]?.messages[0] === 'hello', 1_000)).toBe(true)
        // One with each of the five ids; those that are over may wait some seconds for their end to be confirmed.
        const statuses = alice.sessions.map((session) => session.getSnapshot().status)
        expect(statuses.filter((status) => status !== 'ending').length).toBeLessThanOrEqual(1 + 4)
        expect(statuses.length).toBeLessThanOrEqual((1 + 4) * 128)
        caller.session.hangup()
        expect(await clock.runUntil(() => calls[0]?.reasons()[0] === 'hangup', 1_000)).toBe(true)
        expect(door.taken + total(alice.counters)).toBe(call.frames())
        expect(await call.leftovers()).toEqual([])
        expect([door.dialogs.size, unhandled, ({} as { polluted?: unknown }).polluted]).toEqual([0, [], undefined])
        frames += forges.length
        const { length: rang } = call.rang
        for (const [reason, count = 0] of Object.entries({ ...alice.counters, taken: door.taken, rang }))
          counted[reason] = (counted[reason] ?? 0) + count
      }),
      { numRuns: Math.ceil(Number(PARLEY_FRAMES) / batch) },
    )
    process.stdout.write(`fuzz: ${frames} hostile frames: ${JSON.stringify(counted)}\n`)
    // The frames reach every part of the door, or they say little. A few of them need not.
    if (frames < 10_000) return
    const rare = ['too-large', 'not-json', 'unknown-version', 'unknown-type', 'malformed', 'misaddressed']
    const often = ['misrouted', 'late', 'taken', 'rang']
    expect(rare.filter((reason) => (counted[reason] ?? 0) === 0)).toEqual([])
    expect(often.filter((reason) => (counted[reason] ?? 0) < frames / 200)).toEqual([])
  },
)

const forge = ({ instance }: { readonly instance: string }, header: Partial<Envelope>, message: Body): string =>
  encode({ v: 1, session: 's', from: 'm1', to: instance, seq: 1, ack: 0, ...header, message })

const offer = { type: 'offer', offer: 1, sdp: 'v=0\r\na=ice-ufrag:AAAA\r\n' } as const

it.each([
  ['sessions that never begin', 2],
  ['calls that follow each other', 1],
])('keeps few of the %s, and takes the call of somebody else meanwhile', async (_, seq) => {
  const call = createCall()
  const { clock, alice, bob, knock } = call
  await clock.advance(50)
  for (let flood = 0; flood < 3; flood += 1) {
    for (let n = 0; n < 1000; n += 1)
      knock({ from: 'mallory', text: forge(alice, { seq, session: `s${flood}-${n}` }, offer) })
    await clock.advance(10)
  }
  expect(door.dialogs.size).toBeLessThanOrEqual(128)
  expect(clock.pending).toBeLessThan(128 * 5)
  const caller = watch(bob.call('alice'))
  expect(await clock.runUntil(() => caller.status() === 'connected', 1_000)).toBe(true)
  expect(door.taken + total(alice.counters)).toBe(call.frames())
  expect(await call.leftovers()).toEqual([])
})

it('keeps a bounded number of dialogs, whoever they are from', async () => {
  const call = createCall()
  const { clock, alice, knock } = call
  await clock.advance(50)
  for (let n = 0; n < 5000; n += 1)
    knock({
      from: `mallory ${n % 500}`,
      text: forge(alice, { from: `m${n}`, session: `s${n}`, seq: 1 + (n % 2) }, offer),
    })
  await clock.advance(10)
  expect(alice.sessions.length).toBeLessThanOrEqual(256)
  expect(door.dialogs.size).toBeLessThanOrEqual(512)
  await clock.advance(600_000)
  expect([door.dialogs.size, alice.sessions.length]).toEqual([0, 0])
  expect(door.taken + total(alice.counters)).toBe(call.frames())
  expect(await call.leftovers()).toEqual([])
})

it('keeps no more of what comes before its turn than one message may hold', async () => {
  const call = createCall()
  const { clock, alice, knock } = call
  await clock.advance(50)
  const big: Body = { ...offer, sdp: 'x'.repeat(100_000) }
  for (let seq = 2; seq <= 64; seq += 1) knock({ from: 'mallory', text: forge(alice, { seq }, big) })
  const [dialog] = door.dialogs as ReadonlySet<Dialog>
  expect([dialog?.counters.early, dialog?.counters.refused]).toEqual([2, 61])
  // What did not fit comes again, and then it does.
  for (const [seq, sdp] of [
    [1, 'v=0'],
    [4, 'v=0'],
  ] as const)
    knock({ from: 'mallory', text: forge(alice, { seq }, { ...offer, sdp }) })
  await clock.advance(10)
  expect(call.rang).toEqual(['mallory'])
  expect(dialog?.counters.refused).toBe(61)
  expect(await call.leftovers()).toEqual([])
})
