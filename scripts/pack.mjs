/** `npm run pack`: builds the packages and puts an archive of each into `packs/`, for `npm i` in another project. */
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ensureModules } from './install.mjs'
import { fail, npm, root } from './run.mjs'

const names = ['core', 'transport-broadcastchannel', 'transport-ws', 'transport-mqtt', 'relay']
const folder = join(root, 'packs')

await ensureModules()
if ((await npm(['run', 'build'])) !== 0) fail('The packages could not be built.')
rmSync(folder, { recursive: true, force: true })
mkdirSync(folder)
const workspaces = names.flatMap((name) => ['-w', `@parley-rtc/${name}`])
const code = await npm(['pack', '--silent', '--pack-destination', folder, ...workspaces])
if (code !== 0) fail('The archives could not be made.', code)
console.log('\nIn another project: npm i ' + join(folder, '*.tgz'))
