import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { forEachBrowser, type TestBrowser } from './for-each-browser.ts'
import type { ChannelsDriver } from './pages/channels-page.ts'
import { soon } from './tabs.ts'

declare const e2e: ChannelsDriver

const openCall = async (browser: TestBrowser): Promise<readonly [Page, Page]> => {
  const pages = [await browser.openTab('channels'), await browser.openTab('channels')] as const
  const [ann, bob] = pages
  await ann.evaluate(() => e2e.join('ann'))
  await bob.evaluate(() => e2e.join('bob'))
  await ann.evaluate(() => e2e.call('bob'))
  await expect.poll(() => bob.evaluate(() => e2e.status()), soon).toBe('connected')
  return pages
}

/** Nothing was lost, and nothing complained. */
const expectQuiet = async (...pages: readonly Page[]): Promise<void> => {
  for (const page of pages) expect(await page.evaluate(() => e2e.events)).toEqual([])
  for (const page of pages) await page.evaluate(() => e2e.close())
}

const lengths = [0, 1, 6, 16_384, 65_536, 262_140, 262_144, 262_145, 1_000_000]

forEachBrowser((browser) => {
  it('brings messages of any kind and size both ways at once, in order', async () => {
    const [ann, bob] = await openCall(browser)
    for (const page of [ann, bob]) await page.evaluate(() => e2e.listen('all'))
    const send = (page: Page, seed: number) =>
      page.evaluate(([lengths, seed]) => e2e.sendAll('all', lengths, seed), [lengths, seed] as const)
    const [fromAnn, fromBob] = await Promise.all([send(ann, 1), send(bob, 2)])
    const count = (page: Page) => page.evaluate(async () => (await e2e.heard()).length)
    for (const page of [ann, bob]) await expect.poll(() => count(page), { timeout: 30_000 }).toBe(lengths.length * 3)
    expect(await bob.evaluate(() => e2e.heard())).toEqual(fromAnn)
    expect(await ann.evaluate(() => e2e.heard())).toEqual(fromBob)
    await expectQuiet(ann, bob)
  })

  it('has 100 channels at once, of all sorts', async () => {
    const [ann, bob] = await openCall(browser)
    await bob.evaluate(() => e2e.echo())
    expect(await ann.evaluate(() => e2e.talk(100))).toBe(100)
    await expectQuiet(ann, bob)
  })

  it('holds back who sends faster than the network', async () => {
    const [ann, bob] = await openCall(browser)
    await bob.evaluate(() => e2e.listen('flood'))
    const most = await ann.evaluate(() => e2e.flood('flood', 8))
    expect(most).toBeGreaterThan(2 ** 19)
    expect(most).toBeLessThanOrEqual(2 ** 20 + 2 ** 16)
    await expect.poll(() => bob.evaluate(async () => (await e2e.heard()).length), soon).toBe(128)
    await expectQuiet(ann, bob)
  })

  it('pipes a stream into a channel, which closes on both sides behind the last byte', async () => {
    const [ann, bob] = await openCall(browser)
    const counted = bob.evaluate(() => e2e.countMessages('pipe'))
    await ann.evaluate(() => e2e.pipe('pipe', 4_000_000))
    expect((await counted)[1]).toBe(4_000_000)
    for (const page of [ann, bob])
      await expect.poll(() => page.evaluate(() => e2e.session().getSnapshot().channels), soon).toEqual([])
    await expectQuiet(ann, bob)
  })

  it('sends a file, whole, with its name, its type and its progress', async () => {
    const [ann, bob] = await openCall(browser)
    const received = bob.evaluate(() => e2e.receiveFile())
    const sent = await ann.evaluate(() => e2e.sendFile(4_000_000, 'film.bin'))
    expect(await received).toEqual({ name: 'film.bin', type: 'application/x-test', digest: sent.digest })
    expect(sent.progress.at(-1)).toEqual({ bytes: 4_000_000, size: 4_000_000 })
    expect(sent.progress).toHaveLength(Math.ceil(4_000_000 / 2 ** 18))
    await expectQuiet(ann, bob)
  })

  it('goes on with a file when the RTCPeerConnection beneath it is gone', async () => {
    const [ann, bob] = await openCall(browser)
    const received = bob.evaluate(() => e2e.receiveFile())
    const sending = ann.evaluate(() => e2e.sendFile(6_000_000, 'film.bin'))
    const waiting = () => ann.evaluate(() => e2e.session().getSnapshot().channels.length)
    await expect.poll(waiting, soon).toBe(1)
    await ann.evaluate(() => e2e.session().peerConnection?.close())
    const sent = await sending
    expect((await received).digest).toEqual(sent.digest)
    expect(await ann.evaluate(() => e2e.session().getSnapshot().connection)).toBeGreaterThan(1)
    await expectQuiet(ann, bob)
  })

  it('is understood by who reads the RTCDataChannel alone', async () => {
    const [ann, bob] = await openCall(browser)
    const heard = bob.evaluate(
      () =>
        new Promise((resolve) => {
          e2e.session().peerConnection?.addEventListener('datachannel', ({ channel }) => {
            channel.addEventListener('message', ({ data }) => resolve(data))
          })
        }),
    )
    await ann.evaluate(() => void e2e.session().openChannel('plain').send('hello'))
    expect(await heard).toBe('hello')
    await expectQuiet(ann, bob)
  })
})
