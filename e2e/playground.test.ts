import type { SessionSnapshot } from '@parley-rtc/core'
import { negotiationMachine, sessionMachine } from '@parley-rtc/core/machines'
import type { Locator, Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { sessionStepsOf } from '../apps/playground/src/side/session-steps.ts'
import { brokenSockets } from './contract.ts'
import { forEachBrowser, type TestBrowser } from './for-each-browser.ts'

const soon = { interval: 20, timeout: 15_000 }

type Who = 'alice' | 'bob'

const openPlayground = async (browser: TestBrowser, query = ''): Promise<Page> => {
  const page = await browser.openPath(`playground/${query}`)
  for (const pane of await panes(page).all()) await expect.poll(() => statusOf(pane), soon).toBe('ready')
  return page
}

const panes = (page: Page): Locator => page.locator('[data-side]')

const paneOf = (page: Page, who: Who): Locator => page.locator(`[data-side="${who}"]`)

const statusOf = (pane: Locator): Promise<string | null> => pane.getAttribute('data-status')

const press = (page: Page, who: Who, name: string): Promise<void> =>
  paneOf(page, who).getByRole('button', { name, exact: true }).click()

const expectStatus = async (page: Page, who: Who, status: string): Promise<void> => {
  await expect.poll(() => statusOf(paneOf(page, who)), soon).toBe(status)
}

const connect = async (caller: Page, callee: Page): Promise<void> => {
  await press(caller, 'alice', 'Call')
  await expectStatus(callee, 'bob', 'ringing')
  await press(callee, 'bob', 'Accept')
  await expectStatus(caller, 'alice', 'connected')
  await expectStatus(callee, 'bob', 'connected')
}

const say = async (page: Page, who: Who, text: string): Promise<void> => {
  await paneOf(page, who).locator('input:not([readonly])').fill(text)
  await press(page, who, 'Send')
}

const chatOf = (page: Page, who: Who): Promise<string[]> => paneOf(page, who).locator('.bubble').allInnerTexts()

const messages = (page: Page): Promise<(string | null)[]> =>
  page.locator('[data-message]').evaluateAll((rows) => rows.map((row) => row.getAttribute('data-message')))

/** The states in which the chart of a machine shows somebody. */
const litStates = (page: Page, machine: string, who: Who): Promise<(string | null)[]> =>
  page
    .locator(`[data-machine="${machine}"] .lit-${who}`)
    .evaluateAll((states) => states.map((state) => state.getAttribute('data-state')))

/** The transitions that the chart of a machine shows as taken by somebody. */
const takenEdges = (page: Page, machine: string, who: Who): Promise<(string | null)[]> =>
  page
    .locator(`[data-machine="${machine}"] .edge.taken-${who}`)
    .evaluateAll((edges) => edges.map((edge) => edge.getAttribute('data-edge')))

const heightOf = async (locator: Locator): Promise<number> => (await locator.boundingBox())?.height ?? 0

interface StateBox {
  readonly state: string
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
}

/** Where the chart of a machine draws its states. */
const stateBoxes = (page: Page, machine: string): Promise<StateBox[]> =>
  page.locator(`[data-machine="${machine}"] [data-state] > .shape:not(.inner)`).evaluateAll((shapes) =>
    shapes.map((shape) => {
      const { left, top, right, bottom } = shape.getBoundingClientRect()
      return { state: shape.parentElement?.getAttribute('data-state') ?? '', left, top, right, bottom }
    }),
  )

const placeOf = (one: StateBox, other: StateBox): 'inside' | 'apart' | 'across' => {
  if (one.left > other.left && one.right < other.right && one.top > other.top && one.bottom < other.bottom)
    return 'inside'
  const isBeside = one.right < other.left || one.left > other.right
  return isBeside || one.bottom < other.top || one.top > other.bottom ? 'apart' : 'across'
}

interface StateNode {
  readonly key: string
  readonly path: readonly string[]
  readonly states: Readonly<Record<string, StateNode>>
}

const statesWithin = (node: StateNode): readonly StateNode[] =>
  Object.values(node.states).flatMap((state) => [state, ...statesWithin(state)])

forEachBrowser((browser) => {
  it('lets two panes call, chat both ways and hang up, and tells the other side why it ended', async () => {
    const page = await openPlayground(browser)
    await connect(page, page)
    await say(page, 'alice', 'Hello bob')
    await expect.poll(() => chatOf(page, 'bob'), soon).toEqual(['Hello bob'])
    await say(page, 'bob', 'Hello alice')
    await expect.poll(() => chatOf(page, 'alice'), soon).toEqual(['Hello bob', 'Hello alice'])

    await press(page, 'bob', 'Hang up')
    await expectStatus(page, 'alice', 'ended')
    await expectStatus(page, 'bob', 'ended')
    expect(await paneOf(page, 'alice').locator('.status').innerText()).toContain('bob hung up.')
    expect(await paneOf(page, 'alice').locator('.reason').innerText()).toBe('hangup, by remote')
    expect(await paneOf(page, 'bob').locator('.reason').innerText()).toBe('hangup, by local')
  })

  it('tells the caller that its call was rejected, and lets it call again', async () => {
    const page = await openPlayground(browser)
    await press(page, 'alice', 'Call')
    await expectStatus(page, 'bob', 'ringing')
    await press(page, 'bob', 'Reject')
    await expectStatus(page, 'alice', 'ended')
    expect(await paneOf(page, 'alice').locator('.status').innerText()).toContain('bob rejected the call.')
    await expectStatus(page, 'bob', 'ended')
    await connect(page, page)
  })

  it('connects when both call at once, and again after that', async () => {
    const page = await openPlayground(browser)
    const both = page.getByRole('button', { name: 'Both call at once' })
    for (const hangingUp of ['alice', 'bob'] as const) {
      await both.click()
      await expectStatus(page, 'alice', 'connected')
      await expectStatus(page, 'bob', 'connected')
      await say(page, 'alice', 'You too?')
      await expect.poll(() => chatOf(page, 'bob'), soon).toEqual(['You too?'])
      await press(page, hangingUp, 'Hang up')
      await expectStatus(page, 'alice', 'ended')
      await expectStatus(page, 'bob', 'ended')
    }
  })

  it('connects two tabs', async () => {
    const alice = await openPlayground(browser)
    const [bob] = await Promise.all([
      alice.context().waitForEvent('page'),
      alice.getByRole('link', { name: 'Open a second tab' }).click(),
    ])
    await expect.poll(() => panes(alice).count(), soon).toBe(1)
    await expectStatus(alice, 'alice', 'ready')
    await expectStatus(bob, 'bob', 'ready')
    await expect.poll(() => alice.locator('.elsewhere').innerText(), soon).toContain('In another tab')

    await connect(alice, bob)
    for (const tab of [alice, bob])
      expect((await messages(tab)).filter((type) => type !== 'candidates')).toEqual(['offer', 'ringing', 'answer'])
    await say(bob, 'bob', 'From the other tab')
    await expect.poll(() => chatOf(alice, 'alice'), soon).toEqual(['From the other tab'])
    await bob.close()
    await expectStatus(alice, 'alice', 'ended')
    expect(await paneOf(alice, 'alice').locator('.status').innerText()).toContain('bob left.')
  })

  it.each([
    ['WebSocket', 'the relay'],
    ['MQTT', 'the MQTT broker'],
  ])('connects two browsers over %s', async (link, words) => {
    browser.expectErrors(brokenSockets) // of a page that is left while its socket opens
    const alice = await openPlayground(browser, '?as=alice')
    await alice.getByRole('link', { name: link }).click()
    expect(await alice.locator('footer').innerText()).toContain(words)
    await expectStatus(alice, 'alice', 'ready')
    const address = await alice.getByRole('link', { name: 'Open a second tab' }).getAttribute('href')
    const bob = await browser.openEmpty()
    await bob.goto(`${browser.origin}/playground/${address}`)
    await expectStatus(bob, 'bob', 'ready')
    await expect.poll(() => alice.locator('.elsewhere').innerText(), soon).toContain('In another tab')
    await connect(alice, bob)
    await say(bob, 'bob', 'From the other browser')
    await expect.poll(() => chatOf(alice, 'alice'), soon).toEqual(['From the other browser'])
    await press(alice, 'alice', 'Hang up')
    await expectStatus(bob, 'bob', 'ended')
  })

  it('goes back from two tabs to two panes', async () => {
    const page = await openPlayground(browser, '?as=bob')
    await page.getByRole('link', { name: 'Two panes' }).click()
    await expect.poll(() => panes(page).count(), soon).toBe(2)
    await expectStatus(page, 'alice', 'ready')
    await expectStatus(page, 'bob', 'ready')
    await connect(page, page)
  })

  it('draws every state of both machines', async () => {
    const page = await openPlayground(browser)
    for (const { id, root } of [sessionMachine, negotiationMachine]) {
      const chart = page.locator(`[data-machine="${id}"]`)
      const states = statesWithin(root)
      expect(states.length).toBeGreaterThan(5)
      const drawn = await chart
        .locator('[data-state]')
        .evaluateAll((groups) => groups.map((group) => group.getAttribute('data-state')))
      expect(new Set(drawn)).toEqual(new Set(states.map(({ path }) => path.join('.'))))
      expect(drawn).toHaveLength(states.length)
      const texts = await chart.locator('text').allTextContents()
      for (const { key } of states) expect(texts).toContain(key)
    }
  })

  it('keeps each state inside the box of its parent, and nothing else', async () => {
    const page = await openPlayground(browser)
    for (const { id, root } of [sessionMachine, negotiationMachine]) {
      const boxes = await stateBoxes(page, id)
      expect(boxes).toHaveLength(statesWithin(root).length)
      for (const [index, one] of boxes.entries())
        for (const other of boxes.slice(index + 1)) {
          const [outer, inner] = one.state.length < other.state.length ? [one, other] : [other, one]
          const isWithin = inner.state.startsWith(`${outer.state}.`)
          expect(placeOf(inner, outer), `${inner.state} and ${outer.state}`).toBe(isWithin ? 'inside' : 'apart')
        }
    }
  })

  it('shows where both sides are, and what they told each other', async () => {
    const page = await openPlayground(browser)
    await press(page, 'alice', 'Call')
    await expectStatus(page, 'bob', 'ringing')
    await expect.poll(() => litStates(page, 'session', 'alice'), soon).toEqual(['active.calling.heard'])
    expect(await litStates(page, 'session', 'bob')).toEqual(['ringing'])
    expect(await litStates(page, 'negotiation', 'bob')).toEqual([])
    await press(page, 'bob', 'Accept')
    await expectStatus(page, 'alice', 'connected')
    await expectStatus(page, 'bob', 'connected')
    expect(await litStates(page, 'session', 'bob')).toEqual(['active.connected.live'])
    await expect.poll(() => litStates(page, 'negotiation', 'alice'), soon).toEqual(['stable.holdingFloor'])
    await expect.poll(() => litStates(page, 'negotiation', 'bob'), soon).toEqual(['stable.listening'])
    const told = (await messages(page)).filter((type) => type !== 'candidates')
    expect(told).toEqual(['offer', 'ringing', 'answer'])
  })

  it('shows the way that each side takes to the end', async () => {
    const page = await openPlayground(browser)
    await connect(page, page)
    await press(page, 'bob', 'Hang up')
    await expectStatus(page, 'alice', 'ended')
    await expectStatus(page, 'bob', 'ended')
    const connected = 'active.connecting>active.connected.live'
    const heard = 'active.calling.unheard>active.calling.heard'
    const caller = ['idle>active.calling.unheard', heard, 'active.calling>active.connecting.attempting', connected]
    const callee = ['idle>ringing.present', 'ringing>active.connecting.attempting', connected]
    expect(new Set(await takenEdges(page, 'session', 'alice'))).toEqual(new Set([...caller, 'active>ended']))
    expect(new Set(await takenEdges(page, 'session', 'bob'))).toEqual(
      new Set([...callee, 'active>active.ending', 'active.ending>ended']),
    )
  })

  it('lets the caller write before anybody answers', async () => {
    const page = await openPlayground(browser)
    const input = (who: Who) => paneOf(page, who).locator('.say input')
    const canWrite = async () => [await input('alice').isEditable(), await input('bob').isEditable()]
    expect(await canWrite()).toEqual([false, false])
    await press(page, 'alice', 'Call')
    await expectStatus(page, 'bob', 'ringing')
    expect(await canWrite()).toEqual([true, false])
    await press(page, 'bob', 'Reject')
    await expectStatus(page, 'alice', 'ended')
    expect(await canWrite()).toEqual([false, false])
    await press(page, 'alice', 'Call')
    await expectStatus(page, 'bob', 'ringing')
    await say(page, 'alice', 'Are you there?')
    expect(await chatOf(page, 'alice')).toEqual(['Are you there?'])
    await press(page, 'bob', 'Accept')
    await expect.poll(() => chatOf(page, 'bob'), soon).toEqual(['Are you there?'])
  })

  it('fits the chart of the session into a window of 1400 px', async () => {
    const page = await openPlayground(browser)
    await page.setViewportSize({ width: 1400, height: 900 })
    const box = page.locator('[data-machine="session"] .chart-box')
    expect(await box.evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)).toBe(0)
  })

  it('offers only what fits: nobody can accept or hang up before there is a call', async () => {
    const page = await openPlayground(browser)
    const enabled = () => paneOf(page, 'bob').locator('.actions .button:not([aria-disabled="true"])').allInnerTexts()
    expect(await enabled()).toEqual(['Call'])
    await press(page, 'alice', 'Call')
    await expectStatus(page, 'bob', 'ringing')
    expect(await enabled()).toEqual(['Accept', 'Reject'])
    await press(page, 'bob', 'Accept')
    await expectStatus(page, 'bob', 'connected')
    expect(await enabled()).toEqual(['Hang up'])
  })

  it('shows the report of a session', async () => {
    const page = await openPlayground(browser)
    await connect(page, page)
    const before = await heightOf(paneOf(page, 'bob'))
    await paneOf(page, 'alice').locator('summary').click()
    await expect.poll(() => paneOf(page, 'alice').locator('pre').innerText(), soon).toContain('"status": "connected"')
    expect(await heightOf(paneOf(page, 'alice'))).toBeGreaterThan(before)
    expect(await heightOf(paneOf(page, 'bob'))).toBe(before)
  })

  const setFault = (page: Page, name: string, value: string): Promise<void> =>
    page.getByRole('slider', { name }).fill(value)

  it('connects although a fifth of the messages is lost, and a fifth comes twice', async () => {
    const page = await openPlayground(browser)
    await page.getByText('Faults: none').click()
    await setFault(page, 'Lost', '20')
    await setFault(page, 'Doubled', '20')
    expect(await page.locator('.faults summary').innerText()).toBe('Faults: lost 20 %, doubled 20 %')
    await connect(page, page)
    await say(page, 'alice', 'In spite of it all')
    await expect.poll(() => chatOf(page, 'bob'), soon).toEqual(['In spite of it all'])
  })

  it('calls when signaling is back, and keeps the call when it is cut again', async () => {
    const page = await openPlayground(browser)
    const cut = page.getByRole('switch', { name: 'Cut signaling' })
    const signaling = () => paneOf(page, 'alice').locator('.details dd').first().innerText()
    await page.getByText('Faults: none').click()
    await cut.check()
    await press(page, 'alice', 'Call')
    await expectStatus(page, 'alice', 'calling')
    expect(await signaling()).toContain('none')
    expect(await statusOf(paneOf(page, 'bob'))).not.toBe('ringing')
    await cut.uncheck()
    await expectStatus(page, 'bob', 'ringing')
    await press(page, 'bob', 'Accept')
    await expectStatus(page, 'alice', 'connected')
    await expect.poll(signaling, soon).toContain('control')
    await cut.check()
    await say(page, 'alice', 'Still here')
    await expect.poll(() => chatOf(page, 'bob'), soon).toEqual(['Still here'])
    await press(page, 'bob', 'Hang up')
    await expectStatus(page, 'alice', 'ended')
  })
})

