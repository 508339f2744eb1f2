import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createPeer } from '@parley-rtc/core'
import { adviseOn } from '@parley-rtc/core/advice'
import { createFakeWebRtc } from '@parley-rtc/core/testing'
import { createRelay } from '@parley-rtc/relay'
import { webSocketTransport } from '@parley-rtc/transport-ws'
import { WebSocket } from 'ws'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { forEachBrowser } from './for-each-browser.ts'
import type { AdviceDriver } from './pages/advice-page.ts'
import { ownAddress, startRefusingTurnServer } from './refusing-turn-server.ts'

declare const e2e: AdviceDriver

const credentials = { username: 'ann', credential: 'of yesterday' }
let turn: Awaited<ReturnType<typeof startRefusingTurnServer>>
/** An address at which nothing listens. */
let nobody: string

beforeAll(async () => {
  turn = await startRefusingTurnServer()
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, resolve))
  nobody = `turn:${ownAddress()}:${(server.address() as AddressInfo).port}?transport=tcp`
  await new Promise((resolve) => server.close(resolve))
})
afterAll(() => turn.close())

forEachBrowser((browser) => {
  it('names the cause of a call that finds no way', async () => {
    const tab = await browser.openTab('advice')
    const unreachable = [{ urls: nobody, ...credentials }]
    const configurations: [string, RTCConfiguration][] = [
      ['no-turn', {}],
      ['udp-blocked', { iceServers: unreachable }],
      ['relay-unreachable', { iceServers: unreachable, iceTransportPolicy: 'relay' }],
      ['expired-credentials', { iceServers: [{ urls: turn.url, ...credentials }] }],
    ]
    const found = await Promise.all(
      configurations.map(async ([cause, configuration]) => [
        cause,
        await tab.evaluate((configuration) => e2e.onCallToNowhere(configuration, 4_000), configuration),
      ]),
    )
    for (const [cause, advice] of found) expect(advice).toEqual({ cause, sentence: expect.stringMatching(/\.$/) })
  })

  it('knows a camera that may not be used', async () => {
    browser.expectErrors(/Permissions policy violation/)
    const tab = await browser.openTab('advice')
    expect(await tab.evaluate(() => e2e.onRefusedCamera())).toMatchObject({ cause: 'permission' })
  })
})

it('knows a relay that lets nobody in', async () => {
  const relay = createRelay({ port: 0, authorize: () => undefined })
  const url = `ws://127.0.0.1:${(await relay.listen()).port}`
  const { RTCPeerConnection } = createFakeWebRtc()
  const transport = webSocketTransport({ url, WebSocket })
  const peer = createPeer({ id: 'ann', room: 'lobby', transport, rtc: { RTCPeerConnection } })
  const error: unknown = await peer.ready.catch((reason: unknown) => reason)
  expect(adviseOn(error as Error)).toMatchObject({ cause: 'transport-refused' })
  await peer.close()
  await relay.close()
})
