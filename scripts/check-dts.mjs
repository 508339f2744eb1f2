/**
 * Checks that the types of core, but for its machines and its test kit, need no XState and no mitt: both are details of core,
 * and each user's compiler would have to read them.
 */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fail, root } from './run.mjs'

const hidden = ['xstate', 'mitt']
const entries = ['index', 'wrappers/index', 'advice/index', 'files/index', 'streams'].map(
  (name) => `packages/core/dist/${name}.d.ts`,
)
for (const entry of entries)
  if (!existsSync(join(root, entry))) fail(`${entry} is missing. Build it with: npm run build`)

/** Lists the imports of hidden packages in a file and in all files that it imports. */
const leaksOf = (file, seen = new Set()) => {
  if (seen.has(file)) return []
  seen.add(file)
  const imports = readFileSync(file, 'utf8').matchAll(/(?:\bfrom|\bimport)\s*\(?\s*['"]([^'"]+)['"]/g)
  return [...imports].flatMap(([, name]) => {
    if (name.startsWith('.')) return leaksOf(join(dirname(file), name).replace(/\.js$/, '.d.ts'), seen)
    return hidden.includes(name.split('/')[0]) ? [`${relative(root, file)} imports '${name}'`] : []
  })
}

const leaks = entries.flatMap((entry) => leaksOf(join(root, entry)))
if (leaks.length > 0)
  fail(`The types of @parley-rtc/core must not need ${hidden.join(' or ')}:\n  ${leaks.join('\n  ')}`)
console.log(`The types of @parley-rtc/core need neither ${hidden.join(' nor ')}.`)
