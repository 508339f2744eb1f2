/** Reads vitest's JSON report: how many tests passed, and in which ring each of them stands. */

const rings = ['1 pure', '2 simulation', '3 conformance', '4 real stacks']
const [pure, simulation, conformance, real] = rings

/** Counts of a whole run. A file that did not load, or an error outside of any test, counts as one failure. */
export const countTests = (report, exitCode) => {
  const { passed, failed, skipped } = tally(testsOf(report))
  return { passed, failed: exitCode !== 0 && failed === 0 ? 1 : failed, skipped }
}

/** One line for each ring; that of the real stacks also says what ran on which of them. */
export const ringLines = (report) => {
  const tests = testsOf(report)
  return rings.flatMap((ring) => {
    const inRing = tests.filter((test) => test.ring === ring)
    const stacks = [...new Set(inRing.flatMap(({ stack }) => stack ?? []))].toSorted()
    return [
      lineOf(`ring ${ring}`, inRing),
      ...stacks.map((stack) =>
        lineOf(
          `       ${stack}`,
          inRing.filter((test) => test.stack === stack),
        ),
      ),
    ]
  })
}

/** One line for each test that passed at its second try only, and what the first one met. */
export const secondTries = (report) =>
  (report?.testResults ?? []).flatMap(({ assertionResults }) =>
    assertionResults
      .filter(({ status, failureMessages }) => status === 'passed' && failureMessages.length > 0)
      .map(
        ({ fullName, failureMessages: [first] }) => `passed at its second try: ${fullName}: ${first.split('\n', 1)[0]}`,
      ),
  )

const lineOf = (title, tests) => {
  const { passed, failed, skipped } = tally(tests)
  if (passed + failed === 0) return `${title.padEnd(24)} did not run`
  const rest = [failed > 0 ? `, ${failed} failed` : '', skipped > 0 ? `, ${skipped} skipped` : '']
  return `${title.padEnd(24)} ${passed} passed${rest.join('')}`
}

const tally = (tests) => {
  const count = (...states) => tests.filter(({ state }) => states.includes(state)).length
  const [passed, failed] = [count('passed'), count('failed')]
  return { passed, failed, skipped: tests.length - passed - failed }
}

const testsOf = (report) =>
  (report?.testResults ?? []).flatMap(({ name: file, status, assertionResults }) => {
    const results = assertionResults.map(({ fullName, status: state }) => ({ state, ...placeOf(file, fullName) }))
    const broken = status === 'failed' && !results.some(({ state }) => state === 'failed')
    return broken ? [...results, { state: 'failed', ...placeOf(file, '') }] : results
  })

const placeOf = (file, title) => {
  if (/[\\/]e2e[\\/]/.test(file)) return { ring: real, stack: stackOf(`${file} ${title}`) }
  if (/contract of signaling transports/.test(title)) return { ring: conformance }
  return { ring: /simulat|fuzz|interleav/.test(file) ? simulation : pure }
}

const stackOf = (text) =>
  [/chromium/i, /firefox/i].flatMap((name) => text.match(name)?.[0].toLowerCase() ?? []).join(' with ') || 'node'
