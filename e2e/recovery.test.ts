import { randomUUID } from 'node:crypto'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { launchOn, type SideBrowser } from './netns/browsers.ts'
import { createTestNetwork, whyNoNetwork, type TestNetwork } from './netns/network.ts'
import { startPlainSignaling, startRelay, type HubServer } from './netns/servers.ts'
import type { BareDriver } from './pages/bare-page.ts'
import type { RecoveryDriver } from './pages/recovery-page.ts'

declare const e2e: RecoveryDriver & BareDriver

const soon = { interval: 20, timeout: 15_000 }
/** Until both calls have recovered. */
const patience = { interval: 50, timeout: 20_000 }

/** What happens to the networks. The calls are made anew for each. */
interface Change {
  readonly title: string
  /** Before the calls. Returns what undoes it and the change. */
  readonly prepare?: (network: TestNetwork) => () => void
  /** Resolves when there is a way again, whereupon the time runs, and the bare page restarts ICE. */
  readonly act: (network: TestNetwork) => Promise<void> | void
  /**
   * ms that the best call by hand takes in a good half of its runs, where that is luck: SCTP sends what was lost again 1.2, 2.8 and
   * 5.8 s after the loss, data waits for the next of these after ICE is back, and Chromium hears of a new address 0.5 or
   * 1.5 s late.
   */
  readonly usual?: number
}

const changes: readonly Change[] = [
  { title: 'both addresses changed', act: (network) => network.move('left', 'right'), usual: 2_800 },
  { title: 'the address of the callee changed', act: (network) => network.move('right'), usual: 2_800 },
  {
    title: 'the link of one side was down for 8 s',
    act: async (network) => {
      network.setLink('left', 'down')
      await new Promise((resolve) => setTimeout(resolve, 8_000))
      network.setLink('left', 'up')
    },
  },
  {
    title: 'one side lost the first of two links for ever',
    prepare: (network) => network.addSecondLink('left'),
    act: (network) => network.drop('left'),
  },
]

const reason = whyNoNetwork()
if (reason) console.log(`The tests across networks are skipped: ${reason}.`)

const now = (): number => performance.timeOrigin + performance.now()

describe.skipIf(reason)('across networks made by iproute2, in chromium', () => {
  let network: TestNetwork
  let servers: readonly HubServer[] = []
  let browsers: readonly SideBrowser[] = []

  beforeAll(async () => {
    network = createTestNetwork()
    servers = await Promise.all([startRelay(network), startPlainSignaling(network)])
    browsers = await Promise.all((['left', 'right'] as const).map((side) => launchOn(network, side, inject('origin'))))
  })
  afterAll(async () => {
    await Promise.allSettled([...browsers, ...servers].map(({ close }) => close()))
    network?.close()
  })

  let pages: readonly Page[] = []
  const open = async (name: string): Promise<readonly [left: Page, right: Page]> => {
    const [left, right] = await Promise.all(browsers.map((browser) => browser.open(name)))
    if (!left || !right) throw new Error('There are two sides.')
    pages = [...pages, left, right]
    return [left, right]
  }
  const [relayUrl, plainUrl] = [() => servers[0]?.url ?? '', () => servers[1]?.url ?? '']
  let undo: (() => void) | undefined
  beforeEach(() => {
    pages = []
    undo = undefined
  })
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail')
      for (const page of pages)
        console.log(JSON.stringify(await page.evaluate(() => ({ log: e2e.log?.(), file: e2e.file?.() }))))
    await Promise.all(pages.map((page) => page.context().close()))
    undo?.()
  })

  const callWithParley = async (): Promise<readonly [Page, Page]> => {
    const [left, right] = await open('recovery')
    // The relay holds the ids of those who went with their network.
    const place = [randomUUID(), relayUrl()] as const
    await left.evaluate((place) => e2e.join('ann', ...place), place)
    await right.evaluate((place) => e2e.join('bob', ...place), place)
    await left.evaluate(() => e2e.call('bob'))
    return [left, right]
  }
  const callByHand = async (): Promise<readonly [Page, Page]> => {
    const [left, right] = await open('bare')
    await right.evaluate((url) => e2e.start(url, false), plainUrl())
    await left.evaluate((url) => e2e.start(url, true), plainUrl())
    return [left, right]
  }
  const numbersOf = (page: Page) => page.evaluate(() => e2e.numbers())
  const expectNumbers = (each: readonly Page[]) =>
    Promise.all(
      each.map((page) => expect.poll(async () => (await numbersOf(page))?.received, soon).toBeGreaterThan(20)),
    )
  /** ms from the moment until a number that was sent after it came, on the side where it took longer. */
  const recoveryOf = async (whose: string, each: readonly Page[], moment: number): Promise<number> => {
    const heard = (page: Page) => page.evaluate((moment) => e2e.heardSince(moment), moment)
    await Promise.all(each.map((page) => expect.poll(() => heard(page), { ...patience, message: whose }).toBeDefined()))
    return Math.max(...(await Promise.all(each.map(heard))).map((at) => (at ?? Number.NaN) - moment))
  }
  const expectWhole = async ([left, right]: readonly [Page, Page]): Promise<void> => {
    await Promise.all([left, right].map((page) => page.evaluate(() => e2e.stopNumbers())))
    for (const [from, to] of [
      [left, right],
      [right, left],
    ] as const) {
      const sent = (await numbersOf(from))?.sent
      await expect.poll(() => numbersOf(to), soon).toMatchObject({ received: sent, wrong: [] })
    }
  }

  it.each(changes)('goes on when $title, as soon as the best call by hand', async (change) => {
    undo = change.prepare?.(network)
    const parley = await callWithParley()
    const byHand = await callByHand()
    await expectNumbers([...parley, ...byHand])

    await change.act(network)
    const moment = now()
    await Promise.all(byHand.map((page) => page.evaluate(() => e2e.restart())))

    const [ours, theirs] = await Promise.all([
      recoveryOf('Parley', parley, moment),
      recoveryOf('by hand', byHand, moment),
    ])
    console.log(`${change.title}: Parley ${ours.toFixed(0)} ms, by hand ${theirs.toFixed(0)} ms`)
    await expectWhole(parley)
    expect(await parley[0].evaluate(() => e2e.view())).toMatchObject({ status: 'connected', ends: [] })
    expect(ours).toBeLessThan(1.2 * Math.max(theirs, change.usual ?? 0))
  })

  it('brings a file over whole while both addresses change', async () => {
    const [left, right] = await callWithParley()
    const fileOf = (page: Page) => page.evaluate(() => e2e.file())
    await expectNumbers([left, right])
    const send = () => left.evaluate((size) => e2e.sendFile(size), 24 * 1024 * 1024)
    const moveMeanwhile = async () => {
      await expect.poll(async () => (await fileOf(left)).sentBytes, patience).toBeGreaterThan(1024 * 1024)
      network.move('left', 'right')
      expect(await fileOf(left)).not.toHaveProperty('sent')
    }
    await Promise.all([send(), moveMeanwhile()])
    const { sent: digest } = await fileOf(left)
    await expect.poll(async () => (await fileOf(right)).received, patience).toBe(digest)
    await expectWhole([left, right])
  })
})
