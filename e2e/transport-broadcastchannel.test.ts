import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { insecureHost } from './browsers.ts'
import { expectContract } from './contract.ts'
import { forEachBrowser, type TestBrowser } from './for-each-browser.ts'
import type { LoggedCall, TransportDriver } from './pages/transport-page.ts'

declare const e2e: TransportDriver

const soon = { interval: 20, timeout: 10_000 }

/** One instance in one tab. */
interface Tab {
  readonly page: Page
  readonly instance: string
  readonly log: (...types: LoggedCall['type'][]) => Promise<LoggedCall[]>
  readonly send: (to: string, text: string) => Promise<void>
}

const join = async (page: Page, id: string, instance: string): Promise<Tab> => {
  const tab = tabOf(page, instance)
  await page.evaluate(([id, instance]) => void e2e.join('room', id, instance), [id, instance] as const)
  await expect.poll(() => tab.log('open'), soon).toHaveLength(1)
  return tab
}

const tabOf = (page: Page, instance: string): Tab => ({
  page,
  instance,
  log: async (...types) => {
    const log = await page.evaluate((key) => e2e.log(key), instance)
    return log.filter(({ type }) => types.includes(type))
  },
  send: (to, text) => page.evaluate(([key, to, text]) => e2e.send(key, to, text), [instance, to, text] as const),
})

const openAndJoin = async (browser: TestBrowser, id: string, instance: string): Promise<Tab> =>
  join(await browser.openTab('transport'), id, instance)

/** Who came and went, as `+instance` and `-instance`. */
const presence = async (tab: Tab): Promise<string[]> =>
  (await tab.log('joined', 'left')).map(({ type, instance }) => `${type === 'joined' ? '+' : '-'}${instance}`)

const texts = async (tab: Tab): Promise<string[]> => (await tab.log('message')).map(({ id, text }) => `${id}: ${text}`)

/** Milliseconds from `since` until the tab was told that an instance left. */
const leftAfter = async (tab: Tab, instance: string, since: number): Promise<number> => {
  await expect.poll(() => presence(tab), soon).toContain(`-${instance}`)
  const left = (await tab.log('left')).find((call) => call.instance === instance)
  return (left?.at ?? Number.POSITIVE_INFINITY) - since
}

