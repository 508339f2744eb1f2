import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { brokenSockets } from './contract.ts'
import { forEachBrowser } from './for-each-browser.ts'

const start = fileURLToPath(new URL('../examples/node-device/start.mjs', import.meta.url))
const soon = { interval: 20, timeout: 20_000 }

const numberIn = (page: Page, id: string): Promise<number> => page.locator(`#${id}`).innerText().then(Number)

const statusOf = (page: Page): Promise<string> => page.locator('#status').innerText()

const expectReadings = (page: Page, atLeast: number): Promise<void> =>
  expect.poll(() => numberIn(page, 'received'), soon).toBeGreaterThanOrEqual(atLeast)

forEachBrowser((browser) => {
  let example: ChildProcess
  let printed = ''

  /** What the command printed behind a word, each time. */
  const printedAfter = (pattern: RegExp): string[] => [...printed.matchAll(pattern)].map(([, value = '']) => value)
  const lastDevice = (): number => Number(printedAfter(/Device: +process (\d+)/g).at(-1))

  beforeEach(async () => {
    printed = ''
    example = spawn(process.execPath, [start, '--interval', '5'], {
      env: { ...process.env, PORT: '0' },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    example.stdout?.on('data', (data) => (printed += String(data)))
    await expect.poll(() => printedAfter(/broker (open)/g), soon).toHaveLength(1)
  })
  afterEach(async () => {
    if (example.exitCode !== null) return
    const exited = once(example, 'exit')
    example.kill()
    await exited
  })

  const openDashboard = async (): Promise<Page> => {
    const [address = ''] = printedAfter(/Dashboard: +(\S+)/g)
    const page = await browser.openEmpty()
    await page.goto(address)
    await expect.poll(() => statusOf(page), soon).toBe('connected')
    return page
  }

  it('shows 1,000 readings of the device without a gap, in two browsers, and takes the command of one', async () => {
    browser.expectErrors(brokenSockets) // mqtt.js, when the page closes

    const [one, other] = [await openDashboard(), await openDashboard()]
    await expectReadings(one, 1_000)
    await expectReadings(other, 200)
    expect([await numberIn(one, 'missed'), await numberIn(other, 'missed')]).toEqual([0, 0])
    const before = await numberIn(one, 'temperature')
    await one.getByRole('checkbox', { name: 'Fan' }).check()
    await expect.poll(() => numberIn(other, 'temperature'), soon).toBeLessThan(before - 1)
  })

  it('goes on without mosquitto, and with the device when it comes back', async () => {
    // The socket of the page breaks, as it shall.
    browser.expectErrors(brokenSockets)
    const page = await openDashboard()
    const device = lastDevice()
    process.kill(device, 'SIGKILL')
    await expect.poll(lastDevice, soon).not.toBe(device)
    const before = await numberIn(page, 'received')
    await expectReadings(page, before + 100)
    expect(await statusOf(page)).toBe('connected')

    const [broker] = printedAfter(/mosquitto, process (\d+)/g)
    expect(broker).toBeDefined()
    process.kill(Number(broker), 'SIGKILL')
    await expect.poll(() => page.locator('#broker').innerText(), soon).toBe('lost')
    await expectReadings(page, (await numberIn(page, 'received')) + 200)
    expect(await statusOf(page)).toBe('connected')
  })
})
