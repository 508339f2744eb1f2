import type { FaultOptions } from '@parley-rtc/core/testing'
import { describe, expect, it } from 'vitest'
import { forEachBrowser } from './for-each-browser.ts'
import type { FaultsDriver, Trial } from './pages/faults-page.ts'

declare const e2e: FaultsDriver

/** Trials of each cell; `npm run soak:browsers` does more. */
const trialCount = Number(process.env['PARLEY_TRIALS'] ?? 10)
/** Trials at a time: each is two connections, and a machine has few cores. */
const batchSize = 10
const patience = 15_000

const cells: readonly FaultOptions[] = [
  { loss: 0.2, duplicate: 0.2, reorder: 200 },
  { loss: 0.3, duplicate: 0.3, reorder: 60 },
  { loss: 0.4, duplicate: 0.2, reorder: 20 },
  { duplicate: 1 },
]

const nameOf = (cell: FaultOptions): string =>
  Object.entries(cell)
    .map(([fault, value]) => `${fault} ${value}`)
    .join(', ')

const medianOf = (trials: readonly Trial[]): number => {
  const sorted = trials.map(({ connectedAfter }) => connectedAfter).sort((one, other) => one - other)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

const worstOf = (trials: readonly Trial[]): number => Math.max(...trials.map(({ connectedAfter }) => connectedAfter))

const expectAllConnected = (trials: readonly Trial[] = []): void => {
  expect(trials).toHaveLength(trialCount)
  expect(trials.filter(({ faults }) => faults.length > 0)).toEqual([])
  expect(worstOf(trials)).toBeLessThan(patience)
}

forEachBrowser((browser) => {
  /** Runs batches of the cells in turn, so that whatever else the machine does meets them alike. */
  const runTrials = async (...tried: readonly FaultOptions[]): Promise<readonly (readonly Trial[])[]> => {
    const tab = await browser.openTab('faults')
    const results = tried.map((cell) => ({ cell, trials: [] as Trial[] }))
    for (let done = 0; done < trialCount; done += batchSize) {
      const size = Math.min(batchSize, trialCount - done)
      const seeds = Array.from({ length: size }, (_, index) => done + index)
      for (const { cell, trials } of results)
        trials.push(...(await tab.evaluate(([cell, seeds]) => e2e.trials(cell, seeds), [cell, seeds] as const)))
    }
    for (const { cell, trials } of results) {
      const sums = `median ${medianOf(trials).toFixed(0)} ms, worst ${worstOf(trials).toFixed(0)} ms`
      console.log(`${browser.name}, ${nameOf(cell) || 'no faults'}: ${trials.length} trials, ${sums}`)
    }
    return results.map(({ trials }) => trials)
  }

  describe('over a bad transport', { timeout: 60_000 + (trialCount / batchSize) * (patience + 5_000) }, () => {
    it.each(cells.map((cell) => [nameOf(cell), cell] as const))(
      'connects each time, in one session, with %s',
      async (_, cell) => {
        const [trials] = await runTrials(cell)
        expectAllConnected(trials)
      },
    )

    it('connects each time with a loss of 5 %, which takes less than a second more at the median', async () => {
      const [undisturbed = [], disturbed = []] = await runTrials({}, { loss: 0.05 })
      expectAllConnected(undisturbed)
      expectAllConnected(disturbed)
      expect(medianOf(disturbed) - medianOf(undisturbed)).toBeLessThan(1_000)
    })
  })

  it.each(['told', 'silent'] as const)(
    'goes on without another offer after the transport was cut for 3 s before the answer (%s)',
    async (how) => {
      const tab = await browser.openTab('faults')
      const { during, after, resumedAfter, heard, offers } = await tab.evaluate(
        (how) => e2e.cutBeforeAnswer(how, 3_000),
        how,
      )
      const signaling = how === 'told' ? 'none' : 'transport'
      expect(during).toMatchObject([
        { status: 'calling', signaling },
        { status: 'connecting', signaling },
      ])
      expect(after).toMatchObject([{ status: 'connected' }, { status: 'connected' }])
      expect(heard).toEqual(['hello to ann', 'hello to bob'])
      expect(offers).toEqual(['to bob'])
      // A transport that tells is used at once; without a word, the next resend finds out.
      expect(resumedAfter).toBeLessThan(how === 'told' ? 1_500 : 10_000)
    },
  )

  it.each(['told', 'silent'] as const)(
    'goes on over the control channel when the transport is cut for ever (%s)',
    async (how) => {
      const tab = await browser.openTab('faults')
      const { during, live, endedAfter, after, heard } = await tab.evaluate((how) => e2e.cutAfterConnect(how), how)
      const connected = { status: 'connected', signaling: 'control' }
      expect(during).toMatchObject([connected, connected])
      expect(live).toEqual([
        ['audio', 'video'],
        ['audio', 'video'],
      ])
      expect(heard).toEqual(['hello to ann', 'hello to bob', 'still there, ann?', 'still there, bob?'])
      expect(after).toMatchObject([
        { status: 'ended', endReason: 'hangup' },
        { status: 'ended', endReason: 'hangup' },
      ])
      expect(endedAfter).toBeLessThan(1_000)
    },
  )
})
