import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8')

it('shows a test in docs/testing.md that runs, as it is', () => {
  const blocks = [...read('../../docs/testing.md').matchAll(/^```ts file=(\S+)\n([^]*?)^```/gm)]
  expect(blocks.map(([, file, code]) => [file, code])).toEqual([['call.test.ts', read('./call.test.ts')]])
})
