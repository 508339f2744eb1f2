import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import type { ContractDriver } from './pages/contract-page.ts'

declare const e2e: Pick<ContractDriver, 'check'>

/** What a browser writes to its console of a socket that fails, or that is given up before it opened. */
export const brokenSockets = /WebSocket|establish a connection to the server|was interrupted while the page was loading/

/**
 * A hundred sockets to one port take a browser half a minute, and what they are about, how names are encoded, is the
 * same in Node, where these checks run too.
 */
const openManySockets = /whatever characters/

/** Runs the checks that a page has been given, after `setup` of each, and fails with all that are broken. */
export const expectContract = async (
  page: Page,
  names: readonly string[],
  setup?: () => Promise<unknown>,
): Promise<void> => {
  expect(names.length).toBeGreaterThan(12)
  const failures: string[] = []
  for (const name of names.filter((each) => !openManySockets.test(each))) {
    await setup?.()
    const reason = await page.evaluate((check) => e2e.check(check), name)
    if (reason) failures.push(`${name}: ${reason}`)
  }
  expect(failures).toEqual([])
}
