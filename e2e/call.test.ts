import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

// A process of its own, as a newcomer runs it; in a fresh clone that also means: with nothing built.
it('`npm run call` connects, prints the states of both sides, and ends', async () => {
  const script = fileURLToPath(new URL('../scripts/call.mjs', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [script])
  expect(stdout).toMatch(/ms +calling · awaitingAnswer/)
  expect(stdout).toMatch(/ms +connected · stable/)
  expect(stdout).toContain('ended as hangup, by the remote side')
})
