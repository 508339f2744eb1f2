import { expect, it } from 'vitest'
import { forEachBrowser } from './for-each-browser.ts'
import type { CandidateRun, CandidateScenario } from './pages/candidates-page.ts'

declare const run: CandidateRun

// Chromium accepts a candidate of another generation, and loses one of an unknown: the queue must not hand them on.
forEachBrowser((browser) => {
  const runScenario = async (name: CandidateScenario) => {
    const tab = await browser.openTab('candidates')
    return tab.evaluate((scenario) => run(scenario), name)
  }

  it('connects with candidates that came before the offer', async () => {
    const { counters } = await runScenario('before the offer')
    expect(counters).toMatchObject({ queued: 0, stale: 0, dropped: 0 })
  })

  it('keeps candidates that come before the answer until it is applied', async () => {
    const { waiting, counters } = await runScenario('before the answer')
    expect(waiting).toMatchObject({ applied: 0 })
    expect(counters).toMatchObject({ queued: 0, stale: 0, dropped: 0 })
  })

  it('drops candidates of the generation before, and does not let the browser see them', async () => {
    const { old, added, counters } = await runScenario('of the generation before')
    expect(added).not.toContain(old)
    expect(counters).toMatchObject({ queued: 0, applied: 0 })
    expect((counters as { stale: number }).stale).toBeGreaterThan(0)
  })

  it('keeps candidates of the generation after until its offer is applied', async () => {
    const { next, waiting, addedEarly, added, counters } = await runScenario('of the generation after')
    expect((waiting as { queued: number }).queued).toBeGreaterThan(0)
    expect(addedEarly).toEqual([])
    expect(new Set(added as string[])).toEqual(new Set([next]))
    expect(counters).toMatchObject({ queued: 0, stale: 0, dropped: 0 })
  })

  it('keeps candidates of no generation from the browser', async () => {
    const { added, counters } = await runScenario('of no generation')
    expect(added).toEqual([])
    expect(counters).toMatchObject({ applied: 0, stale: 0 })
  })

  it('applies a candidate once that comes twice', async () => {
    const { once, counters } = await runScenario('twice')
    const { applied } = once as { applied: number }
    expect(counters).toMatchObject({ applied, dropped: applied })
  })
})
