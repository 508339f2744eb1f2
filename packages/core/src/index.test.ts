import { execFileSync } from 'node:child_process'
import { build } from 'vite'
import { expect, it } from 'vitest'
import * as entry from './index.ts'

it('exports what it says, and no more', () => {
  expect(Object.keys(entry).sort()).toEqual(['ParleyError', 'createPeer', 'isParleyError'])
})

const guarded = [
  'RTCPeerConnection',
  'navigator',
  'WebSocket',
  'BroadcastChannel',
  'window',
  'document',
  'crypto',
  'fetch',
]

it('touches no global when it is imported', async () => {
  const result = await build({
    configFile: false,
    logLevel: 'silent',
    build: {
      write: false,
      minify: false,
      lib: { entry: new URL('index.ts', import.meta.url).pathname, formats: ['cjs'] },
    },
  })
  const [bundle] = [result].flat() as unknown as { output: { code: string }[] }[]
  const traps = `for (const name of ${JSON.stringify(guarded)})
    Object.defineProperty(globalThis, name, { configurable: true, get() { throw new Error(name + ' was touched') } })
  for (const name of ['setTimeout', 'setInterval', 'addEventListener'])
    globalThis[name] = () => { throw new Error(name + ' was called') };\n`
  const check = `;process.stdout.write(Object.keys(module.exports).sort().join())`
  const code = `${traps}${bundle!.output[0]!.code}${check}`
  const printed = execFileSync(process.execPath, ['--input-type=commonjs', '-'], { input: code, encoding: 'utf8' })
  expect(printed).toBe('ParleyError,createPeer,isParleyError')
}, 20_000)
