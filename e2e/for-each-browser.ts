import { chromium, firefox, type Browser, type BrowserContext, type ConsoleMessage, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject } from 'vitest'
import type { BrowserName } from './browsers.ts'

/** A running browser. Each test gets a fresh profile of it. */
export interface TestBrowser {
  readonly name: BrowserName
  /** Where the pages are, such as `http://127.0.0.1:41234`. */
  readonly origin: string
  /** Opens a page of `e2e/pages` by its name and waits until its module ran. All tabs of a test share a profile. */
  readonly openTab: (page?: string) => Promise<Page>
  /** Opens a page by its path, such as `playground/?as=bob`, and waits for nothing of its own. */
  readonly openPath: (path: string) => Promise<Page>
  /** Errors of the pages that match are part of this test. Any other error on a console fails it. */
  readonly expectErrors: (pattern: RegExp) => void
}

const isReady = (tab: Page): Promise<boolean> => tab.evaluate(() => document.documentElement.hasAttribute('data-ready'))

const browserTypes = { chromium, firefox }

/** Connects to the browser that all test files share. */
const connect = async (name: BrowserName, origin: string): Promise<Browser> => {
  const response = await fetch(`${origin}/browser/${name}`)
  const text = await response.text()
  if (!response.ok) throw new Error(text)
  return browserTypes[name].connect(text)
}

/** Declares the same tests for Chromium and for Firefox. What goes wrong inside of a page fails the test. */
export const forEachBrowser = (define: (browser: TestBrowser) => void): void => {
  const names: readonly BrowserName[] = ['chromium', 'firefox']
  describe.each(names)('in %s', (name) => {
    const origin = inject('origin')
    let browser: Browser
    let context: BrowserContext
    let errors: string[] = []
    let expected: RegExp[] = []
    const unexpected = (): string[] => errors.filter((error) => !expected.some((pattern) => pattern.test(error)))

    beforeAll(async () => {
      browser = await connect(name, origin)
    })
    // It stays for the next file.
    afterAll(() => browser?.close())
    beforeEach(async () => {
      errors = []
      expected = []
      context = await browser.newContext()
      // Not every browser reports a rejection that nobody handled as a page error; a console it has.
      await context.addInitScript(() => {
        addEventListener('unhandledrejection', ({ reason }) => console.error('Unhandled rejection:', reason))
      })
      context.on('console', (message: ConsoleMessage) => {
        if (message.type() === 'error') errors.push(`${message.text()} (${message.location().url})`)
      })
      context.on('weberror', (error) => errors.push(String(error.error().stack ?? error.error())))
    })
    afterEach(async () => {
      await context.close()
      if (unexpected().length > 0) throw new Error(`The pages had errors:\n${unexpected().join('\n')}`)
    })

    const openPath = async (path: string): Promise<Page> => {
      const tab = await context.newPage()
      await tab.goto(`${origin}/${path}`)
      return tab
    }

    define({
      name,
      origin,
      openPath,
      openTab: async (page = '') => {
        const tab = await openPath(page)
        // A module that fails to load leaves an error and nothing else.
        await expect.poll(async () => unexpected().length > 0 || (await isReady(tab)), { timeout: 20_000 }).toBe(true)
        expect(unexpected()).toEqual([])
        return tab
      },
      expectErrors: (pattern) => expected.push(pattern),
    })
  })
}
