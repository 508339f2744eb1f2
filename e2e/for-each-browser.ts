import { chromium, firefox, type Browser, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject } from 'vitest'
import type { BrowserName } from './browsers.ts'
import { openProfile, type Profile } from './profile.ts'

/** A running browser, with no page but those that a test opens. */
export interface TestBrowser {
  readonly name: BrowserName
  /** Where the pages are, such as `http://127.0.0.1:41234`. */
  readonly origin: string
  /** Opens a page of `e2e/pages` by its name and waits until its module ran. All tabs of a test share a profile. */
  readonly openTab: (page?: string) => Promise<Page>
  /** The same in a profile of its own, which shares nothing with the others, as on another machine. */
  readonly openApart: (page?: string) => Promise<Page>
  /** An empty page in a profile of its own. */
  readonly openEmpty: () => Promise<Page>
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
export const forEachBrowser = (
  define: (browser: TestBrowser) => void,
  names: readonly BrowserName[] = ['chromium', 'firefox'],
): void => {
  describe.each(names)('in %s', (name) => {
    const origin = inject('origin')
    let browser: Browser
    /** The first is that of all tabs; the others are for pages apart. */
    const profiles: Profile[] = []
    let inUse = 0
    let errors: string[] = []
    let expected: RegExp[] = []
    const unexpected = (): string[] => errors.filter((error) => !expected.some((pattern) => pattern.test(error)))

    beforeAll(async () => {
      browser = await connect(name, origin)
      await takeProfile()
    })
    // It stays for the next file.
    afterAll(async () => {
      await Promise.all(profiles.map((profile) => profile.close()))
      await browser?.close()
    })
    beforeEach(() => {
      errors = []
      expected = []
      inUse = 1
    })
    afterEach(async () => {
      const found = unexpected()
      await Promise.all(profiles.slice(0, inUse).map((profile) => profile.leave()))
      if (found.length > 0) throw new Error(`The pages had errors:\n${found.join('\n')}`)
    })

    const takeProfile = async (): Promise<Profile> => {
      const profile = profiles[inUse] ?? (await openProfile(browser, `${origin}/empty`, (error) => errors.push(error)))
      profiles[inUse] = profile
      inUse += 1
      return profile
    }

    const openPath = async (path: string, profile = profiles[0]): Promise<Page> => {
      if (!profile) throw new Error('A page can be opened inside of a test only.')
      const tab = await profile.take()
      await tab.goto(`${origin}/${path}`)
      return tab
    }

    const openReady = async (page = '', profile?: Profile): Promise<Page> => {
      const tab = await openPath(page, profile)
      // A module that fails to load leaves an error and nothing else.
      await expect.poll(async () => unexpected().length > 0 || (await isReady(tab)), { timeout: 20_000 }).toBe(true)
      expect(unexpected()).toEqual([])
      return tab
    }

    define({
      name,
      origin,
      openPath: (path) => openPath(path),
      openTab: (page) => openReady(page),
      openEmpty: async () => (await takeProfile()).take(),
      openApart: async (page) => openReady(page, await takeProfile()),
      expectErrors: (pattern) => expected.push(pattern),
    })
  })
}
