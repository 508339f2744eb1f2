/** Starts a broker, the device and the dashboard, and starts the device again whenever it dies. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { ensureModules } from '../../scripts/install.mjs'

await ensureModules()
const { createServer, defaultClientConditions } = await import('vite')
const { startBroker } = await import('./broker.mjs')

const { values } = parseArgs({
  options: { broker: { type: 'string' }, websocket: { type: 'string' }, interval: { type: 'string', default: '200' } },
})
const own = values.broker && values.websocket ? undefined : await startBroker()
const broker = values.broker ?? own.url
const websocket = values.websocket ?? own.websocket

const page = await createServer({
  root: fileURLToPath(new URL('.', import.meta.url)),
  configFile: false,
  logLevel: 'warn',
  resolve: { conditions: ['@parley-rtc/source', ...defaultClientConditions] },
  optimizeDeps: { include: ['mqtt'] }, // found late, it would load the page again
  server: { host: '127.0.0.1', port: Number(process.env['PORT'] ?? 5174), strictPort: false },
})
await page.listen()

let device
const startDevice = () => {
  device = spawn(process.execPath, [fileURLToPath(new URL('device.mjs', import.meta.url)), broker, values.interval], {
    stdio: 'inherit',
  })
  console.log(`  Device:     process ${device.pid}`)
  // A second, so that a device that cannot start does not spin.
  device.once('exit', () => setTimeout(startDevice, 1_000))
}
// Vite ends this process at a signal, in its own time; what it started goes with it, however it ends.
process.once('exit', () => {
  device?.kill()
  own?.close()
})
process.once('SIGINT', () => process.exit(0))

const { port } = page.httpServer.address()
console.log(`\n  Broker:     ${broker} and ${websocket}${own ? ` (${own.name})` : ''}`)
console.log(`  Dashboard:  http://127.0.0.1:${port}/?broker=${websocket}`)
startDevice()
