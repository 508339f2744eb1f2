import { expect, it } from 'vitest'
import { forEachBrowser } from './for-each-browser.ts'
import type { RunTruthTable } from './pages/truth-page.ts'

declare const runTruthTable: RunTruthTable

// The fake RTCPeerConnection passes the same table in the unit tests. A difference here is a bug of the fake.
forEachBrowser((browser) => {
  // Again once: Chromium now and then never opens the channels of a connection that was rolled back (crbug 1032987).
  it('does what the table of the fake says, case by case', { retry: 1 }, async () => {
    browser.expectErrors(/WebRTC: ICE failed/) // as one of the cases wants
    const tab = await browser.openTab('truth')
    const outcomes = await tab.evaluate(() => runTruthTable())
    expect(outcomes.length).toBeGreaterThan(50)
    const differences = outcomes.filter(({ outcome, expected }) => outcome !== expected[browser.name])
    expect(
      differences.map(({ name, outcome, expected }) => `${name}: ${outcome}, not ${expected[browser.name]}`),
    ).toEqual([])
  })
})
