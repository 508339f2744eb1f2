import type { Browser, BrowserContext, ConsoleMessage, Page } from 'playwright-core'
import { expect } from 'vitest'

/** A profile of a browser, whose pages serve one test after the other: opening one takes longer than most tests. */
export interface Profile {
  /** A page that is left from the test before, or a new one; empty. */
  readonly take: () => Promise<Page>
  /** Leaves what all pages show, and waits until nothing of them is there for the next test. */
  readonly leave: () => Promise<void>
  readonly close: () => Promise<void>
}

/** Opens a profile. `empty` is a page of the origin under test, so that a page keeps its process when it goes there. */
export const openProfile = async (
  browser: Browser,
  empty: string,
  onError: (error: string) => void,
): Promise<Profile> => {
  const context: BrowserContext = await browser.newContext()
  const idle: Page[] = []
  // Not every browser reports a rejection that nobody handled as a page error; a console it has.
  await context.addInitScript(() => {
    addEventListener('unhandledrejection', ({ reason }) => console.error('Unhandled rejection:', reason))
  })
  context.on('console', (message: ConsoleMessage) => {
    if (message.type() === 'error') onError(`${message.text()} (${message.location().url})`)
  })
  context.on('weberror', (error) => onError(String(error.error().stack ?? error.error())))

  /** Whether a page can be used again; one that crashed, or that a test has frozen, cannot. */
  const empties = async (page: Page): Promise<boolean> => {
    try {
      await page.goto(empty, { timeout: 3_000 })
      return true
    } catch {
      await page.close()
      return false
    }
  }

  return {
    take: async () => idle.pop() ?? context.newPage(),
    leave: async () => {
      const left = context.pages().filter((page) => !idle.includes(page))
      const emptied = await Promise.all(left.map(empties))
      idle.push(...left.filter((_, index) => emptied[index]))
      const [page] = idle
      if (!page || left.length === 0) return
      // What else there is of a document ends with its locks, some moments after the page shows another.
      const locks = () => page.evaluate(async () => (await navigator.locks.query()).held?.length)
      await expect.poll(locks, { interval: 10, timeout: 10_000 }).toBe(0)
    },
    close: () => context.close(),
  }
}
