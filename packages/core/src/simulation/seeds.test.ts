import { expect, it } from 'vitest'
import { run } from './world.ts'

it('connects a plain call', async () => {
  const t = performance.now()
  const N = 100
  let n = 0
  for (let seed = 1; seed <= N; seed++) {
    const world = await run({ seed, faults: { loss: 0.2, duplicate: 0.2, reorder: 200 }, replay: '' }, async (world) => {
      const alice = world.join('alice')
      const bob = world.join('bob')
      await world.clock.advance(50)
      bob.peer.on('call', (session) => world.later(world.pick(300), () => world.accept(session)))
      const a = world.call(alice, 'bob')
      world.openChat(a).send('hello')
      await world.until(() => a.connectedAt !== undefined, 'connected')
      await world.settle()
      n += 1
    })
    expect(world.records.length).toBe(2)
  }
  process.stdout.write(`${n} ${(performance.now() - t) / N} ms each\n`)
}, 60000)
