import wrtc from '@roamhq/wrtc'
import { createPeer, type Session } from '@parley-rtc/core'
import { mqttTransport } from '@parley-rtc/transport-mqtt'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startAedes, startMosquitto, type Broker } from './brokers.ts'
import { brokenSockets, expectContract } from './contract.ts'
import { forEachBrowser } from './for-each-browser.ts'
import type { ContractDriver } from './pages/contract-page.ts'
import type { PeerDriver } from './pages/peer-page.ts'
import { call, expectChat, expectEnd, expectStatus, soon, view } from './tabs.ts'

declare const e2e: PeerDriver & ContractDriver

const brokers = { mosquitto: startMosquitto, aedes: startAedes }

describe.each(['mosquitto', 'aedes'] as const)('over %s', (name) => {
  let broker: Broker
  beforeAll(async () => {
    broker = await brokers[name]()
  })
  afterAll(() => broker?.close())

  forEachBrowser((browser) => {
    const enter = async (id: string): Promise<Page> => {
      const page = await browser.openApart()
      await page.evaluate(([id, url]) => e2e.join({ id, room: 'room' }, 'accept', { broker: url }), [
        id,
        broker.websocketUrl,
      ] as const)
      return page
    }

    it('keeps every promise of the contract', { timeout: 120_000 }, async () => {
      browser.expectErrors(brokenSockets)
      const page = await browser.openTab('contract')
      let own: Broker | undefined
      // mosquitto ends a connection without WebSocket's closing handshake, and Firefox makes the next socket to that
      // port wait for it, longer each time.
      const startAnew = async (): Promise<readonly string[]> => {
        await own?.close()
        own = await brokers[name]()
        return page.evaluate((url) => e2e.checkBroker(url), own.websocketUrl)
      }
      try {
        await expectContract(page, await startAnew(), startAnew)
      } finally {
        await own?.close()
      }
    })

    it('connects two profiles, chats both ways, and tells a hang-up', async () => {
      browser.expectErrors(brokenSockets) // mqtt.js, when the page closes
      const [ann, bob] = [await enter('ann'), await enter('bob')]
      await call(ann, 'bob')
      await expectStatus([ann, bob], 'connected')
      await expectChat(ann, bob)
      await ann.evaluate(() => e2e.session().hangup('lunch is over'))
      await expectEnd(ann, bob, 'hangup', 'lunch is over')
      for (const page of [ann, bob]) await page.evaluate(() => e2e.close())
    })
  })
})

describe('over mosquitto, when it dies, a browser and a device', () => {
  forEachBrowser((browser) => {
    it('talk on, negotiate without it, and meet again when it is back', async () => {
      browser.expectErrors(brokenSockets)
      const broker = await startMosquitto()
      const { RTCPeerConnection } = wrtc
      const device = createPeer({
        id: 'device',
        room: 'room',
        transport: mqttTransport({ url: broker.url }),
        rtc: { RTCPeerConnection },
      })
      const answered: Session[] = []
      device.on('call', (session) => {
        answered.push(session)
        session.openChannel('chat').on('message', (text) => session.openChannel('chat').send(`heard ${String(text)}`))
        session.accept()
      })
      try {
        await device.ready
        const page = await browser.openApart()
        await page.evaluate(
          (url) => e2e.join({ id: 'ann', room: 'room' }, 'accept', { broker: url }),
          broker.websocketUrl,
        )
        await call(page, 'device')
        await expectStatus([page], 'connected')
        await expect.poll(async () => (await view(page))?.signaling, soon).toBe('control')
        await broker.kill()
        await page.evaluate(() => e2e.say('one'))
        await expect.poll(async () => (await view(page))?.chat, soon).toEqual(['heard one'])
        // A track needs an offer and an answer, which now go from peer to peer.
        await page.evaluate(() => e2e.addMedia('audio'))
        await expect.poll(() => answered[0]?.peerConnection?.getReceivers().length, soon).toBe(1)
        await broker.restart()
        await page.evaluate(() => e2e.session().hangup())
        await expectStatus([page], 'ended')
        await call(page, 'device')
        await expectStatus([page], 'connected')
        await page.evaluate(() => e2e.say('two'))
        await expect.poll(async () => (await view(page))?.chat, soon).toEqual(['heard two'])
        await page.evaluate(() => e2e.close())
      } finally {
        await device.close()
        await broker.close()
      }
    })
  })
})
