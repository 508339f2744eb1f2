/**
 * Calls by Parley beside calls by hand (perfect negotiation in one file), in Chromium and in alternating rounds: the time
 * until the first echo over a data channel, in one page and between two over a WebSocket relay, the main thread's work for
 * it, and what a connection costs that does nothing. `node bench/connect.mjs [rounds]`; takes a minute or two.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { importSource } from '../scripts/import-source.mjs'
import { createBareRelay } from './bare-relay.mjs'
import { median, startBrowser } from './browser-page.mjs'

const { createRelay } = await importSource(fileURLToPath(new URL('../packages/relay/src/index.ts', import.meta.url)))

const rounds = Number(process.argv[2] ?? 12)
/** Calls in a round of one kind, and pairs that stay for the measurement of what idle ones cost. */
const calls = 10
const pairs = 40
const kinds = ['bare', 'parley']

const many = 1_000_000
const limits = { messagesPerSecond: many, messageBurst: many, bytesPerSecond: many * 1000, byteBurst: many * 1000 }
const relay = createRelay({ port: 0, limits, origins: 'any' })
const urls = [`ws://127.0.0.1:${await createBareRelay()}`, `ws://127.0.0.1:${(await relay.listen()).port}`]
const { open, close } = await startBrowser('connect-page.mjs')

/** The median of each kind over alternating rounds, and the median of the ratios of the rounds. */
const compare = async (measure) => {
  const results = { bare: [], parley: [] }
  // The first two rounds warm both up and do not count.
  for (let round = -2; round < rounds; round++)
    for (const kind of round % 2 ? kinds : kinds.toReversed()) {
      const result = await measure(kind)
      if (round >= 0) results[kind].push(result)
    }
  return (name) => ({
    bare: median(results.bare.map((result) => result[name])),
    parley: median(results.parley.map((result) => result[name])),
    ratio: median(results.parley.map((result, round) => result[name] / results.bare[round][name])),
  })
}

const show = (what, { bare, parley, ratio }, target) =>
  console.log(
    `  ${what.padEnd(44)} ${bare.toFixed(1).padStart(6)} ${parley.toFixed(1).padStart(7)} ${ratio.toFixed(2).padStart(6)}   ${target}`,
  )

try {
  console.log(
    `${rounds} alternating rounds of ${calls} calls each, medians${' '.repeat(14)}bare  parley  ratio   target`,
  )
  const alone = await open()
  const inPage = await compare(async (kind) => {
    const before = await alone.metric('TaskDuration')
    const times = await alone.page.evaluate(([kind, count]) => callAgain('page', kind, count), [kind, calls])
    return { time: median(times), task: (((await alone.metric('TaskDuration')) - before) * 1000) / calls }
  })
  show('one page: call to first echo, ms', inPage('time'), 'at most 1.05')
  show('one page: main thread for it and its end, ms', inPage('task'), 'at most 1.45')

  const [alice, bob] = [await open(), await open()]
  await bob.page.evaluate(([bare, own]) => enter('bob', bare, own), urls)
  await alice.page.evaluate(([bare, own]) => enter('alice', bare, own), urls)
  const overWebSocket = await compare(async (kind) => {
    const times = await alice.page.evaluate(([kind, count]) => callAgain('relay', kind, count), [kind, calls])
    return { time: median(times) }
  })
  show('two pages over a relay: call to first echo, ms', overWebSocket('time'), 'at most 1.05')

  const idle = {}
  for (const kind of kinds) {
    const { page, metric, collect } = await open()
    await page.evaluate((kind) => keep(kind, 2), kind) // what is made once
    await collect()
    const before = await metric('JSHeapUsedSize')
    await page.evaluate(([kind, count]) => keep(kind, count), [kind, pairs])
    await wait(2_000)
    await collect()
    const heap = ((await metric('JSHeapUsedSize')) - before) / (2 * pairs) / 1024
    const start = await metric('TaskDuration')
    await wait(20_000)
    idle[kind] = { heap, task: (((await metric('TaskDuration')) - start) * 1000) / 20 }
    await page.close()
  }
  console.log(`${pairs} pairs in one page that do nothing`)
  console.log(
    `  heap of each peer: bare ${idle.bare.heap.toFixed(1)} KiB, parley ${idle.parley.heap.toFixed(1)} KiB   target: at most 16`,
  )
  console.log(
    `  main thread: bare ${idle.bare.task.toFixed(2)} ms/s, parley ${idle.parley.task.toFixed(2)} ms/s   target: at most 0.2`,
  )
} finally {
  await close()
  await relay.close()
}
process.exit() // the bare relay knows no end
