import { createServer, connect, type AddressInfo, type Socket } from 'node:net'

/**
 * What becomes of connections through the proxy:
 *
 * - `pass`: nothing.
 * - `reset`: those that stand are reset, and so is each new one.
 * - `half-open`: they stay open and carry nothing any more, as when a network is unplugged. What was swallowed once
 *   stays so: such a connection is dead, only a new one heals.
 * - `slice`: they carry one byte at a time.
 * - `{ cutAfter }`: each new one is ended after so many bytes, both directions together.
 */
export type ChaosMode = 'pass' | 'reset' | 'half-open' | 'slice' | { readonly cutAfter: number }

export interface ChaosProxy {
  readonly port: number
  /** May be set at any time. */
  mode: ChaosMode
  /** Connections that were accepted. */
  readonly connections: number
  /** Connections that were reset or cut. */
  readonly cuts: number
  /** Bytes that went through, in both directions. */
  readonly bytes: number
  readonly close: () => Promise<void>
}

/** A TCP proxy on loopback, in front of a port of loopback, that does to its connections what bad networks do. */
export const createChaosProxy = async (targetPort: number): Promise<ChaosProxy> => {
  const connections = new Set<Connection>()
  const count = { connections: 0, cuts: 0, bytes: 0 }
  let mode: ChaosMode = 'pass'

  const server = createServer({ noDelay: true }, (client) => {
    count.connections += 1
    const connection = createConnection(client, targetPort, () => mode, count)
    connections.add(connection)
    connection.target.once('close', () => connections.delete(connection))
    if (mode === 'reset') connection.reset()
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve)
  })

  return {
    port: (server.address() as AddressInfo).port,
    get mode() {
      return mode
    },
    set mode(next) {
      mode = next
      if (next === 'reset') for (const { reset } of connections) reset()
    },
    get connections() {
      return count.connections
    },
    get cuts() {
      return count.cuts
    },
    get bytes() {
      return count.bytes
    },
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const { client, target } of connections) for (const socket of [client, target]) socket.destroy()
      await closed
    },
  }
}

interface Connection {
  readonly client: Socket
  readonly target: Socket
  readonly reset: () => void
}

const createConnection = (
  client: Socket,
  port: number,
  mode: () => ChaosMode,
  count: { cuts: number; bytes: number },
): Connection => {
  const target = connect({ port, host: '127.0.0.1', noDelay: true })
  const first = mode()
  let budget = typeof first === 'object' ? first.cutAfter : Infinity
  let isDeaf = false

  const reset = (): void => {
    if (!client.destroyed) count.cuts += 1
    client.resetAndDestroy()
    target.resetAndDestroy()
  }

  const pump = async (from: Socket, to: Socket): Promise<void> => {
    for await (const data of from as AsyncIterable<Buffer>) {
      if ((isDeaf ||= mode() === 'half-open')) continue
      const part = data.subarray(0, budget)
      budget -= part.length
      count.bytes += part.length
      for (const piece of mode() === 'slice' ? [...part].map((byte) => Buffer.of(byte)) : [part]) {
        await new Promise((resolve) => to.write(piece, resolve))
      }
      if (budget > 0) continue
      count.cuts += 1
      break
    }
    // The end of one direction is the end of both: a WebSocket has no half of a connection.
    from.destroySoon()
    to.destroySoon()
  }

  for (const [from, to] of [
    [client, target],
    [target, client],
  ] as const) {
    from.on('error', () => {}) // the close that follows is what counts
    void pump(from, to).catch(() => to.destroy())
  }
  return { client, target, reset }
}
