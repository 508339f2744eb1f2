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
  rejoin,
  soon,
  view,
} from './tabs.ts'

declare const e2e: PeerDriver

forEachBrowser((browser) => {
  it('connects, chats both ways, and tells a hang-up to the other side within a second', async () => {
    const [ann, bob] = [await openPeer(browser, 'ann'), await openPeer(browser, 'bob')]
    await ann.evaluate(() => e2e.call('bob', { metadata: { topic: 'lunch' } }))
    await expectStatus([ann, bob], 'connected')
    await expectChat(ann, bob)
    expect(await view(bob)).toMatchObject({ role: 'callee', metadata: { topic: 'lunch' } })
    await ann.evaluate(() => e2e.session().hangup('lunch is over'))
    await expectEnd(ann, bob, 'hangup', 'lunch is over')
    await expectNothingLeft(ann, bob)
  })

  it('tells a hang-up of the callee too', async () => {
    const [ann, bob] = await openCall(browser)
    await bob.evaluate(() => e2e.session().hangup())
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

  it('ends the session when a tab is reloaded, and connects it anew', async () => {
    const [ann, bob] = await openCall(browser)
    const since = Date.now()
    await bob.reload()
    await expectStatus([ann], 'ended')
    expect(((await view(ann))?.endedAt ?? Number.NaN) - since).toBeLessThan(1000)
    expect(['closed', 'replaced']).toContain((await view(ann))?.ends[0]?.reason)
    await rejoin(bob, 'bob')
    await call(ann, 'bob')
    await expectStatus([ann, bob], 'connected')
    await expectChat(ann, bob)
    await expectNothingLeft(ann, bob)
  })

  it('lets a tab that was reloaded call again', async () => {
    const [ann, bob] = await openCall(browser)
    await ann.reload()
    await rejoin(ann, 'ann')
    await call(ann, 'bob')
    await expectStatus([ann, bob], 'connected')
    await expectChat(ann, bob)
    expect((await view(bob, 0))?.ends).toHaveLength(1)
    await expectNothingLeft(ann, bob)
  })

  it('reaches who joins after the call', async () => {
    const ann = await openPeer(browser, 'ann')
    await call(ann, 'bob')
    const bob = await openPeer(browser, 'bob')
    await expectStatus([ann, bob], 'connected')
    await expectChat(ann, bob)
    await expectNothingLeft(ann, bob)
  })

  // Firefox keeps the tabs of one site in one process: a crash would take both.
  const crashes = browser.name === 'chromium' ? it : undefined
  crashes?.('replaces the session of a crashed tab as soon as it is opened again', async () => {
    const [ann, bob] = await openCall(browser)
    const debugging = await bob.context().newCDPSession(bob)
    // The answer to this command dies with the tab.
    debugging.send('Page.crash').catch(() => {})
    await expect.poll(() => ann.evaluate(() => e2e.peer().peers.length), soon).toBe(0)
    const reopened = await openPeer(browser, 'bob')
    await expectStatus([ann], 'ended')
    expect((await view(ann))?.ends).toEqual([{ reason: 'replaced', by: 'remote' }])
    await call(ann, 'bob')
    await expectStatus([ann, reopened], 'connected')
    await expectChat(ann, reopened)
    await expectNothingLeft(ann, reopened)
  })
})
