/**
 * `npm test`: every test of the repository. Arguments go to vitest, so `npm test -- core` runs what matches `core`.
 * Ends with a plain line such as `120 passed, 0 failed`.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ensureModules, ensurePrograms, programNames } from './install.mjs'
import { root, run } from './run.mjs'
import { countTests, ringLines, secondTries } from './test-rings.mjs'

/** Runs vitest once and prints what ran. Resolves to the exit code. */
const test = async (args) => {
  await ensureModules()
  const { env, missing } = await ensurePrograms(programsFor(args))
  const { code, report } = await runVitest([...args, ...withoutTestsOf(missing)], env)

  if (report) console.log(`\n${[...ringLines(report), ...secondTries(report)].join('\n')}`)
  for (const { name, advice } of missing) console.log(`\nThe tests in ${name} did not run. ${advice}`)
  const { passed, failed, skipped } = countTests(report, code)
  console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)

  if (code !== 0) return code
  return missing.length > 0 && process.env['PARLEY_ALLOW_MISSING'] !== '1' ? 1 : 0
}

// The tests of a program stand in a `describe` that names it.
const withoutTestsOf = (missing) =>
  missing.length > 0 ? ['--testNamePattern', `^(?!.*\\b(?:${missing.map(({ name }) => name).join('|')})\\b)`] : []

const runVitest = async (args, env) => {
  const folder = mkdtempSync(join(tmpdir(), 'parley-test-'))
  const file = join(folder, 'report.json')
  try {
    const vitest = join(root, 'node_modules/vitest/vitest.mjs')
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
    const code = await run(process.execPath, [vitest, 'run', ...reporters, ...args], { env })
    return { code, report: readReport(file) }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const readReport = (file) => {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return undefined
  }
}

// A run of `npm test -- core` shall not install what it never starts.
const programsFor = (args) => {
  const { values, positionals: filters } = parseArgs({ args, strict: false, options: { project: { type: 'string' } } })
  const hasAny = (paths) =>
    filters.length === 0 || paths.some((path) => filters.some((filter) => path.includes(filter)))
  const ofEndToEnd = readdirSync(join(root, 'e2e')).map((file) => `e2e/${file}`)
  if (values.project !== 'unit' && hasAny(ofEndToEnd)) return programNames
  return hasAny(['packages/transport-mqtt/src']) ? ['mosquitto', 'nats'] : []
}

process.exit(await test(process.argv.slice(2)))
