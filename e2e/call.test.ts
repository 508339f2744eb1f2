import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

// A process of its own, as a newcomer runs it; in a fresh clone that also means: with nothing built.
it.each(['memory', 'ws', 'mqtt'])('`npm run call` over %s connects, prints the states, and ends', async (transport) => {
  const script = fileURLToPath(new URL('../scripts/call.mjs', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [script, '--transport', transport])
  expect(stdout).toMatch(/ms +calling · awaitingAnswer/)
  expect(stdout).toMatch(/ms +connected · stable/)
  expect(stdout).toContain('ended as hangup, by the remote side')
})

it('`npm run call` says which transports there are', async () => {
  const script = fileURLToPath(new URL('../scripts/call.mjs', import.meta.url))
  const failure = promisify(execFile)(process.execPath, [script, '--transport', 'pigeon'])
  await expect(failure).rejects.toMatchObject({ stderr: expect.stringContaining('memory|ws|mqtt') })
})
