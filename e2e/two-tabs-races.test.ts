import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { forEachBrowser } from './for-each-browser.ts'
import type { PeerDriver } from './pages/peer-page.ts'
import {
  call,
  expectChat,
  expectEnd,
  expectNothingLeft,
  expectStatus,
  openCall,
  openIdlePeer,
  openPeer,
  soon,
  together,
  view,
} from './tabs.ts'

declare const e2e: PeerDriver

/** Tracks of the other side that bring media, and that do not. */
const tracks = async (page: Page): Promise<string[]> =>
  ((await view(page))?.tracks ?? []).map(({ kind, live }) => `${live ? 'live' : 'mute'} ${kind}`).sort()

/** No offer was taken back or refused, and the negotiation came to rest. */
const expectCalm = async (pages: readonly Page[], atMost: number): Promise<void> => {
  for (const page of pages) {
    await expect.poll(async () => (await view(page))?.negotiation, soon).toMatch(/^stable/)
    expect((await view(page))?.signalingState).toBe('stable')
    const descriptions = await page.evaluate(() => e2e.connections.descriptions)
    expect(descriptions.filter(({ type, failed }) => failed ?? type === 'rollback')).toEqual([])
    expect(descriptions.length).toBeGreaterThanOrEqual(4)
    expect(descriptions.length).toBeLessThanOrEqual(atMost)
  }
}

