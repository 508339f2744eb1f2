import type { SignalingJoin } from '@parley-rtc/core'
// oxlint-disable-next-line no-restricted-imports -- part of the tests
import { createVirtualClock } from '@parley-rtc/core/testing'
import { createFakeWebSocket, type FakeSocket } from './fake-web-socket.ts'
import { webSocketTransport, type WebSocketTransportOptions } from './index.ts'

/** Everything that a transport told, in order. */
export const createListener = (id = 'ann') => {
  const calls: unknown[] = []
  const reasons: (Error | undefined)[] = []
  const join: SignalingJoin = {
    room: 'lobby',
    self: { id, instance: `${id}-1` },
    onOpen: () => calls.push('open'),
    onMessage: (from, text) => calls.push([from, text]),
    onPresence: ({ type, peer }) => calls.push(`${type} ${peer.id} ${peer.instance}`),
    onUnreachable: (to) => calls.push(`unreachable ${to}`),
    onClose: (reason) => {
      calls.push('close')
      reasons.push(reason)
    },
  }
  return { calls, reasons, join }
}

export interface StageOptions extends Partial<WebSocketTransportOptions> {
  readonly canTerminate?: boolean
}

/** One link whose time and whose relay are in the hands of the test. */
export const createStage = async ({ canTerminate = false, ...options }: StageOptions = {}) => {
  const clock = createVirtualClock({ start: 1_000 })
  const { WebSocket, sockets } = createFakeWebSocket({ canTerminate })
  const { calls, reasons, join } = createListener()
  const url = 'wss://relay.example'
  const transport = webSocketTransport({ url, WebSocket, clock, random: () => 0, ...options })
  const link = transport(join)
  await clock.advance(0)

  /** The newest socket. */
  const socket = (): FakeSocket => sockets.at(-1) as FakeSocket
  const say = (frame: object): void => socket().deliver(`\n${JSON.stringify(frame)}`)
  const welcome = (...peers: unknown[]): void => {
    socket().open()
    say({ type: 'welcome', resume: 'token of the relay', peers })
  }
  /** Loses the connection, and waits for the next attempt. */
  const reconnect = async (code = 1006, reason = ''): Promise<void> => {
    socket().end(code, reason)
    await clock.runUntil(() => false, 1)
  }
  return { clock, sockets, socket, calls, reasons, link, counters: transport.counters, say, welcome, reconnect }
}

export const peer = (id: string, instance = `${id}-1`) => ({ id, instance })
