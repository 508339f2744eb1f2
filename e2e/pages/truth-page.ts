import { truthTable, type TruthCase } from '../../packages/core/src/testing/truth-table.ts'

/** What came of a case in this browser, beside what the table says. */
export interface TruthOutcome {
  readonly name: string
  readonly outcome: string
  readonly expected: TruthCase['expected']
}

/** Runs each case of the table, one after the other: many connections at once would make each other late. */
const runTruthTable = async (): Promise<readonly TruthOutcome[]> => {
  const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
  const outcomes: TruthOutcome[] = []
  for (const { name, expected, run } of truthTable) {
    const outcome = await run({ RTCPeerConnection, wait }).catch(String)
    outcomes.push({ name, outcome, expected })
  }
  return outcomes
}

/** The function of the page `truth`. */
export type RunTruthTable = typeof runTruthTable

Object.assign(window, { runTruthTable })
document.documentElement.setAttribute('data-ready', '')
