/** `npm run call`: one call between two peers of this process, over a real WebRTC stack. */
import { join } from 'node:path'
import { importSource } from './import-source.mjs'
import { ensureModules } from './install.mjs'
import { fail, root } from './run.mjs'

await ensureModules()
const { call } = await importSource(join(root, 'e2e/call.ts'))
// What is wrong with an argument is for people, who need no stack.
const ok = await call(process.argv.slice(2)).catch((error) => fail(error.message))
// @roamhq/wrtc crashes when Node unloads it at the natural end of the process.
process.exit(ok ? 0 : 1)
