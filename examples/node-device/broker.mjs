/** A broker on loopback for one run: mosquitto where it is installed, else one in this process. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Resolves to its two addresses once it takes connections; `close` is for the end of the process. */
export const startBroker = async () => (await startMosquitto()) ?? (await startAedes())

const startMosquitto = async () => {
  const [port, websocketPort] = [await findFreePort(), await findFreePort()]
  const folder = mkdtempSync(join(tmpdir(), 'parley-mosquitto-'))
  const file = join(folder, 'mosquitto.conf')
  writeFileSync(
    file,
    [
      `listener ${port} 127.0.0.1`,
      `listener ${websocketPort} 127.0.0.1`,
      'protocol websockets',
      'allow_anonymous true',
      'persistence false',
      '',
    ].join('\n'),
  )
  // Debian puts it where the PATH of users does not look.
  const env = { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin` }
  const child = spawn('mosquitto', ['-c', file], { stdio: 'ignore', env })
  const ended = new Promise((resolve) => {
    child.once('error', () => resolve(true))
    child.once('exit', () => resolve(true))
  })
  const clear = () => rmSync(folder, { recursive: true, force: true })
  if (await Promise.race([ended, untilOpen(websocketPort)])) return clear()
  return {
    name: `mosquitto, process ${child.pid}`,
    url: `mqtt://127.0.0.1:${port}`,
    websocket: `ws://127.0.0.1:${websocketPort}`,
    close: () => {
      child.kill()
      clear()
    },
  }
}

const startAedes = async () => {
  const [{ Aedes }, { createWebSocketStream, WebSocketServer }] = await Promise.all([import('aedes'), import('ws')])
  const broker = await Aedes.createBroker()
  const tcp = createServer(broker.handle).listen(0, '127.0.0.1')
  const http = createHttpServer().listen(0, '127.0.0.1')
  await Promise.all([once(tcp, 'listening'), once(http, 'listening')])
  new WebSocketServer({ server: http }).on('connection', (socket) => {
    const stream = createWebSocketStream(socket)
    stream.on('error', () => stream.destroy())
    broker.handle(stream)
  })
  return {
    name: 'aedes',
    url: `mqtt://127.0.0.1:${tcp.address().port}`,
    websocket: `ws://127.0.0.1:${http.address().port}`,
    close: () => {}, // it lives in this process
  }
}

const findFreePort = async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

const untilOpen = async (port) => {
  while (!(await accepts(port))) await new Promise((resolve) => setTimeout(resolve, 20))
}

const accepts = (port) =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
