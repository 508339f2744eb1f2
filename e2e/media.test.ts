import { expect, it } from 'vitest'
import { forEachBrowser } from './for-each-browser.ts'
import type { MediaDriver } from './pages/media-page.ts'

declare const e2e: MediaDriver

forEachBrowser((browser) => {
  it.each(['alive', 'dead'] as const)(
    'settles twelve transceivers from both sides at once in few offers, with a transport that is %s',
    async (transport) => {
      const tab = await browser.openTab('media')
      const { offers, rollbacks, arrived, warnings } = await tab.evaluate(
        (transport) => e2e.storm(transport),
        transport,
      )
      expect(arrived).toEqual([12, 12])
      expect(offers.reduce((sum, count) => sum + count)).toBeLessThanOrEqual(6)
      expect(rollbacks).toBe(0)
      expect(warnings).toEqual([])
    },
  )

  it('takes the tracks of both sides into the first offer and its answer', async () => {
    const tab = await browser.openTab('media')
    const { offers, sections } = await tab.evaluate(() => e2e.tracksFromTheStart())
    expect(offers).toEqual([1, 0])
    expect(sections).toEqual([6, 6])
  })

  it('sends over the section that was offered, when the callee has a transceiver for it', async () => {
    const tab = await browser.openTab('media')
    const { offers, sections, keepsStream } = await tab.evaluate(() => e2e.transceiverOfCallee())
    expect(offers).toEqual([1, 0])
    expect(sections).toEqual([1, 1])
    expect(keepsStream).toEqual([[true]])
  })

  it('makes a section of its own for a transceiver with encodings', async () => {
    const tab = await browser.openTab('media')
    const { sections, keepsStream, bitrates } = await tab.evaluate(() =>
      e2e.transceiverOfCallee({ sendEncodings: [{ maxBitrate: 50_000 }] }),
    )
    expect(sections).toEqual([2, 2])
    expect(keepsStream).toEqual([[true]])
    expect(bitrates).toEqual([undefined, 50_000])
  })

  it('tells of tracks that come, are muted, go and come again', async () => {
    const tab = await browser.openTab('media')
    const { told, isMuted, staysMuted, offersMeanwhile, messages, warnings } = await tab.evaluate(() => e2e.comeAndGo())
    const video = ['video', 'video muted', 'video loud', 'no video', 'video']
    expect(told).toEqual([...video, 'audio', 'no audio', 'audio', 'no audio'])
    expect({ isMuted, staysMuted }).toEqual({ isMuted: true, staysMuted: true })
    expect(offersMeanwhile).toBe(0)
    expect(messages).toEqual([2, 0])
    expect(warnings).toEqual([])
  })

  it('carries tracks and transceivers over to another connection, and what is muted', async () => {
    const tab = await browser.openTab('media')
    const sides = await tab.evaluate(() => e2e.replaced())
    expect(sides.map(({ role }) => role).sort()).toEqual(['callee', 'caller'])
    for (const { tracks } of sides)
      expect(tracks).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ kind: 'audio', muted: true }),
          expect.objectContaining({ kind: 'video', muted: false }),
        ]),
      )
  })

  it('says that there is no common codec, and stays connected', async () => {
    const tab = await browser.openTab('media')
    const { status, warnings, advice } = await tab.evaluate(() => e2e.noCommonCodec())
    expect(status).toBe('connected')
    const warning = 'The two sides have no codec for video in common.'
    expect(warnings).toEqual([[warning], [warning]])
    expect(advice).toMatchObject({ cause: 'codecs', sentence: expect.stringContaining('codec') })
  })

  it('reports the selected pair while connected, and after the end on both sides', async () => {
    const tab = await browser.openTab('media')
    const { during, after } = await tab.evaluate(() => e2e.reports())
    for (const { connection, candidateTypes, signals, end } of [...during, ...after]) {
      expect(connection).toMatchObject({ state: 'connected', ice: 'connected' })
      // The other side may have closed it already.
      expect(connection?.dtls).toMatch(end ? /connected|closed/ : /connected/)
      expect(connection?.pair).toMatchObject({ protocol: 'udp', local: expect.stringMatching(/host|prflx/) })
      expect(connection?.pair?.bytesSent).toBeGreaterThan(0)
      expect(candidateTypes.sent['host udp']).toBeGreaterThan(0)
      expect(candidateTypes.received['host udp']).toBeGreaterThan(0)
      expect(signals.sent).toHaveProperty('candidates')
    }
    expect(after.map(({ end }) => end?.by)).toEqual(['local', 'remote'])
  })
})
