import { describe, expect, it } from 'vitest'
import type { FaultOptions } from '../testing/faults.ts'
import { scenarios } from './scenarios.ts'
import { run, type World } from './world.ts'

interface Cell {
  readonly faults: FaultOptions
  /** The share of calls that may end before they connect, for want of a message that got through in time. */
  readonly mayGiveUp: number
}

const cells: readonly Cell[] = [
  { faults: { loss: 0.2, duplicate: 0.2, reorder: 200 }, mayGiveUp: 0.02 },
  { faults: { loss: 0.3, duplicate: 0.3, reorder: 60 }, mayGiveUp: 0.06 },
  { faults: { loss: 0.4, duplicate: 0.2, reorder: 20 }, mayGiveUp: 0.15 },
  { faults: { loss: 0.05 }, mayGiveUp: 0 },
  { faults: { duplicate: 1 }, mayGiveUp: 0 },
]

// PARLEY_SEEDS says how many seeds each cell gets; PARLEY_SEED plays one alone, as a failure says.
const { PARLEY_SEEDS = '500', PARLEY_SEED } = process.env
const count = PARLEY_SEED === undefined ? Number(PARLEY_SEEDS) : 1
const first = Number(PARLEY_SEED ?? 1)
const names = Object.keys(scenarios)
/** Their waits are of their own making, and say nothing about how fast a network lets peers connect. */
const withOwnWaits = ['reload of a page', 'partition between offer and answer', 'ends at random moments']

describe('whole peers in a seeded world', () => {
  // As `replay` below names them.
  const named = cells.map((cell) => [JSON.stringify(cell.faults), cell] as const)
  it.each(named)('come to one agreed outcome over %s', { timeout: 3_600_000 }, async (title, { faults, mayGiveUp }) => {
    const failures: string[] = []
    const waits: number[] = []
    const outcomes = { connected: 0, ended: 0, 'gave up': 0 }
    for (let seed = first; seed < first + count; seed += 1) {
      const name = names[seed % names.length] ?? ''
      const replay = `PARLEY_SEED=${seed} npx vitest run --project unit simulation/seeds -t '${title}'`
      const world = await play({ seed, name, faults, replay }).catch((error: Error) => {
        failures.push(`${name}: ${error.message}`)
      })
      if (world === undefined) continue
      if (world.causes.has('gave up')) outcomes['gave up'] += 1
      for (const { connectedAt, startedAt } of world.records) {
        outcomes[connectedAt === undefined ? 'ended' : 'connected'] += 1
        if (connectedAt !== undefined && !withOwnWaits.includes(name)) waits.push(connectedAt - startedAt)
      }
    }
    tell(faults, outcomes, waits)
    const heads = failures.map((failure) => failure.split('\n', 1)[0])
    expect(heads, `${failures[0]}`).toEqual([])
    expect(outcomes['gave up'], 'calls that gave up').toBeLessThanOrEqual(Math.ceil(count * mayGiveUp))
  })
})

const play = ({ name, ...options }: { seed: number; name: string; faults: FaultOptions; replay: string }) =>
  run(options, scenarios[name] as (world: World) => Promise<void>)

/** One line of what came of all seeds of a cell. */
const tell = (faults: FaultOptions, outcomes: Readonly<Record<string, number>>, waits: number[]): void => {
  waits.sort((a, b) => a - b)
  const at = (share: number) => `${(waits[Math.floor(waits.length * share)] ?? Number.NaN).toFixed(0)} ms`
  const counts = Object.entries(outcomes).map(([outcome, times]) => `${times} ${outcome}`)
  const speed = `connected in ${at(0.5)} (median), ${at(0.95)} (95 %), ${at(0.999)} (slowest)`
  process.stdout.write(`simulation ${JSON.stringify(faults)}: ${count} seeds, ${counts.join(', ')}; ${speed}\n`)
}
