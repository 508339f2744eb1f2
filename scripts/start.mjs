/** `npm start`: serves the playground from the sources, without a build. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { importSource } from './import-source.mjs'
import { ensureModules } from './install.mjs'
import { fail, root } from './run.mjs'

const playground = join(root, 'apps/playground')
if (!existsSync(join(playground, 'index.html')))
  fail('apps/playground/index.html is missing, so there is nothing to show.')

await ensureModules()
const { createServer, defaultClientConditions } = await import('vite')

const server = await createServer({
  root: playground,
  logLevel: 'warn',
  clearScreen: false,
  resolve: { conditions: ['@parley-rtc/source', ...defaultClientConditions] },
  optimizeDeps: { include: ['mqtt'] }, // found late, it would load the page again
  // Browsers give camera and crypto to loopback pages without https. A taken port means: the next free one.
  server: { host: '127.0.0.1', port: Number(process.env['PORT'] ?? 5173), strictPort: false },
})
const { attachSignalingServers } = await importSource(join(playground, 'signaling-servers.ts'))
const signaling = await attachSignalingServers(server.httpServer)
await server.listen()

const { port } = server.httpServer.address()
console.log(
  [
    '',
    `  Parley playground:  http://127.0.0.1:${port}/`,
    `  WebSocket relay:    ws://127.0.0.1:${port}/relay`,
    `  MQTT broker:        ws://127.0.0.1:${port}/mqtt`,
    '',
    '  It shows both sides of a call; “Open a second tab” gives each its own.',
    '  Stop with Ctrl-C.',
    '',
  ].join('\n'),
)

const stop = () => {
  void Promise.all([signaling.close(), server.close()]).finally(() => process.exit(0))
}
process.once('SIGINT', stop)
process.once('SIGTERM', stop)
