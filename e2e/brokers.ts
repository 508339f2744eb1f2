import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer as createHttpServer } from 'node:http'
import { connect, createServer, type AddressInfo, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Aedes } from 'aedes'
import { createWebSocketStream, WebSocketServer } from 'ws'
import { findFreePort } from './free-port.ts'

/** An MQTT broker on loopback, with a TCP and a WebSocket listener on free ports. */
export interface Broker {
  readonly url: string
  readonly websocketUrl: string
  readonly close: () => Promise<void>
}

/** A broker in a process of its own, which can die. */
export interface BrokerProcess extends Broker {
  /** Ends it as a power loss would: no farewell, no will. */
  readonly kill: () => Promise<void>
  /** Starts it again on the same ports. */
  readonly restart: () => Promise<void>
}

export interface MosquittoOptions {
  /** Lines of an access list; without it everybody may do everything. */
  readonly accessList?: readonly string[]
  /** More lines of its configuration. */
  readonly config?: readonly string[]
}

/** Starts mosquitto, which must be installed: MQTT 5 and 3.1.1. */
export const startMosquitto = ({ accessList, config = [] }: MosquittoOptions = {}): Promise<BrokerProcess> =>
  startProcess('mosquitto', 'PARLEY_MOSQUITTO', async (folder, port, websocketPort) => {
    const lines = [
      `listener ${port} 127.0.0.1`,
      `listener ${websocketPort} 127.0.0.1`,
      'protocol websockets',
      'allow_anonymous true',
      'persistence false',
      ...(process.getuid?.() === 0 ? ['user root'] : []), // else it could not read what root wrote
      ...config,
    ]
    if (accessList) {
      await writeFile(join(folder, 'access-list'), `${accessList.join('\n')}\n`)
      lines.push(`acl_file ${join(folder, 'access-list')}`)
    }
    return lines
  })

/** Starts the NATS server, which must be installed: MQTT 3.1.1 only, in front of JetStream. */
export const startNats = (): Promise<BrokerProcess> =>
  startProcess('nats-server', 'PARLEY_NATS', async (folder, port, websocketPort) => [
    'server_name: parley',
    `listen: "127.0.0.1:${await findFreePort()}"`,
    `jetstream { store_dir: "${join(folder, 'store')}" }`,
    `mqtt { listen: "127.0.0.1:${port}" }`,
    `websocket { listen: "127.0.0.1:${websocketPort}", no_tls: true }`,
  ])

const startProcess = async (
  program: string,
  variable: string,
  configure: (folder: string, port: number, websocketPort: number) => Promise<readonly string[]>,
): Promise<BrokerProcess> => {
  const folder = await mkdtemp(join(tmpdir(), `parley-${program}-`))
  const [port, websocketPort] = [await findFreePort(), await findFreePort()]
  const file = join(folder, 'config')
  await writeFile(file, `${(await configure(folder, port, websocketPort)).join('\n')}\n`)

  let child: ChildProcess | undefined
  const start = async (): Promise<void> => {
    // Debian puts both where the PATH of users does not look.
    const env = { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin` }
    const started = spawn(process.env[variable] ?? program, ['-c', file], { env, stdio: ['ignore', 'ignore', 'pipe'] })
    child = started
    let log = ''
    let fault: string | undefined
    started.stderr.on('data', (data) => (log = `${log}${data}`.slice(-2000)))
    started.once('exit', (code) => (fault ??= `${program} ended with ${code}: ${log}`))
    started.once('error', (error) => {
      fault = `${program} cannot be run (${error.message}). Install it (apt-get or brew install ${program}), or set ${variable} to its path.`
    })
    for (const each of [port, websocketPort]) await untilAccepted(each, () => fault)
  }
  const stop = async (signal: 'SIGKILL' | 'SIGTERM'): Promise<void> => {
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill(signal)
    await gone
  }
  // A run that dies takes its brokers along.
  const reap = (): void => void child?.kill('SIGKILL')
  process.once('exit', reap)
  const close = async (): Promise<void> => {
    await stop('SIGTERM')
    process.off('exit', reap)
    await rm(folder, { recursive: true, force: true })
  }

  await start().catch(async (error: unknown) => {
    await close()
    throw error
  })
  return {
    url: `mqtt://127.0.0.1:${port}`,
    websocketUrl: `ws://127.0.0.1:${websocketPort}/mqtt`,
    kill: () => stop('SIGKILL'),
    restart: start,
    close,
  }
}

/** Starts aedes in this process: MQTT 3.1.1 only. */
export const startAedes = async (): Promise<Broker & { readonly aedes: Aedes }> => {
  const aedes = await Aedes.createBroker()
  const tcp = createServer(aedes.handle)
  const http = createHttpServer()
  const sockets = new WebSocketServer({ server: http })
  sockets.on('connection', (socket, request) => {
    const stream = createWebSocketStream(socket)
    // A page that goes away in the middle of a packet is no news.
    stream.on('error', () => stream.destroy())
    aedes.handle(stream, request)
  })
  const [port, websocketPort] = [await listen(tcp), await listen(http)]
  return {
    aedes,
    url: `mqtt://127.0.0.1:${port}`,
    websocketUrl: `ws://127.0.0.1:${websocketPort}`,
    close: async () => {
      for (const socket of sockets.clients) socket.terminate()
      await new Promise<void>((resolve) => aedes.close(() => resolve()))
      await Promise.all([tcp, http].map((server) => new Promise((resolve) => server.close(resolve))))
    },
  }
}

const listen = async (server: Server): Promise<number> => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

const untilAccepted = async (port: number, fault: () => string | undefined): Promise<void> => {
  const end = Date.now() + 10_000
  while (!(await isAccepted(port))) {
    const reason = fault() ?? (Date.now() > end ? `Nobody listens at port ${port}.` : undefined)
    if (reason !== undefined) throw new Error(reason)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

const isAccepted = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true))
    socket.once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
