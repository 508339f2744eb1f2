/**
 * 64 MiB over a channel of Parley against the same over a bare RTCDataChannel with a good backpressure loop: in one
 * page of Chromium, in alternating rounds, how fast it is and how long the main thread works for it.
 * `node bench/channel.mjs [rounds]` takes some 2 minutes; with `--soak` each transfer is 1 GiB.
 */
import { median, startBrowser } from './browser-page.mjs'

const isSoak = process.argv.includes('--soak')
const rounds = Number(process.argv.slice(2).find((argument) => /^\d+$/.test(argument)) ?? (isSoak ? 1 : 15))
const total = isSoak ? 2 ** 30 : 2 ** 26
const kinds = ['bare', 'parley']

const browser = await startBrowser('channel-page.mjs')
try {
  const { page, metric } = await browser.open()
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
}