forEachBrowser((browser) => {
  it('makes one working session when both call at once, 50 times of 50', async () => {
    const [ann, bob] = [await openIdlePeer(browser, 'ann'), await openIdlePeer(browser, 'bob')]
    let collisions = 0
    for (let round = 0; round < 50; round += 1) {
      await together([ann, (e2e) => e2e.call('bob')], [bob, (e2e) => e2e.call('ann')])
      await expectStatus([ann, bob], 'connected')
      await expectChat(ann, bob)
      const [mine, theirs] = [await view(ann), await view(bob)]
      expect(mine?.id).toBe(theirs?.id)
      expect([mine?.role, theirs?.role].sort()).toEqual(['callee', 'caller'])
      if (mine?.statuses.includes('calling') && theirs?.statuses.includes('calling')) collisions += 1
      for (const page of [ann, bob]) {
        expect(await page.evaluate(() => [e2e.peer().sessions.length, e2e.sessions.length])).toEqual([1, round + 1])
        expect(await page.evaluate(() => e2e.connections.open())).toBe(1)
      }
      await ann.evaluate(() => e2e.session().hangup())
      await expectEnd(ann, bob, 'hangup')
    }
    expect(collisions).toBeGreaterThan(0)
    await expectNothingLeft(ann, bob)
  })

  it('brings all tracks when both sides add media to a connection at the same moment, without a rollback', async () => {
    const [ann, bob] = await openCall(browser)
    await together([ann, (e2e) => e2e.addMedia('video')], [bob, (e2e) => e2e.addMedia('audio', 'video')])
    await expect.poll(() => tracks(ann), soon).toEqual(['live audio', 'live video'])
    await expect.poll(() => tracks(bob), soon).toEqual(['live video'])
    await expectCalm([ann, bob], 6)
    await expectChat(ann, bob)
    await expectNothingLeft(ann, bob)
  })

  it('brings all tracks of a storm of media and channels from both sides', async () => {
    const [ann, bob] = await openCall(browser)
    const storm = async (e2e: PeerDriver): Promise<void> => {
      for (let round = 0; round < 5; round += 1) {
        e2e.session().openChannel(`channel ${round}`)
        await e2e.addMedia(...(round % 2 ? (['audio'] as const) : (['audio', 'video'] as const)))
      }
    }
    await together([ann, storm], [bob, storm])
    const all = [...Array.from({ length: 5 }, () => 'live audio'), ...Array.from({ length: 3 }, () => 'live video')]
    await expect.poll(() => tracks(ann), soon).toEqual(all)
    await expect.poll(() => tracks(bob), soon).toEqual(all)
    const channels = (page: Page): Promise<string[]> =>
      page.evaluate(() =>
        e2e
          .session()
          .getSnapshot()
          .channels.map(({ label, state }) => `${label} ${state}`),
      )
    const open = ['chat open', ...Array.from({ length: 5 }, (_, round) => `channel ${round} open`)]
    await expect.poll(() => channels(ann), soon).toEqual(open)
    await expect.poll(() => channels(bob), soon).toEqual(open)
    await expectCalm([ann, bob], 24)
    await expectChat(ann, bob)
    await expectNothingLeft(ann, bob)
  })

  it('ends once on each side, for the same reason, when both hang up at the same moment', async () => {
    const [ann, bob] = [await openPeer(browser, 'ann'), await openPeer(browser, 'bob')]
    for (let round = 0; round < 20; round += 1) {
      await call(ann, 'bob')
      await expectStatus([ann, bob], 'connected')
      await together([ann, (e2e) => e2e.session().hangup('by ann')], [bob, (e2e) => e2e.session().hangup('by bob')])
      await expectStatus([ann, bob], 'ended')
      expect((await view(ann))?.ends).toMatchObject([{ reason: 'hangup' }])
      expect((await view(bob))?.ends).toMatchObject([{ reason: 'hangup' }])
    }
    await expectNothingLeft(ann, bob)
  })

  it('connects again and again when it is redialed as soon as it ends', async () => {
    const [ann, bob] = [await openPeer(browser, 'ann'), await openPeer(browser, 'bob')]
    await ann.evaluate(() => {
      const redial = (): void => {
        if (e2e.sessions.length === 10) return
        e2e.call('bob')
        const session = e2e.session()
        session.on('ended', redial)
        void session.connected.then(() => session.hangup())
      }
      redial()
    })
    const reasons = (page: Page): Promise<string[]> =>
      page.evaluate(() => e2e.sessions.flatMap(({ ends }) => ends.map(({ reason, by }) => `${reason} ${by}`)))
    await expect.poll(() => reasons(ann), soon).toEqual(Array.from({ length: 10 }, () => 'hangup local'))
    await expect.poll(() => reasons(bob), soon).toEqual(Array.from({ length: 10 }, () => 'hangup remote'))
    await expectNothingLeft(ann, bob)
  })

  const moments = [
    ...(['calling', 'connecting', 'connected'] as const).map((at) => ({ side: 'ann', at }) as const),
    ...(['ringing', 'connecting', 'connected'] as const).map((at) => ({ side: 'bob', at }) as const),
  ]

  it.each(moments)(
    'leaves nothing when $side hangs up, or closes, twice, in a callback, when $at',
    async ({ side, at }) => {
      const [ann, bob] = [await openPeer(browser, 'ann'), await openPeer(browser, 'bob')]
      const reasons = async (page: Page): Promise<string> =>
        ((await view(page))?.ends ?? []).map(({ reason }) => reason).join()
      for (const act of ['hangup', 'close'] as const) {
        await (side === 'ann' ? ann : bob).evaluate(([at, act]) => e2e.endTwice(at, act), [at, act] as const)
        const before = [await countSessions(ann), await countSessions(bob)]
        await call(ann, 'bob')
        await expect.poll(() => countSessions(ann), soon).toBe((before[0] ?? 0) + 1)
        await expect.poll(() => reasons(ann), soon).toMatch(/^[a-z]+$/)
        // A call that was cancelled before it rang is none for the other side.
        if ((await countSessions(bob)) > (before[1] ?? 0))
          await expect.poll(() => reasons(bob), soon).toBe(await reasons(ann))
        await expectNothingLeft(ann, bob)
        for (const [page, id] of [
          [ann, 'ann'],
          [bob, 'bob'],
        ] as const)
          await page.evaluate((id) => e2e.join({ id, room: 'room' }), id)
      }
      await expectNothingLeft(ann, bob)
    },
  )
})

const countSessions = (page: Page): Promise<number> => page.evaluate(() => e2e.sessions.length)
