/** What the benchmarks in a browser share: Chromium, a page of this folder in it, and what the page costs. */
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const { chromium } = createRequire(new URL('../e2e/package.json', import.meta.url))('playwright-core')

/** Serves a page of this folder, bundled, and starts Chromium. `open` opens the page in a profile of its own. */
export const startBrowser = async (file) => {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(file, import.meta.url))],
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    write: false,
  })
  const server = createServer(({ url }, response) => {
    if (url === '/page.js') return response.setHeader('content-type', 'text/javascript').end(outputFiles[0].text)
    response.setHeader('content-type', 'text/html').end('<!doctype html><script type="module" src="/page.js"></script>')
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const browser = await chromium.launch({
    executablePath: process.env.PARLEY_CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'],
  })

  return {
    open: async () => {
      const page = await (await browser.newContext()).newPage()
      await page.goto(`http://127.0.0.1:${server.address().port}`)
      await page.waitForSelector('html[data-ready]', { state: 'attached' })
      const debugging = await page.context().newCDPSession(page)
      await debugging.send('Performance.enable')
      const metric = async (name) => {
        const { metrics } = await debugging.send('Performance.getMetrics')
        return metrics.find((each) => each.name === name).value
      }
      return { page, metric, collect: () => debugging.send('HeapProfiler.collectGarbage') }
    },
    close: async () => {
      await browser.close()
      server.close()
    },
  }
}

export const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
