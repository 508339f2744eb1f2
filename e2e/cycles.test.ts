import type { CDPSession, Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { forEachBrowser } from './for-each-browser.ts'
import type { CyclesDriver } from './pages/cycles-page.ts'

declare const cycles: CyclesDriver

/** Bytes of the heap that a cycle may leave behind. */
const budget = 512
const count = 200

/** Bytes in use, once everything that nobody holds is gone. */
const heapOf = async (cdp: CDPSession): Promise<number> => {
  await cdp.send('HeapProfiler.collectGarbage')
  await cdp.send('HeapProfiler.collectGarbage')
  return (await cdp.send('Runtime.getHeapUsage')).usedSize
}

/** How many objects of a class the page still holds. */
const countOf = async (cdp: CDPSession, name: string): Promise<number> => {
  const { result } = await cdp.send('Runtime.evaluate', { expression: `${name}.prototype` })
  const { objects } = await cdp.send('Runtime.queryObjects', { prototypeObjectId: result.objectId ?? '' })
  const { result: length } = await cdp.send('Runtime.callFunctionOn', {
    objectId: objects.objectId ?? '',
    functionDeclaration: 'function () { return this.length }',
    returnByValue: true,
  })
  await cdp.send('Runtime.releaseObject', { objectId: objects.objectId ?? '' })
  return Number(length.value)
}

/** Calls between the same two, then between two others: an ended call is remembered for 30 s, and 128 with one peer. */
const run = async (page: Page, times: number, cdp?: CDPSession) => {
  for (let left = times; left > 0; left -= 25) {
    await page.evaluate((calls) => cycles.cycle(calls), Math.min(left, 25))
    // A busy Chromium can be late with it, and has 500 connections at most, those that are garbage among them.
    await cdp?.send('HeapProfiler.collectGarbage')
  }
}

forEachBrowser(({ name, openTab }) => {
  it(`leaves nothing behind of ${count} calls`, { timeout: 120_000 }, async () => {
    const page = await openTab('cycles.html')
    if (name !== 'chromium') return run(page, 30)
    const cdp = await page.context().newCDPSession(page)
    // What is made once is no leak, and a browser goes on compiling what runs for some 400 calls.
    await run(page, 400, cdp)
    const before = await heapOf(cdp)
    await run(page, count, cdp)
    const after = await heapOf(cdp)
    process.stdout.write(`heap: ${((after - before) / count).toFixed(0)} bytes a cycle over ${count}\n`)
    expect(after - before).toBeLessThan(budget * count)
    expect(await countOf(cdp, 'RTCPeerConnection')).toBe(0)
    expect(await countOf(cdp, 'RTCDataChannel')).toBe(0)
  })
})
