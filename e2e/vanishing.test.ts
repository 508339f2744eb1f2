import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { forEachBrowser, type TestBrowser } from './for-each-browser.ts'
import type { RecoveryDriver } from './pages/recovery-page.ts'

declare const e2e: RecoveryDriver

const soon = { interval: 10, timeout: 15_000 }
const now = (): number => performance.timeOrigin + performance.now()

const media = ['tabs', 'relay'] as const

type Medium = (typeof media)[number]

const relayOf = (browser: TestBrowser): string => `${browser.origin.replace('http', 'ws')}/relay`

/** Opens a tab whose peer accepts whoever calls. */
const enter = async (browser: TestBrowser, id: string, medium: Medium): Promise<Page> => {
  const page = await browser.openTab('recovery')
  const relay = medium === 'relay' ? relayOf(browser) : undefined
  await page.evaluate(([id, relay]) => e2e.join(id, 'room', relay), [id, relay] as const)
  return page
}

const expectNumbers = (page: Page): Promise<void> =>
  expect.poll(async () => (await page.evaluate(() => e2e.numbers()))?.received, soon).toBeGreaterThan(5)

/** A call on which numbers go both ways. */
const openCall = async (browser: TestBrowser, medium: Medium): Promise<readonly [Page, Page]> => {
  const [ann, bob] = [await enter(browser, 'ann', medium), await enter(browser, 'bob', medium)]
  await ann.evaluate(() => e2e.call('bob'))
  await Promise.all([ann, bob].map(expectNumbers))
  return [ann, bob]
}

/**
 * A tab that Playwright does not know: it keeps its own pages visible, and Chromium freezes hidden ones only. The tab is
 * in the same browser as that page.
 */
const openFreezableTab = async (page: Page, url: string) => {
  const session = await page.context().browser()?.newBrowserCDPSession()
  if (!session) throw new Error('This page has no browser of its own.')
  const { targetId } = await session.send('Target.createTarget', { url })
  const { sessionId } = await session.send('Target.attachToTarget', { targetId })
  const answers = new Map<number, (answer: Answer) => void>()
  session.on('Target.receivedMessageFromTarget', ({ message }) => {
    const { id, ...answer } = JSON.parse(message) as Answer & { readonly id: number }
    answers.get(id)?.(answer)
  })
  const send = async (method: string, params: object): Promise<Answer> => {
    const id = answers.size + 1
    const answer = new Promise<Answer>((resolve) => answers.set(id, resolve))
    await session.send('Target.sendMessageToTarget', { sessionId, message: JSON.stringify({ id, method, params }) })
    return answer
  }
  const evaluate = async (expression: string): Promise<unknown> => {
    const { result } = await send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true })
    return result?.result?.value
  }
  await expect.poll(() => evaluate(`document.documentElement.hasAttribute('data-ready')`), soon).toBe(true)
  return {
    evaluate,
    freeze: () => send('Page.setWebLifecycleState', { state: 'frozen' }),
    thaw: () => send('Page.setWebLifecycleState', { state: 'active' }),
    close: () => session.send('Target.closeTarget', { targetId }),
  }
}

/** What the DevTools protocol answers. */
interface Answer {
  readonly result?: { readonly result?: { readonly value?: unknown } }
}

const viewOf = (page: Page) => page.evaluate(() => e2e.view())

/** When the session was first so, after that moment: ms from then. */
const delayOf = async (page: Page, what: string, moment: number): Promise<number> => {
  const since = async () => (await page.evaluate(() => e2e.log())).filter(({ at }) => at > moment)
  await expect
    .poll(async () => (await since()).map((entry) => entry.what), soon)
    .toContainEqual(expect.stringContaining(what))
  return ((await since()).find((entry) => entry.what.includes(what))?.at ?? Number.NaN) - moment
}

forEachBrowser((browser) => {
  describe.each(media)('over %s, knows of the other side', (medium) => {
    it.each([
      ['its tab was closed', (page: Page) => page.close()],
      ['its tab went to another page', (page: Page) => page.goto('about:blank')],
    ] as const)('within a second that %s', async (_, leave) => {
      const [ann, bob] = await openCall(browser, medium)
      const moment = now()
      await leave(bob)
      expect(await delayOf(ann, 'ended', moment)).toBeLessThan(1_000)
      expect((await viewOf(ann)).ends).toMatchObject([{ reason: 'closed', by: 'remote' }])
    })
  })
})

// Firefox keeps the tabs of one site in one process, where a crash takes both, and has no command that freezes a tab.
forEachBrowser(
  (browser) => {
    it('knows within a second that the other tab was frozen, and that it is back', async () => {
      const ann = await enter(browser, 'ann', 'relay')
      const bob = await openFreezableTab(ann, `${browser.origin}/recovery`)
      await bob.evaluate(`e2e.join('bob', 'room', '${relayOf(browser)}').then(() => e2e.call('ann'))`)
      await expectNumbers(ann)
      const moment = now()
      await bob.freeze()
      expect(await delayOf(ann, 'connected frozen', moment)).toBeLessThan(1_000)
      const back = now()
      await bob.thaw()
      expect(await delayOf(ann, 'connected live', back)).toBeLessThan(1_000)
      expect((await viewOf(ann)).ends).toEqual([])
      await bob.close()
    })

    describe.each(media)('over %s, knows of the other side', (medium) => {
      it('within 5 s that its tab crashed, first as silent, then as interrupted', async () => {
        const [ann, bob] = await openCall(browser, medium)
        const debugging = await bob.context().newCDPSession(bob)
        const moment = now()
        // It is never answered.
        debugging.send('Page.crash').catch(() => {})
        expect(await delayOf(ann, 'connected silent', moment)).toBeLessThan(5_000)
        const interrupted = await delayOf(ann, 'interrupted', moment)
        console.log(`${medium}: interrupted ${interrupted.toFixed(0)} ms after the crash`)
      })
    })
  },
  ['chromium'],
)
