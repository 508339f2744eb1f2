import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { forEachBrowser } from './for-each-browser.ts'

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8')

// The type check reads the files, these tests run them, and so the README holds what works.
describe('the README', () => {
  const blocks = [...read('../README.md').matchAll(/^```ts\n([^]*?)^```/gm)].map(([, code]) => code)

  it('shows the snippets that are run here, and no other', () => {
    expect(blocks).toEqual(['tabs', 'why'].map((name) => read(`./pages/readme-${name}.ts`)))
  })
})

forEachBrowser((browser) => {
  it('connects two tabs with the first snippet of the README', async () => {
    await browser.openTab('readmetabs')
    const bob = await browser.openTab('readmetabs?as=bob')
    await expect.poll(() => bob.textContent('body'), { timeout: 10_000 }).toContain('You said: hello')
  })

  it('says why it did not connect with the second', async () => {
    const tab = await browser.openTab('readmewhy')
    await expect.poll(() => tab.textContent('body'), { timeout: 25_000 }).toContain('unreachable by the local side')
    await expect.poll(() => tab.title()).toContain('ended')
    expect(await tab.textContent('body')).toContain('ended before it connected: unreachable, by this side.')
  })
})
