import { describe, expect, it } from 'vitest'
import type { FaultOptions } from '../testing/faults.ts'
import { scenarios } from './scenarios.ts'
import { run, type World } from './world.ts'

/** What the network does to messages. */
const cells: readonly FaultOptions[] = [
  { loss: 0.2, duplicate: 0.2, reorder: 200 },
  { loss: 0.3, duplicate: 0.3, reorder: 60 },
  { loss: 0.4, duplicate: 0.2, reorder: 20 },
  { loss: 0.05 },
  { duplicate: 1 },
]

// PARLEY_SEEDS says how many seeds each cell gets; PARLEY_SEED runs one alone, as a failure says.
const { PARLEY_SEEDS = '500', PARLEY_SEED } = process.env
const seeds = PARLEY_SEED === undefined ? range(1, Number(PARLEY_SEEDS)) : [Number(PARLEY_SEED)]

describe.each(cells)('a network with %o', (faults) => {
  it('brings every seeded scenario to one agreed outcome', { timeout: 3_600_000 }, async () => {
    const failures: Record<string, unknown[]> = {}
    const waits: number[] = []
    const outcomes = { connected: 0, ended: 0 }
    const began = performance.now()
    for (const seed of seeds) {
      const names = Object.keys(scenarios)
      const name = names[seed % names.length] as string
      const replay = `PARLEY_SEED=${seed} npm test -- simulation/seeds`
      const t0 = performance.now()
      try {
        const world = await run({ seed, faults, replay }, scenarios[name]!)
        for (const { connectedAt, startedAt } of world.records)
          if (connectedAt !== undefined) {
            outcomes.connected++
            waits.push(connectedAt - startedAt)
          } else outcomes.ended++
      } catch (error) {
        ;(failures[name] ??= []).push(error)
      }
      times[name] = (times[name] ?? 0) + performance.now() - t0
    }
    waits.sort((a, b) => a - b)
    process.stdout.write(
      `${JSON.stringify(faults)} ${seeds.length} seeds ${JSON.stringify(outcomes)} median ${waits[waits.length >> 1]} p95 ${waits[Math.floor(waits.length * 0.95)]} max ${waits.at(-1)} real ${performance.now() - began}\n`,
    )
    for (const [name, errors] of Object.entries(failures))
      process.stdout.write(`--- ${name}: ${errors.length}\n${errors.map(e => e.message.split('\n')[0] + '@' + /seed \d+/.exec(e.message)?.[0]).join('\n')}\n` + (process.env.V ? errors[0].message : '') + '\n')
    expect(Object.keys(failures)).toEqual([])
  })
})
const times = {}
it('t', () => process.stdout.write(JSON.stringify(times)))

function range(from: number, count: number) {
  return Array.from({ length: count }, (_, i) => from + i)
}
