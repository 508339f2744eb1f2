import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { findFreePort } from './free-port.ts'

/** A relay in a process of its own, which can die like one. */
export interface RelayProcess {
  readonly url: string
  /** SIGKILL: it closes nothing and tells nobody. */
  readonly kill: () => Promise<void>
  /** Starts it again on the same port. */
  readonly restart: () => Promise<void>
}

const script = fileURLToPath(new URL('../scripts/relay.mjs', import.meta.url))

/** Starts `parley-relay` from its sources on a free port of 127.0.0.1. */
export const startRelayProcess = async (...args: readonly string[]): Promise<RelayProcess> => {
  const port = await findFreePort()
  let child: ChildProcess | undefined
  const start = async (): Promise<void> => {
    child = spawn(process.execPath, [script, '--port', String(port), ...args], { stdio: ['ignore', 'ignore', 'pipe'] })
    let complaint = ''
    child.stderr?.on('data', (data) => (complaint += String(data)))
    while (!(await isReady(port)))
      if (child.exitCode !== null) throw new Error(`The relay did not start:\n${complaint}`)
  }
  const kill = async (): Promise<void> => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }
  await start()
  return { url: `ws://127.0.0.1:${port}`, kill, restart: start }
}

const isReady = (port: number): Promise<boolean> =>
  fetch(`http://127.0.0.1:${port}/readyz`).then(
    ({ ok }) => ok,
    () => new Promise((resolve) => setTimeout(resolve, 20, false)),
  )
