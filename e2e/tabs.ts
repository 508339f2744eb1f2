import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import type { TestBrowser } from './for-each-browser.ts'
import type { PeerDriver, SessionView } from './pages/peer-page.ts'

declare const e2e: PeerDriver

/** How long a test waits for something that should take milliseconds. */
export const soon = { interval: 20, timeout: 15_000 }

/** What a tab knows of a session: the last one, or one by its place in the order. */
export const view = (page: Page, index = -1): Promise<SessionView | undefined> =>
  page.evaluate((index) => e2e.view(index), index)

const status = async (page: Page): Promise<string | undefined> => (await view(page))?.status

/** Opens a tab whose peer is in the room, and accepts whoever calls. */
export const openPeer = async (browser: TestBrowser, id: string): Promise<Page> => {
  const page = await browser.openTab()
  await page.evaluate((id) => e2e.join({ id, room: 'room' }), id)
  return page
}

/** Opens a tab whose peer lets each call ring. */
export const openIdlePeer = async (browser: TestBrowser, id: string): Promise<Page> => {
  const page = await browser.openTab()
  await page.evaluate((id) => e2e.join({ id, room: 'room' }, 'ring'), id)
  return page
}

export const call = (page: Page, remoteId: string): Promise<void> => page.evaluate((id) => e2e.call(id), remoteId)

/** Opens two tabs, and connects them by a call of the first. */
export const openCall = async (browser: TestBrowser): Promise<readonly [Page, Page]> => {
  const [ann, bob] = [await openPeer(browser, 'ann'), await openPeer(browser, 'bob')]
  await call(ann, 'bob')
  await expectStatus([ann, bob], 'connected')
  return [ann, bob]
}

/** Joins again in a tab that was reloaded, accepting whoever calls. */
export const rejoin = async (page: Page, id: string): Promise<void> => {
  await page.waitForSelector('html[data-ready]', { state: 'attached' })
  await page.evaluate((id) => e2e.join({ id, room: 'room' }), id)
}

/** Does something in both tabs at the same moment. */
export const together = async (
  one: readonly [Page, (act: PeerDriver) => unknown],
  other: readonly [Page, (act: PeerDriver) => unknown],
): Promise<void> => {
  // Long enough for both tabs to hear of it.
  const moment = Date.now() + 40
  await Promise.all(
    [one, other].map(([page, act]) => page.evaluate(`e2e.at(${moment}).then(() => { (${act.toString()})(e2e) })`)),
  )
}

export const expectStatus = (pages: readonly Page[], expected: string): Promise<unknown> =>
  Promise.all(pages.map((page) => expect.poll(() => status(page), soon).toBe(expected)))

/** Says something in both directions, as the first that is said in this session. */
export const expectChat = async (one: Page, other: Page): Promise<void> => {
  await one.evaluate(() => e2e.say('ping'))
  await other.evaluate(() => e2e.say('pong'))
  await expect.poll(async () => (await view(other))?.chat, soon).toEqual(['ping'])
  await expect.poll(async () => (await view(one))?.chat, soon).toEqual(['pong'])
}

/** Both sides report the same end, once, and within a second of each other. */
export const expectEnd = async (actor: Page, other: Page, reason: string, message?: string): Promise<void> => {
  await expectStatus([actor, other], 'ended')
  const [acted, heard] = [await view(actor), await view(other)]
  const note = message === undefined ? {} : { message }
  expect(acted?.ends).toEqual([{ reason, by: 'local', ...note }])
  expect(heard?.ends).toEqual([{ reason, by: 'remote', ...note }])
  expect(Math.abs((acted?.endedAt ?? Number.NaN) - (heard?.endedAt ?? Number.NaN))).toBeLessThan(1000)
}

/** Closes the peers. No connection, session or lock may be left then, and no warning may have come. */
export const expectNothingLeft = async (...pages: readonly Page[]): Promise<void> => {
  for (const page of pages) {
    await page.evaluate(() => e2e.close())
    expect(await page.evaluate(() => e2e.connections.open())).toBe(0)
    expect(await page.evaluate(() => e2e.peer().sessions.length)).toBe(0)
    expect(await page.evaluate(() => [...e2e.warnings, ...e2e.sessions.flatMap(({ warnings }) => warnings)])).toEqual(
      [],
    )
  }
  for (const page of pages) expect(await page.evaluate(() => e2e.locks())).toBe(0)
}
