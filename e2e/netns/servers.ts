import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { TestNetwork } from './network.ts'

/** A server on the hub. */
export interface HubServer {
  /** Such as `ws://10.77.0.1:41234`. */
  readonly url: string
  readonly close: () => Promise<void>
}

/** Starts `parley-relay` from its sources. */
export const startRelay = (network: TestNetwork): Promise<HubServer> =>
  start(network, '../../scripts/relay.mjs', ['--host', network.hub, '--port', '0'], /"port":(\d+)/)

/** Starts the signaling server of the bare page. */
export const startPlainSignaling = (network: TestNetwork): Promise<HubServer> =>
  start(network, './plain-signaling.mjs', [network.hub], /^(\d+)$/m)

/** Runs a script on the hub until it has printed its port. */
const start = async (
  network: TestNetwork,
  script: string,
  args: readonly string[],
  portPattern: RegExp,
): Promise<HubServer> => {
  const [command, ...before] = network.on('hub')
  const path = fileURLToPath(new URL(script, import.meta.url))
  const child = spawn(command, [...before, process.execPath, path, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const exited = once(child, 'exit')
  let complaint = ''
  child.stderr.on('data', (data) => (complaint += String(data)))
  const port = await new Promise<string>((resolve, reject) => {
    let printed = ''
    child.stdout.on('data', (data) => {
      printed += String(data)
      const found = portPattern.exec(printed)?.[1]
      if (found !== undefined) resolve(found)
    })
    void exited.then(() => reject(new Error(`${script} ended on the hub:\n${complaint}`)))
  })
  return {
    url: `ws://${network.hub}:${port}`,
    close: async () => {
      child.kill('SIGKILL')
      await exited
    },
  }
}
