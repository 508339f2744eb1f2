import type { Server } from 'node:http'
import type { Server as SecureServer } from 'node:https'

/** Binds a server. Rejects with the error of the system, such as EADDRINUSE. */
export const listenOn = (server: Server, port: number, host: string): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })

/** Closes a server and what is connected to it. Does not mind one that never listened. */
export const stopServer = (server: Server | SecureServer): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
