import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { createServer as createVite, defaultClientConditions } from 'vite'

/** Serves `e2e/pages` and the TypeScript sources beneath it. */
export interface PageServer {
  /** Such as `http://127.0.0.1:41234`, without a slash at its end. */
  readonly origin: string
  readonly close: () => Promise<void>
}

const root = fileURLToPath(new URL('./pages', import.meta.url))
const repository = fileURLToPath(new URL('..', import.meta.url))

/** Starts a server on a free port of 127.0.0.1. */
export const startPageServer = async (): Promise<PageServer> => {
  const vite = await createVite({
    root,
    configFile: false,
    appType: 'custom',
    logLevel: 'error',
    // No reload while somebody edits a file, and no dependency that is found late and reloads the page in a test.
    server: {
      middlewareMode: true,
      hmr: false,
      ws: false,
      watch: null,
      allowedHosts: true,
      fs: { allow: [repository] },
    },
    optimizeDeps: { noDiscovery: true, include: [] },
    resolve: { conditions: ['@parley-rtc/source', ...defaultClientConditions] },
  })
  const http = createServer((request, response) => {
    servePage(request, response).then(
      (served) => {
        if (!served) vite.middlewares(request, response)
      },
      (error: unknown) => response.writeHead(500).end(String(error)),
    )
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    close: async () => {
      http.closeAllConnections()
      await new Promise((resolve) => http.close(resolve))
      await vite.close()
    },
  }
}

/** Pages are sent as they are: Vite would add the client of its hot reload. */
const servePage = async (request: IncomingMessage, response: ServerResponse): Promise<boolean> => {
  const path = request.url?.split('?')[0]?.match(/^\/(\w*)$/)?.[1]
  if (path === undefined) return false
  const html = await readFile(`${root}/${path || 'index'}.html`)
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(html)
  return true
}
