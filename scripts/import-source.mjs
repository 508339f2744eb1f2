/** Imports a TypeScript module of this repository: Node 20 runs none, vite does, and takes the packages' sources. */
import { root } from './run.mjs'

export const importSource = async (path) => {
  const { createServer, defaultServerConditions } = await import('vite')
  // It stays open, because a module can import another one later; it listens to nothing and watches nothing.
  const server = await createServer({
    root,
    configFile: false,
    appType: 'custom',
    logLevel: 'warn',
    server: { middlewareMode: true, hmr: false, ws: false, watch: null },
    optimizeDeps: { noDiscovery: true },
    ssr: {
      noExternal: [/^@parley-rtc\//],
      resolve: { conditions: ['@parley-rtc/source', ...defaultServerConditions] },
    },
  })
  return server.ssrLoadModule(path)
}
