import { readdirSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, defaultClientConditions } from 'vite'
import { attachSignalingServers } from '../apps/playground/signaling-servers.ts'

/**
 * Serves `e2e/pages`, and the playground beneath `/playground/`, both built from the TypeScript sources; `/relay` and
 * `/mqtt` are there as in `npm start`.
 */
export interface PageServer {
  /** Such as `http://127.0.0.1:41234`, without a slash at its end. */
  readonly origin: string
  readonly close: () => Promise<void>
}

/** Files by their paths, such as `assets/index.js`. */
type Site = ReadonlyMap<string, string | Uint8Array>

const pages = fileURLToPath(new URL('./pages', import.meta.url))
const playground = fileURLToPath(new URL('../apps/playground', import.meta.url))

const contentTypes: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
}

/** Starts a server on a free port of 127.0.0.1. What `intercept` answers is none of its pages. */
export const startPageServer = async (
  intercept: (path: string) => Promise<string> | undefined,
): Promise<PageServer> => {
  // Built once and when first asked for: a page of a hundred modules would load for most of the time of its test.
  const sites: Partial<Record<'pages' | 'playground', Promise<Site>>> = {}
  const find = async (path: string): Promise<readonly [name: string, content: string | Uint8Array | undefined]> => {
    const inPlayground = /^\/playground\/(.*)$/.exec(path)?.[1]
    const name = (inPlayground ?? path.slice(1)).replace(/^$/, 'index').replace(/^\w+$/, '$&.html')
    const site =
      inPlayground === undefined
        ? (sites.pages ??= buildPages())
        : (sites.playground ??= buildSite({ root: playground }))
    return [name, (await site).get(name)]
  }

  const answer: RequestListener = (request, response) => {
    const path = request.url?.split('?')[0] ?? '/'
    const intercepted = intercept(path)?.then((text) => ['', text] as const)
    ;(intercepted ?? find(path)).then(
      ([name, content]) =>
        content === undefined
          ? response.writeHead(404).end()
          : response.writeHead(200, { 'content-type': contentTypes[extname(name)] ?? 'text/plain' }).end(content),
      (error: unknown) => response.writeHead(500).end(String(error)),
    )
  }
  const http = createServer(answer)
  const signaling = await attachSignalingServers(http)
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    close: async () => {
      await signaling.close()
      http.closeAllConnections()
      await new Promise((resolve) => http.close(resolve))
    },
  }
}

const buildPages = (): Promise<Site> => {
  const input = readdirSync(pages)
    .filter((file) => file.endsWith('.html'))
    .map((file) => `${pages}/${file}`)
  return buildSite({
    root: pages,
    configFile: false,
    resolve: { conditions: ['@parley-rtc/source', ...defaultClientConditions] },
    worker: { format: 'es' },
    build: { minify: false, target: 'esnext', modulePreload: false, rolldownOptions: { input } },
  })
}

const buildSite = async (config: Parameters<typeof build>[0]): Promise<Site> => {
  const built = await build({ ...config, logLevel: 'error', build: { ...config?.build, write: false } })
  const outputs = Array.isArray(built) ? built : 'output' in built ? [built] : []
  return new Map(
    outputs.flatMap(({ output }) =>
      output.map((file) => [file.fileName, file.type === 'chunk' ? file.code : file.source]),
    ),
  )
}
