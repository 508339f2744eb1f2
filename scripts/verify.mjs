/** `npm run verify`: everything that a change must pass, the fast checks first. With `--no-tests`, all but the tests. */
import { ensureModules } from './install.mjs'
import { fail, npm } from './run.mjs'

const steps = [
  { name: 'typecheck', command: ['run', 'typecheck'] },
  { name: 'lint', command: ['run', 'lint'] },
  { name: 'format', command: ['run', 'format:check'] },
  { name: 'unit tests', command: ['run', 'test:unit'], tests: true },
  { name: 'build', command: ['run', 'build'] },
  { name: 'package checks', command: ['run', 'check'] },
  { name: 'browser tests', command: ['run', 'e2e'], tests: true },
]

await ensureModules()
const wanted = process.argv.includes('--no-tests') ? steps.filter(({ tests }) => !tests) : steps
for (const [index, { name, command }] of wanted.entries()) {
  console.log(`\n== ${index + 1}/${wanted.length} ${name}`)
  const start = performance.now()
  const code = await npm([...command, '--silent'])
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  if (code !== 0) fail(`${name} failed after ${seconds} s. Repeat only this with: npm ${command.join(' ')}`, code)
  console.log(`== ${name} passed in ${seconds} s`)
}
console.log(`\nAll ${wanted.length} steps passed.`)
