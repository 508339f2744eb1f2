/** One server under test in a process of its own: `bare` or `parley`. Its parent asks it for CPU time and memory. */
import { setTimeout as wait } from 'node:timers/promises'

const [kind, relayFile] = process.argv.slice(2)

const createParleyRelay = async () => {
  const { createRelay } = await import(relayFile)
  const many = 1_000_000_000
  // Every limit and counter is on. The numbers are raised because the whole load comes from one address, and faster
  // than one client may send.
  const limits = { connectionsPerAddress: many, connectBurst: many, messagesPerSecond: many, messageBurst: many }
  const relay = createRelay({ port: 0, limits: { ...limits, bytesPerSecond: many, byteBurst: many } })
  return (await relay.listen()).port
}

const port = kind === 'bare' ? await (await import('./bare-relay.mjs')).createBareRelay() : await createParleyRelay()

const collectGarbage = async () => {
  for (let round = 0; round < 3; round++) {
    globalThis.gc()
    await wait(50)
  }
}

const answer = async (question) => {
  if (question === 'memory') await collectGarbage()
  const { user, system } = process.cpuUsage()
  process.send({ cpu: (user + system) / 1e6, rss: process.memoryUsage.rss() })
}
const fail = (error) => {
  console.error(error)
  process.exit(1)
}
process.on('message', (question) => {
  answer(question).catch(fail)
})
process.on('disconnect', () => process.exit())
process.send({ port })
