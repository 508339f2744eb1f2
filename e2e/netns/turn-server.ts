import { spawn, type ChildProcess } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findFreePort } from '../free-port.ts'

/** A TURN server on loopback, over UDP and TCP. */
export interface TurnServer {
  /** Entries of `iceServers`, for one transport, whose credentials this server takes until that time: ms since 1970. */
  readonly iceServers: (transport: 'udp' | 'tcp', expiresAt: number) => RTCIceServer[]
  /** What it has written. */
  readonly log: () => string
  /** Ends it without a word to its clients. */
  readonly stop: () => Promise<void>
  /** Starts it again on the same port, after it was ended: all it relayed is gone. */
  readonly restart: () => Promise<void>
  readonly close: () => Promise<void>
}

const secret = 'not so secret'

/** Starts coturn, which must be installed. */
export const startTurnServer = async (): Promise<TurnServer> => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-turn-'))
  const port = await findFreePort()
  const program = process.env['PARLEY_COTURN'] ?? 'turnserver'
  const args = [
    '--listening-ip=127.0.0.1',
    `--listening-port=${port}`,
    '--relay-ip=127.0.0.1',
    '--allow-loopback-peers',
    '--realm=parley.test',
    '--use-auth-secret',
    `--static-auth-secret=${secret}`,
    '--fingerprint',
    '--no-tls',
    '--no-dtls',
    '--no-cli',
    '--log-file=stdout',
    '--verbose',
    `--pidfile=${join(folder, 'pid')}`,
    `--userdb=${join(folder, 'users')}`,
  ]

  let child: ChildProcess | undefined
  let log = ''
  const start = async (): Promise<void> => {
    const started = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    child = started
    let fault: Error | undefined
    started.once('error', (error) => (fault = error))
    started.once('exit', (code) => (fault ??= new Error(`turnserver ended with ${code}:\n${log}`)))
    for (const stream of [started.stdout, started.stderr]) stream.on('data', (data) => (log += String(data)))
    while (!(await accepts(port))) if (fault) throw fault
  }
  const stop = async (): Promise<void> => {
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }
  // A run that dies takes its server along.
  const reap = (): void => void child?.kill('SIGKILL')
  process.once('exit', reap)
  const close = async (): Promise<void> => {
    await stop()
    process.off('exit', reap)
    await rm(folder, { recursive: true, force: true })
  }

  await start().catch(async (error: unknown) => {
    await close()
    throw error
  })
  return {
    // What draft-uberti-behave-turn-rest-00 says: the name tells the end in seconds, the secret of the server signs it.
    iceServers: (transport, expiresAt) => {
      const username = `${Math.floor(expiresAt / 1000)}:parley`
      const credential = createHmac('sha1', secret).update(username).digest('base64')
      return [{ urls: `turn:127.0.0.1:${port}?transport=${transport}`, username, credential }]
    },
    log: () => log,
    stop,
    restart: async () => {
      await stop()
      await start()
    },
    close,
  }
}

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => setTimeout(resolve, 20, false))
  })
