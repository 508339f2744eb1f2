/** `npm run relay`: the relay from its sources, without a build. `npm run relay -- --help` says what it takes. */
import { join } from 'node:path'
import { ensureModules } from './install.mjs'
import { importSource } from './import-source.mjs'
import { root } from './run.mjs'

await ensureModules()
await importSource(join(root, 'packages/relay/src/cli.ts'))
