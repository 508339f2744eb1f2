import { firefox, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import { launchBrowser } from './browsers.ts'
import { forEachBrowser, type TestBrowser } from './for-each-browser.ts'
import { startTurnServer, type TurnServer } from './netns/turn-server.ts'
import type { RecoveryDriver } from './pages/recovery-page.ts'

declare const e2e: RecoveryDriver
/** Given to the page by the test. */
declare const configure: () => Promise<RTCConfiguration>

type Protocol = 'udp' | 'tcp'

const soon = { interval: 20, timeout: 15_000 }

forEachBrowser(
  (browser) => {
    describe('over relays of coturn alone', () => {
      let server: TurnServer
      beforeAll(async () => {
        server = await startTurnServer()
      })
      afterAll(() => server?.close())
      // A page keeps the function that it was given: it is of no use to another test.
      afterEach(() => Promise.all(opened.splice(0).map((page) => page.close())))

      it.each(['udp', 'tcp'] as const)('connects over %s, on both sides', async (protocol) => {
        const { ann, bob } = await callOverRelays(browser, server, protocol, 60_000)
        for (const page of [ann, bob]) {
          const relayed = expect.objectContaining({ type: 'relay', relayProtocol: protocol })
          expect(await pathOf(page)).toEqual([relayed, expect.objectContaining({ type: 'relay' })])
        }
      })

      it('goes on past the end of its credentials, on an allocation with new ones that it took before', async () => {
        const { ann, bob, expiries } = await callOverRelays(browser, server, 'udp', 8_000)
        const [before] = await pathOf(ann)
        const [firstEnd = 0] = expiries

        await expect.poll(async () => (await pathOf(ann))[0]?.port, soon).not.toBe(before?.port)
        expect(Date.now()).toBeLessThan(firstEnd)
        await expect.poll(() => Date.now(), soon).toBeGreaterThan(firstEnd)
        await expectNews(ann, bob)
        expect((await pathOf(ann))[0]).toMatchObject({ type: 'relay' })
        expect(await ann.evaluate(() => e2e.view())).toMatchObject({ status: 'connected', connection: 1 })
      })

      it('takes new credentials when the server has lost its allocations, after the first ones have ended', async () => {
        const { ann, bob, expiries } = await callOverRelays(browser, server, 'udp', 6_000)
        const [firstEnd = 0] = expiries
        await expect.poll(() => Date.now(), soon).toBeGreaterThan(firstEnd)
        await server.restart()
        await expectNews(ann, bob)
      })
    })
  },
  ['chromium'],
)

// Firefox sees at once that its server is gone, and the next connection finds none and fails for good.
describe('over relays of coturn alone, in firefox', () => {
  it('goes on, and loses nothing, when the server was gone for 8 s', async () => {
    const server = await startTurnServer()
    const launched = await launchBrowser('firefox', true)
    try {
      const browser = await firefox.connect(launched.wsEndpoint())
      const context = await browser.newContext()
      const openTab = async (): Promise<Page> => {
        const page = await context.newPage()
        await page.goto(`${inject('origin')}/recovery`)
        await page.waitForSelector('html[data-ready]', { state: 'attached' })
        return page
      }
      const { ann, bob } = await callOverRelays({ openTab }, server, 'tcp', 600_000)
      await server.stop()
      await new Promise((resolve) => setTimeout(resolve, 8_000))
      await server.restart()
      await expectNews(ann, bob)
      for (const page of [ann, bob]) {
        expect(await page.evaluate(() => e2e.numbers())).toMatchObject({ wrong: [] })
        expect(await page.evaluate(() => e2e.view())).toMatchObject({ status: 'connected', ends: [] })
      }
    } finally {
      await Promise.all([launched.close(), server.close()])
    }
  })
})

const opened: Page[] = []

/** A call of two tabs that reach each other over relays only, each with credentials that last so long, in ms. */
const callOverRelays = async (
  browser: Pick<TestBrowser, 'openTab'>,
  server: TurnServer,
  protocol: Protocol,
  lifetime: number,
) => {
  const expiries: number[] = []
  const provide = () => {
    const expiresAt = Date.now() + lifetime
    expiries.push(expiresAt)
    return { iceServers: server.iceServers(protocol, expiresAt), iceTransportPolicy: 'relay', expiresAt }
  }
  const enter = async (id: string): Promise<Page> => {
    const page = await browser.openTab('recovery')
    opened.push(page)
    await page.exposeFunction('configure', provide)
    await page.evaluate((id) => e2e.join(id, 'room', undefined, { configuration: () => configure() }), id)
    return page
  }
  const [ann, bob] = [await enter('ann'), await enter('bob')]
  await ann.evaluate(() => e2e.call('bob'))
  await expectNews(ann, bob)
  return { ann, bob, expiries }
}

const pathOf = (page: Page) => page.evaluate(() => e2e.path())

/** Something that is sent from now on arrives, on both sides. */
const expectNews = async (...pages: readonly Page[]): Promise<void> => {
  const moment = Date.now()
  for (const page of pages)
    await expect.poll(() => page.evaluate((moment) => e2e.heardSince(moment), moment), soon).toBeDefined()
}
