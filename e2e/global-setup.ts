import type { BrowserServer } from 'playwright-core'
import type { TestProject } from 'vitest/node'
import { launchBrowser, type BrowserName } from './browsers.ts'
import { startPageServer } from './page-server.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** Where the pages are, such as `http://127.0.0.1:41234`; `/browser/firefox` there starts a browser. */
    readonly origin: string
  }
}

/** What all test files share: the pages, and one browser of each kind, started for the first test that wants it. */
export const setup = async (project: TestProject): Promise<() => Promise<void>> => {
  const browsers = new Map<BrowserName, Promise<BrowserServer>>()
  const browser = (name: BrowserName): Promise<BrowserServer> => {
    const started = browsers.get(name) ?? launchBrowser(name)
    browsers.set(name, started)
    return started
  }
  const server = await startPageServer((path) => {
    const name = /^\/browser\/(chromium|firefox)$/.exec(path)?.[1] as BrowserName | undefined
    return name && browser(name).then((started) => started.wsEndpoint())
  })
  project.provide('origin', server.origin)
  return async () => {
    await Promise.allSettled([...browsers.values()].map(async (started) => (await started).close()))
    await server.close()
  }
}
