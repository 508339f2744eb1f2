import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { forEachBrowser, type TestBrowser } from './for-each-browser.ts'
import type { PeerDriver, SessionView } from './pages/peer-page.ts'

declare const e2e: PeerDriver

const soon = { interval: 10, timeout: 15_000 }
const second = { interval: 10, timeout: 1000 }

const view = (page: Page, index = -1): Promise<SessionView | undefined> =>
  page.evaluate((index) => e2e.view(index), index)

const status = async (page: Page): Promise<string | undefined> => (await view(page))?.status

/** Opens a tab whose peer is in the room, and accepts whoever calls. */
const openPeer = async (browser: TestBrowser, id: string): Promise<Page> => {
  const page = await browser.openTab()
  await page.evaluate((id) => e2e.join({ id, room: 'room' }), id)
  return page
}

/** Opens a tab whose peer lets each call ring. */
const openIdlePeer = async (browser: TestBrowser, id: string): Promise<Page> => {
  const page = await browser.openTab()
  await page.evaluate((id) => e2e.join({ id, room: 'room' }, 'ring'), id)
  return page
}

const call = (page: Page, remoteId: string): Promise<void> => page.evaluate((id) => e2e.call(id), remoteId)

const expectStatus = (pages: readonly Page[], expected: string, within = soon): Promise<unknown> =>
  Promise.all(pages.map((page) => expect.poll(() => status(page), within).toBe(expected)))

const expectChat = async (one: Page, other: Page): Promise<void> => {
  await one.evaluate(() => e2e.say('ping'))
  await other.evaluate(() => e2e.say('pong'))
  await expect.poll(async () => (await view(other))?.chat, soon).toEqual(['ping'])
  await expect.poll(async () => (await view(one))?.chat, soon).toEqual(['pong'])
}

/** Both sides report the same end, once. */
const expectEnd = async (actor: Page, other: Page, reason: string, message?: string): Promise<void> => {
  await expectStatus([actor, other], 'ended')
  const note = message === undefined ? {} : { message }
  expect((await view(actor))?.ends).toEqual([{ reason, by: 'local', ...note }])
  expect((await view(other))?.ends).toEqual([{ reason, by: 'remote', ...note }])
}

const expectNothingLeft = async (...pages: readonly Page[]): Promise<void> => {
  for (const page of pages) {
    await page.evaluate(() => e2e.close())
    expect(await page.evaluate(() => e2e.connections.open())).toBe(0)
    expect(await page.evaluate(() => e2e.peer().sessions.length)).toBe(0)
  }
  for (const page of pages) expect(await page.evaluate(() => e2e.locks())).toBe(0)
}

