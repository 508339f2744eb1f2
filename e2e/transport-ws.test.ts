import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { brokenSockets, expectContract } from './contract.ts'
import { forEachBrowser, type TestBrowser } from './for-each-browser.ts'
import type { ContractDriver } from './pages/contract-page.ts'
import type { Answer, PeerDriver } from './pages/peer-page.ts'
import { startRelayProcess, type RelayProcess } from './relay-process.ts'
import { call, expectChat, expectEnd, expectStatus, soon, view } from './tabs.ts'

declare const e2e: PeerDriver & ContractDriver

describe('over the relay', () => {
  let relay: RelayProcess
  beforeAll(async () => {
    // All profiles come from one address, and the contract wants many peers.
    relay = await startRelayProcess('--connections-per-address', '1000')
  })
  afterAll(() => relay?.kill())

  /** Joins from a profile of its own. */
  const enter = async (browser: TestBrowser, id: string, answer: Answer = 'accept'): Promise<Page> => {
    const page = await browser.openApart()
    await join(page, id, answer)
    return page
  }
  const join = (page: Page, id: string, answer: Answer = 'accept'): Promise<void> =>
    page.evaluate(([id, answer, url]) => e2e.join({ id, room: 'room' }, answer, { relay: url }), [
      id,
      answer,
      relay.url,
    ] as const)
  const connect = async (browser: TestBrowser): Promise<readonly [Page, Page]> => {
    const [ann, bob] = [await enter(browser, 'ann'), await enter(browser, 'bob')]
    await call(ann, 'bob')
    await expectStatus([ann, bob], 'connected')
    await expectChat(ann, bob)
    return [ann, bob]
  }
  const leave = (...pages: readonly Page[]): Promise<unknown> =>
    Promise.all(pages.map((page) => page.evaluate(() => e2e.close())))

  forEachBrowser((browser) => {
    it('keeps every promise of the contract', async () => {
      browser.expectErrors(brokenSockets)
      const page = await browser.openTab('contract')
      const names = await page.evaluate((url) => e2e.checkRelay(url), relay.url)
      await expectContract(page, names)
    })

    it('connects two profiles, chats both ways, and tells a hang-up', async () => {
      const [ann, bob] = await connect(browser)
      await ann.evaluate(() => e2e.session().hangup('lunch is over'))
      await expectEnd(ann, bob, 'hangup', 'lunch is over')
      await leave(ann, bob)
    })

    it('ends the session when a page is reloaded, and lets it call again under its id', async () => {
      const [ann, bob] = await connect(browser)
      await ann.reload()
      await ann.waitForSelector('html[data-ready]', { state: 'attached' })
      await expectStatus([bob], 'ended')
      expect(['closed', 'replaced']).toContain((await view(bob))?.ends[0]?.reason)
      await join(ann, 'ann')
      await call(ann, 'bob')
      await expectStatus([ann, bob], 'connected')
      await expectChat(ann, bob)
      await leave(ann, bob)
    })

    it('refuses a second page under an id that is there, and says so', async () => {
      const ann = await enter(browser, 'ann')
      const other = await browser.openApart()
      const error = await other.evaluate(
        (url) =>
          e2e.join({ id: 'ann', room: 'room' }, 'accept', { relay: url }).then(
            () => undefined,
            ({ code, message }: Error & { code: string }) => ({ code, message }),
          ),
        relay.url,
      )
      expect(error).toMatchObject({ code: 'id-taken', message: expect.stringContaining('ann') })
      await leave(ann, other)
    })

    it('goes on with a call when the relay is killed, and calls anew when it is back', async () => {
      browser.expectErrors(brokenSockets)
      const [ann, bob] = await connect(browser)
      await relay.kill()
      try {
        await ann.evaluate(() => e2e.addMedia('audio'))
        await expect.poll(async () => (await view(bob))?.tracks, soon).toEqual([{ kind: 'audio', live: true }])
        expect(await view(bob)).toMatchObject({ status: 'connected', signaling: 'control' })
        await ann.evaluate(() => e2e.session().hangup())
        await expectEnd(ann, bob, 'hangup')
        await call(bob, 'ann')
      } finally {
        await relay.restart()
      }
      await expectStatus([ann, bob], 'connected')
      await expectChat(bob, ann)
      await leave(ann, bob)
    })

    it('takes up a negotiation that the death of the relay cut in two', async () => {
      browser.expectErrors(brokenSockets)
      browser.expectErrors(/WebRTC: ICE failed/) // Firefox waits 5 s for the path of an answer; the relay may be away for longer
      const [ann, bob] = [await enter(browser, 'ann'), await enter(browser, 'bob', 'ring')]
      await call(ann, 'bob')
      await expectStatus([bob], 'ringing')
      await relay.kill()
      try {
        await expect.poll(async () => (await view(ann))?.signaling, soon).toBe('none')
        await bob.evaluate(() => e2e.session().accept())
        await expectStatus([bob], 'connecting')
      } finally {
        await relay.restart()
      }
      await expectStatus([ann, bob], 'connected')
      await expectChat(ann, bob)
      await leave(ann, bob)
    })
  })
})