describe('the steps of a session', () => {
  const connected: SessionSnapshot = {
    status: 'connected',
    role: 'caller',
    remoteId: 'bob',
    negotiation: 'stable.listening',
    endReason: undefined,
    liveness: 'live',
    connection: 1,
    signaling: 'control',
    channels: [],
    candidates: { queued: 0, applied: 0, stale: 0, dropped: 0 },
  }
  const calling: SessionSnapshot = { ...connected, status: 'calling', liveness: 'unheard' }
  const interrupted: SessionSnapshot = { ...connected, status: 'interrupted', liveness: undefined }
  const ended: SessionSnapshot = { ...connected, status: 'ended', liveness: undefined, endReason: 'closed' }
  const renewed: SessionSnapshot = { ...interrupted, status: 'recovering', connection: 2 }
  const recovering = { state: 'recovering', event: 'rtc.failed' }

  it.each([
    ['a side that has the call', calling, { ...calling, liveness: 'heard' }, undefined, [{ state: 'calling.heard' }]],
    ['a silent side', connected, { ...connected, liveness: 'silent' }, undefined, [{ state: 'connected.doubted' }]],
    ['a frozen page', connected, { ...connected, liveness: 'frozen' }, undefined, [{ state: 'connected.frozen' }]],
    ['a hang-up', connected, ended, 'hangup', [{ state: 'ended', event: 'signal.hangup' }]],
    ['a side that is gone', connected, ended, 'candidates', [{ state: 'ended', event: 'rtc.closed' }]],
    ['a side that is gone for long', interrupted, ended, undefined, [{ state: 'ended', event: 'remote.left' }]],
    [
      'a side that began anew',
      connected,
      { ...ended, endReason: 'replaced' },
      undefined,
      [{ state: 'ended', event: 'remote.replaced' }],
    ],
    [
      'a connection of the other side',
      interrupted,
      renewed,
      'offer',
      [{ state: 'replacing', event: 'signal.offer' }, recovering],
    ],
    [
      'a connection of this side',
      interrupted,
      renewed,
      'ping',
      [{ state: 'recovering.renewing' }, { state: 'replacing', event: '' }, recovering],
    ],
  ] as const)('tell of %s', (_, before, session, heard, steps) => {
    expect(sessionStepsOf({ session, heard }, before)).toEqual(steps)
  })
})