forEachBrowser((browser) => {
  it('connects, chats both ways, and tells a hang-up to the other side within a second', async () => {
    const [ann, bob] = [await openPeer(browser, 'ann'), await openPeer(browser, 'bob')]
    await ann.evaluate(() => e2e.call('bob', { metadata: { topic: 'lunch' } }))
    await expectStatus([ann, bob], 'connected')
    await expectChat(ann, bob)
    expect(await view(bob)).toMatchObject({ role: 'callee', metadata: { topic: 'lunch' } })
    await ann.evaluate(() => e2e.session().hangup('lunch is over'))
    await expectEnd(ann, bob, 'hangup', 'lunch is over')
    const [mine, theirs] = [await view(ann), await view(bob)]
    expect(Math.abs((theirs?.endedAt ?? 0) - (mine?.endedAt ?? 0))).toBeLessThan(1000)
    await expectNothingLeft(ann, bob)
  })

  it('tells a hang-up of the callee too', async () => {
    const [ann, bob] = [await openPeer(browser, 'ann'), await openPeer(browser, 'bob')]
    await call(ann, 'bob')
    await expectStatus([ann, bob], 'connected')
    await bob.evaluate(() => e2e.session().hangup())
    await expectStatus([ann], 'ended', second)
    await expectEnd(bob, ann, 'hangup')
    await expectNothingLeft(ann, bob)
  })

  it('rejects with a message, without a connection on the side that rejects', async () => {
    const [ann, bob] = [await openPeer(browser, 'ann'), await openIdlePeer(browser, 'bob')]
    await call(ann, 'bob')
    await expectStatus([bob], 'ringing')
    await bob.evaluate(() => e2e.session().reject('in a meeting'))
    await expectEnd(bob, ann, 'rejected', 'in a meeting')
    expect(await bob.evaluate(() => e2e.connections.made())).toBe(0)
    const reason = await ann.evaluate(() => e2e.session().connected.catch((error: Error) => error.message))
    expect(reason).toContain('in a meeting')
    await expectNothingLeft(ann, bob)
  })

  it('cancels a call that rings', async () => {
    const [ann, bob] = [await openPeer(browser, 'ann'), await openIdlePeer(browser, 'bob')]
    await call(ann, 'bob')
    await expectStatus([bob], 'ringing')
    await ann.evaluate(() => e2e.session().hangup())
    await expectEnd(ann, bob, 'cancelled')
    await expectNothingLeft(ann, bob)
  })

  it('ends as unanswered when nobody answers in time', async () => {
    const [ann, bob] = [await browser.openTab(), await openIdlePeer(browser, 'bob')]
    await ann.evaluate(() => e2e.join({ id: 'ann', room: 'room', deadlines: { answer: 300 } }))
    await call(ann, 'bob')
    await expectEnd(ann, bob, 'unanswered')
    await expectNothingLeft(ann, bob)
  })

  it('ends as unreachable when nobody is there in time', async () => {
    const ann = await browser.openTab()
    await ann.evaluate(() => e2e.join({ id: 'ann', room: 'room', deadlines: { reach: 300 } }))
    await call(ann, 'nobody')
    await expectStatus([ann], 'ended')
    expect((await view(ann))?.ends).toEqual([{ reason: 'unreachable', by: 'local' }])
    await expectNothingLeft(ann)
  })

  it('ends as busy when the other side has all the sessions it wants', async () => {
    const [ann, bob, cat] = [await openPeer(browser, 'ann'), await browser.openTab(), await openPeer(browser, 'cat')]
    await bob.evaluate(() => e2e.join({ id: 'bob', room: 'room', maxSessions: 1 }))
    await call(ann, 'bob')
    await expectStatus([ann, bob], 'connected')
    await call(cat, 'bob')
    await expectStatus([cat], 'ended')
    expect((await view(cat))?.ends).toEqual([{ reason: 'busy', by: 'remote' }])
    expect(await bob.evaluate(() => e2e.incoming.length)).toBe(1)
    await expectChat(ann, bob)
    await expectNothingLeft(ann, bob, cat)
  })

  it('makes one working session when both call at once, 50 times of 50', async () => {
    const [ann, bob] = [await openIdlePeer(browser, 'ann'), await openIdlePeer(browser, 'bob')]
    let collisions = 0
    for (let round = 0; round < 50; round += 1) {
      const moment = Date.now() + 40
      await Promise.all([
        ann.evaluate((moment) => e2e.callAt(moment, 'bob'), moment),
        bob.evaluate((moment) => e2e.callAt(moment, 'ann'), moment),
      ])
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
    const [ann, bob] = [await openPeer(browser, 'ann'), await openPeer(browser, 'bob')]
    await call(ann, 'bob')
    await expectStatus([ann, bob], 'connected')
    await Promise.all([ann.evaluate(() => e2e.addMedia('video')), bob.evaluate(() => e2e.addMedia('audio', 'video'))])
    const tracks = async (page: Page): Promise<string[]> =>
      ((await view(page))?.tracks ?? []).map(({ kind, live }) => `${live ? 'live' : 'mute'} ${kind}`).sort()
    await expect.poll(() => tracks(ann), soon).toEqual(['live audio', 'live video'])
    await expect.poll(() => tracks(bob), soon).toEqual(['live video'])
    for (const page of [ann, bob]) {
      await expect.poll(async () => (await view(page))?.negotiation, soon).toMatch(/^stable/)
      expect((await view(page))?.signalingState).toBe('stable')
      const descriptions = await page.evaluate(() => e2e.connections.descriptions)
      expect(descriptions.filter(({ type, failed }) => failed ?? type === 'rollback')).toEqual([])
      expect(descriptions.length).toBeLessThanOrEqual(6)
    }
    await expectChat(ann, bob)
    await expectNothingLeft(ann, bob)
  })

  it('ends the session when a tab is reloaded, and connects it anew', async () => {
    const [ann, bob] = [await openPeer(browser, 'ann'), await openPeer(browser, 'bob')]
    await call(ann, 'bob')
    await expectStatus([ann, bob], 'connected')
    const since = Date.now()
    await bob.reload()
    await expectStatus([ann], 'ended')
    expect(((await view(ann))?.endedAt ?? Number.NaN) - since).toBeLessThan(1000)
    expect(['closed', 'replaced']).toContain((await view(ann))?.ends[0]?.reason)
    await bob.waitForSelector('html[data-ready]', { state: 'attached' })
    await bob.evaluate(() => e2e.join({ id: 'bob', room: 'room' }))
    await call(ann, 'bob')
    await expectStatus([ann, bob], 'connected')
    await expectChat(ann, bob)
    await expectNothingLeft(ann, bob)
  })

  it('lets a tab that was reloaded call again', async () => {
    const [ann, bob] = [await openPeer(browser, 'ann'), await openPeer(browser, 'bob')]
    await call(ann, 'bob')
    await expectStatus([ann, bob], 'connected')
    await ann.reload()
    await ann.waitForSelector('html[data-ready]', { state: 'attached' })
    await ann.evaluate(() => e2e.join({ id: 'ann', room: 'room' }))
    await call(ann, 'bob')
    await expectStatus([ann, bob], 'connected')
    await expectChat(ann, bob)
    expect((await view(bob, 0))?.ends).toHaveLength(1)
    await expectNothingLeft(ann, bob)
  })

  const moments = [
    ...(['calling', 'connecting', 'connected'] as const).map((at) => ({ side: 'ann', at }) as const),
    ...(['ringing', 'connecting', 'connected'] as const).map((at) => ({ side: 'bob', at }) as const),
  ]
  const acts = ['hangup', 'close'] as const
  const cases = moments.flatMap((moment) => acts.map((act) => ({ ...moment, act })))

  it.each(cases)('leaves nothing when $side does $act twice, in a callback, when $at', async ({ side, at, act }) => {
    const [ann, bob] = [await openPeer(browser, 'ann'), await openPeer(browser, 'bob')]
    await (side === 'ann' ? ann : bob).evaluate(([at, act]) => e2e.endTwice(at, act), [at, act] as const)
    await call(ann, 'bob')
    const reasons = async (page: Page): Promise<string> => ((await view(page))?.ends ?? []).map(({ reason }) => reason).join()
    await expect.poll(() => reasons(ann), soon).toMatch(/^[a-z]+$/)
    // A call that was cancelled before it rang is none for the other side.
    if (await view(bob)) await expect.poll(() => reasons(bob), soon).toBe(await reasons(ann))
    await expectNothingLeft(ann, bob)
  })
})
