/**
 * 64 MiB over a channel of Parley against the same over a bare RTCDataChannel with a good backpressure loop: in one
 * page of Chromium, in alternating rounds, how fast it is and how long the main thread works for it.
 * `node bench/channel.mjs [rounds]` takes some 2 minutes; with `--soak` each transfer is 1 GiB.
 */
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const { chromium } = createRequire(new URL('../e2e/package.json', import.meta.url))('playwright-core')

const isSoak = process.argv.includes('--soak')
const rounds = Number(process.argv.slice(2).find((argument) => /^\d+$/.test(argument)) ?? (isSoak ? 1 : 15))
const total = isSoak ? 2 ** 30 : 2 ** 26
const kinds = ['bare', 'parley']
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]

const { outputFiles } = await build({
  entryPoints: [fileURLToPath(new URL('channel-page.mjs', import.meta.url))],
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
try {
  const page = await browser.newPage()
  await page.goto(`http://127.0.0.1:${server.address().port}`)
  await page.waitForSelector('html[data-ready]', { state: 'attached' })
  const debugging = await page.context().newCDPSession(page)
  await debugging.send('Performance.enable')
  const metric = async (name) => {
    const { metrics } = await debugging.send('Performance.getMetrics')
    return metrics.find((each) => each.name === name).value
  }
  const measure = async (kind) => {
    const before = await metric('TaskDuration')
    const ms = await page.evaluate(([name, bytes]) => transfer(name, bytes), [kind, total])
    const heap = await metric('JSHeapUsedSize')
    return { speed: total / 1000 / ms, task: ((await metric('TaskDuration')) - before) * 1000, heap }
  }

  const results = { bare: [], parley: [] }
  // The first round warms both up and does not count.
  for (let round = isSoak ? 1 : 0; round <= rounds; round++)
    for (const kind of round % 2 ? kinds : kinds.toReversed()) {
      const result = await measure(kind)
      if (round > 0) results[kind].push(result)
    }

  console.log(
    `${total / 2 ** 20} MiB over one channel in Chromium, messages of 64 KiB, median of ${rounds} alternating rounds`,
  )
  for (const kind of kinds) {
    const of = (name) => median(results[kind].map((result) => result[name]))
    const heap = Math.max(...results[kind].map((result) => result.heap)) / 1e6
    const task = `${of('task').toFixed(0)} ms of main thread`
    console.log(
      `  ${kind.padEnd(7)} ${of('speed').toFixed(1)} MB/s, ${task}, heap after it at most ${heap.toFixed(1)} MB`,
    )
  }
  const ratio = (name) => median(results.parley.map((result, round) => result[name] / results.bare[round][name]))
  console.log(`  throughput ratio ${ratio('speed').toFixed(2)}   target: at least 0.98`)
  console.log(`  main thread ratio ${ratio('task').toFixed(2)}   target: at most 1.5`)
} finally {
  await browser.close()
  server.close()
}
