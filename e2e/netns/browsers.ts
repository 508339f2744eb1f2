import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type Browser, type Page } from 'playwright-core'
import type { Side, TestNetwork } from './network.ts'
import { chromiumArguments } from '../browsers.ts'

/** A Chromium on one side of the test network. */
export interface SideBrowser {
  /** Opens a page of `e2e/pages` in a profile of its own, and waits until its module ran. */
  readonly open: (page: string) => Promise<Page>
  readonly close: () => Promise<void>
}

/** Starts Chromium on that side. `origin` is where the pages are, which is another network and need not be reachable. */
export const launchOn = async (network: TestNetwork, side: Side, origin: string): Promise<SideBrowser> => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-netns-'))
  const script = join(folder, 'chromium')
  const program = process.env['PARLEY_CHROMIUM'] ?? '/usr/bin/chromium'
  await writeFile(script, `#!/bin/sh\nexec ${network.on(side).join(' ')} ${program} "$@"\n`)
  await chmod(script, 0o755)
  const browser: Browser = await chromium.launch({
    executablePath: script,
    args: [
      ...chromiumArguments,
      // Names that are announced by multicast do not cross the hub, and its address is none that pages may reach.
      '--disable-features=WebRtcHideLocalIpsWithMdns,LocalNetworkAccessChecks',
    ],
  })
  return {
    open: async (name) => {
      const context = await browser.newContext()
      // Answered from here, where the pages are. Their origin is loopback, and so a secure context.
      await context.route(`${origin}/**`, async (route) => {
        const response = await fetch(route.request().url())
        const headers = { 'content-type': response.headers.get('content-type') ?? '' }
        await route.fulfill({ status: response.status, headers, body: Buffer.from(await response.arrayBuffer()) })
      })
      const page = await context.newPage()
      await page.goto(`${origin}/${name}`)
      await page.waitForSelector('html[data-ready]', { state: 'attached' })
      return page
    },
    close: async () => {
      await browser.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
