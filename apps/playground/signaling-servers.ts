import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { createRelay } from '@parley-rtc/relay'
import { Aedes } from 'aedes'
import { createWebSocketStream, WebSocketServer } from 'ws'

/** The relay and a broker, on the port that serves the page: `/relay` and `/mqtt`. */
export const attachSignalingServers = async (server: Server): Promise<{ readonly close: () => Promise<void> }> => {
  const relay = createRelay({ server, path: '/relay' })
  const broker = await Aedes.createBroker()
  const sockets = new WebSocketServer({ noServer: true, maxPayload: 256 * 1024 })

  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    if (request.url?.split('?')[0] !== '/mqtt') return
    sockets.handleUpgrade(request, socket, head, (opened) => {
      const stream = createWebSocketStream(opened)
      // A page that goes away in the middle of a packet is no news.
      stream.on('error', () => stream.destroy())
      broker.handle(stream)
    })
  }
  server.on('upgrade', onUpgrade)

  return {
    close: async () => {
      server.off('upgrade', onUpgrade)
      for (const socket of sockets.clients) socket.terminate()
      await relay.close()
      await new Promise<void>((resolve) => broker.close(() => resolve()))
    },
  }
}
