/**
 * The relay against a bare one, side by side: messages per second of the server's CPU time (1000 clients, 1 kB), and
 * memory per idle connection. `node bench/relay.mjs [rounds]`; takes some 40 s.
 */
import { fork } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const clients = 1000
const roundMs = 2_500
const rounds = Number(process.argv[2] ?? 5)
const kinds = ['bare', 'parley']
const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
const once = (child) =>
  new Promise((resolve, reject) => {
    const onExit = () => reject(new Error('A process of the benchmark ended early.'))
    child.once('exit', onExit)
    child.once('message', (message) => {
      child.off('exit', onExit)
      resolve(message)
    })
  })
const ask = (child, message) => {
  child.send(message)
  return once(child)
}

// Inside node_modules, so that the file finds the packages that it imports.
const folder = await mkdtemp(here('../node_modules/.bench-'))
const relayFile = join(folder, 'relay.mjs')
const entryPoints = [here('../packages/relay/src/index.ts')]
await build({ entryPoints, outfile: relayFile, bundle: true, platform: 'node', format: 'esm', packages: 'external' })

const children = []
const startServer = async (kind) => {
  const child = fork(here('relay-server.mjs'), [kind, relayFile], { execArgv: ['--expose-gc'] })
  children.push(child)
  return { child, port: (await once(child)).port }
}
const load = fork(here('relay-load.mjs'))
children.push(load)
const order = async (command, input) => (await ask(load, { command, ...input })).value

const measureSpeed = async () => {
  const servers = {}
  for (const kind of kinds) {
    servers[kind] = await startServer(kind)
    await order('connect', { set: kind, kind, port: servers[kind].port, count: clients })
  }
  const speeds = { bare: [], parley: [] }
  // The first round warms both up and does not count.
  for (let round = 0; round <= rounds; round++) {
    for (const kind of round % 2 ? kinds : kinds.toReversed()) {
      await order('start', { set: kind })
      await wait(200)
      const before = [await order('count'), (await ask(servers[kind].child, 'cpu')).cpu]
      await wait(roundMs)
      const messages = (await order('count')) - before[0]
      const cpu = (await ask(servers[kind].child, 'cpu')).cpu - before[1]
      await order('stop')
      await wait(100)
      if (round > 0) speeds[kind].push(messages / cpu)
    }
  }
  for (const kind of kinds) {
    await order('disconnect', { set: kind })
    servers[kind].child.disconnect()
  }
  return speeds
}

/** Bytes of one idle connection: what 1000 more of them add to a server that has some already. */
const measureMemory = async (kind) => {
  const { child, port } = await startServer(kind)
  await order('connect', { set: 'first', kind, port, count: 200 })
  const before = (await ask(child, 'memory')).rss
  await order('connect', { set: 'more', kind, port, count: clients })
  const after = (await ask(child, 'memory')).rss
  for (const set of ['first', 'more']) await order('disconnect', { set })
  child.disconnect()
  return (after - before) / clients
}

try {
  const speeds = await measureSpeed()
  const memory = { bare: [], parley: [] }
  for (let round = 0; round < 3; round++) {
    for (const kind of kinds) memory[kind].push(await measureMemory(kind))
  }
  const ratios = speeds.parley.map((speed, index) => speed / speeds.bare[index])
  const show = (values, digits = 0) => values.map((value) => value.toFixed(digits)).join(' ')
  console.log(`messages per server CPU-second, ${clients} clients, 1 kB, ${rounds} rounds`)
  for (const kind of kinds)
    console.log(`  ${kind.padEnd(7)} ${median(speeds[kind]).toFixed(0)}   (${show(speeds[kind])})`)
  console.log(`  ratio   ${median(ratios).toFixed(2)}   (${show(ratios, 2)})   target: at least 0.95`)
  console.log('memory of one idle connection, kB')
  const kilobytes = (kind) => memory[kind].map((bytes) => bytes / 1000)
  for (const kind of kinds)
    console.log(`  ${kind.padEnd(7)} ${median(kilobytes(kind)).toFixed(1)}   (${show(kilobytes(kind), 1)})`)
  const ratio = median(memory.parley) / median(memory.bare)
  console.log(`  ratio   ${ratio.toFixed(2)}   target: at most 1.2`)
} finally {
  for (const child of children) if (child.connected) child.disconnect()
  await rm(folder, { recursive: true })
}
