/** `npm run call`: one call between two peers of this process, over a real WebRTC stack. */
import { join } from 'node:path'
import { ensureModules } from './install.mjs'
import { root } from './run.mjs'

await ensureModules()
const { defaultServerConditions, runnerImport } = await import('vite')

// Node 20 runs no TypeScript; vite does, and reads the sources of the packages instead of their builds.
const resolve = { conditions: ['@parley-rtc/source', ...defaultServerConditions], noExternal: [/^@parley-rtc\//] }
const { module } = await runnerImport(join(root, 'e2e/call.ts'), {
  root,
  configFile: false,
  logLevel: 'warn',
  environments: { inline: { resolve } },
})
const ok = await module.call()
// @roamhq/wrtc crashes when Node unloads it at the natural end of the process.
process.exit(ok ? 0 : 1)