forEachBrowser((browser) => {
  it('keeps every promise of the contract', async () => {
    const page = await browser.openTab('transport')
    const names = await page.evaluate(() => e2e.checks())
    await expectContract(page, names)
    expect(await page.evaluate(() => e2e.locks())).toEqual([])
  })

  it('lets two tabs meet, each told of the other exactly once', async () => {
    const ann = await openAndJoin(browser, 'ann', 'ann-1')
    const bob = await openAndJoin(browser, 'bob', 'bob-1')
    await ann.send('bob', 'hello')
    await expect.poll(() => texts(bob), soon).toEqual(['ann: hello'])
    await bob.send('ann', 'hello yourself')
    await expect.poll(() => texts(ann), soon).toEqual(['bob: hello yourself'])
    await expect.poll(() => presence(ann), soon).toEqual(['+bob-1'])
    await expect.poll(() => presence(bob), soon).toEqual(['+ann-1'])
  })

  it('tells both tabs of each other exactly once when they join at the same moment', async () => {
    const pages = [await browser.openTab('transport'), await browser.openTab('transport')] as const
    for (let round = 0; round < 20; round += 1) {
      const [ann, bob] = [`ann-${round}`, `bob-${round}`] as const
      const tabs = await Promise.all([join(pages[0], 'ann', ann), join(pages[1], 'bob', bob)])
      await expect.poll(() => presence(tabs[0]), soon).toEqual([`+${bob}`])
      await expect.poll(() => presence(tabs[1]), soon).toEqual([`+${ann}`])
      await Promise.all(tabs.map(({ page, instance }) => page.evaluate((key) => e2e.close(key), instance)))
    }
    expect(await pages[0].evaluate(() => e2e.locks())).toEqual([])
  })

  it('brings a message to the same id in two tabs, and tells when one of them goes', async () => {
    const ann = await openAndJoin(browser, 'ann', 'ann-1')
    const one = await openAndJoin(browser, 'bob', 'bob-1')
    const two = await openAndJoin(browser, 'bob', 'bob-2')
    await expect.poll(() => presence(ann), soon).toEqual(['+bob-1', '+bob-2'])
    await ann.send('bob', 'which one?')
    await expect.poll(() => texts(one), soon).toEqual(['ann: which one?'])
    await expect.poll(() => texts(two), soon).toEqual(['ann: which one?'])
    await one.page.close()
    await expect.poll(() => presence(ann), soon).toEqual(['+bob-1', '+bob-2', '-bob-1'])
    const seen = await presence(two)
    expect([...seen].sort()).toEqual(['+ann-1', '+bob-1', '-bob-1'])
    expect(seen.at(-1)).toBe('-bob-1')
  })

  it('tells within a second that a tab was closed', async () => {
    const ann = await openAndJoin(browser, 'ann', 'ann-1')
    const bob = await openAndJoin(browser, 'bob', 'bob-1')
    const since = Date.now()
    await bob.page.close()
    expect(await leftAfter(ann, 'bob-1', since)).toBeLessThan(1000)
  })

  // Firefox keeps the tabs of one site in one process: a crash would take the witness too.
  const crashes = browser.name === 'chromium' ? it : undefined
  crashes?.('tells within a second that a tab crashed', async () => {
    const ann = await openAndJoin(browser, 'ann', 'ann-1')
    const bob = await openAndJoin(browser, 'bob', 'bob-1')
    const debugging = await bob.page.context().newCDPSession(bob.page)
    const since = Date.now()
    // The answer to this command dies with the tab.
    debugging.send('Page.crash').catch(() => {})
    expect(await leftAfter(ann, 'bob-1', since)).toBeLessThan(1000)
  })

  it('tells a reloaded tab as another instance', async () => {
    const ann = await openAndJoin(browser, 'ann', 'ann-1')
    const bob = await openAndJoin(browser, 'bob', 'bob-1')
    await bob.page.reload()
    await bob.page.waitForSelector('html[data-ready]', { state: 'attached' })
    const again = await join(bob.page, 'bob', 'bob-2')
    await expect.poll(() => presence(ann), soon).toEqual(['+bob-1', '-bob-1', '+bob-2'])
    await ann.send('bob', 'welcome back')
    await expect.poll(() => texts(again), soon).toEqual(['ann: welcome back'])
  })

  it('tells as left a tab that went to another page, and never twice when it comes back', async () => {
    const ann = await openAndJoin(browser, 'ann', 'ann-1')
    const bob = await openAndJoin(browser, 'bob', 'bob-1')
    await bob.page.goto(`${browser.origin}/transport?elsewhere`)
    await expect.poll(() => presence(ann), soon).toEqual(['+bob-1', '-bob-1'])
    await bob.page.goBack()
    await bob.page.waitForSelector('html[data-ready]', { state: 'attached' })
    // Whether the browser kept the page or loaded it anew, its old instance is gone.
    await join(bob.page, 'bob', 'bob-2')
    await expect.poll(() => presence(ann), soon).toEqual(['+bob-1', '-bob-1', '+bob-2'])
  })

  it('lets an iframe meet a tab, and tells when it is removed', async () => {
    const ann = await openAndJoin(browser, 'ann', 'ann-1')
    const page = await browser.openTab('transport')
    await page.evaluate(() => {
      const frame = document.createElement('iframe')
      frame.src = '/transport'
      document.body.append(frame)
    })
    await page.waitForFunction(() => document.querySelector('iframe')?.contentWindow && 'e2e' in frames[0]!)
    await page.evaluate(() => {
      const { e2e: inner } = frames[0] as unknown as { e2e: TransportDriver }
      inner.join('room', 'framed', 'framed-1')
    })
    await expect.poll(() => presence(ann), soon).toEqual(['+framed-1'])
    await page.evaluate(() => document.querySelector('iframe')?.remove())
    await expect.poll(() => presence(ann), soon).toEqual(['+framed-1', '-framed-1'])
  })

  it.each(['dedicated', 'shared'] as const)('lets a %s worker meet a tab', async (kind) => {
    const ann = await openAndJoin(browser, 'ann', 'ann-1')
    const page = await browser.openTab('transport')
    await page.evaluate((kind) => e2e.startWorker(kind, 'room', 'worker', 'worker-1'), kind)
    await expect.poll(() => presence(ann), soon).toEqual(['+worker-1'])
    await ann.send('worker', 'louder')
    await expect.poll(() => texts(ann), soon).toEqual(['worker: LOUDER'])
    if (kind === 'dedicated') await page.evaluate(() => e2e.stopWorker())
    else await page.close()
    await expect.poll(() => presence(ann), soon).toEqual(['+worker-1', '-worker-1'])
  })

  it('says that an id is unreachable, and does not bring the message later', async () => {
    const ann = await openAndJoin(browser, 'ann', 'ann-1')
    await ann.send('bob', 'anybody?')
    await expect.poll(() => ann.log('unreachable'), soon).toMatchObject([{ id: 'bob' }])
    const bob = await openAndJoin(browser, 'bob', 'bob-1')
    await ann.send('bob', 'there you are')
    await expect.poll(() => texts(bob), soon).toEqual(['ann: there you are'])
    expect(await ann.log('unreachable')).toHaveLength(1)
  })

  it('ignores what others post on its channel', async () => {
    const ann = await openAndJoin(browser, 'ann', 'ann-1')
    const bob = await openAndJoin(browser, 'bob', 'bob-1')
    await bob.page.evaluate(() => {
      const foreign = new BroadcastChannel('parley\nroom')
      const proto = JSON.parse('{"__proto__": {"to": "ann"}, "from": "eve", "instance": "eve-1"}') as object
      const junk = [null, undefined, 7, 'text', [], [[]], {}, new Map(), new Uint8Array(9), new Error('junk'), proto]
      for (const data of junk) foreign.postMessage(data)
      foreign.postMessage({ from: 'eve', instance: 'eve-1' })
      foreign.postMessage({ from: 'eve', instance: 'eve-1', to: 'ann', text: 5 })
      foreign.postMessage({ from: 5, instance: 'eve-1', to: 'ann', text: 'no sender' })
      foreign.close()
    })
    await bob.send('ann', 'still fine')
    await expect.poll(() => texts(ann), soon).toEqual(['bob: still fine'])
    expect(await presence(ann)).toEqual(['+bob-1'])
  })

  it('is two peers in one page, and in two rooms at once', async () => {
    const page = await browser.openTab('transport')
    const ann = await join(page, 'ann', 'ann-1')
    const bob = await join(page, 'bob', 'bob-1')
    await page.evaluate(() => void e2e.join('another room', 'ann', 'ann-2'))
    await ann.send('bob', 'in one page')
    await expect.poll(() => texts(bob), soon).toEqual(['ann: in one page'])
    expect(await presence(ann)).toEqual(['+bob-1'])
    expect(await presence(tabOf(page, 'ann-2'))).toEqual([])
  })

  it('says that the page must be served securely', async () => {
    const page = await browser.openTab('transport')
    await page.goto(browser.origin.replace('127.0.0.1', insecureHost) + '/transport')
    await page.waitForSelector('html[data-ready]', { state: 'attached' })
    const error = await page.evaluate(() => {
      try {
        e2e.join('room', 'ann', 'ann-1')
        return undefined
      } catch (thrown) {
        const { code, message } = thrown as Error & { code: string }
        return { code, message }
      }
    })
    expect(error).toMatchObject({
      code: 'insecure-context',
      message: expect.stringContaining('https or from localhost'),
    })
  })
})
