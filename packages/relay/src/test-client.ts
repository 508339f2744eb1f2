import { onTestFinished } from 'vitest'
import { WebSocket, type ClientOptions } from 'ws'
import { subprotocol } from './wire.ts'

/** A client for tests that speaks the wire by hand. */
export interface TestClient {
  readonly socket: WebSocket
  /** Every frame so far, as text. */
  readonly frames: string[]
  /** What the relay itself said so far, parsed. */
  readonly said: () => Record<string, unknown>[]
  readonly send: (to: string, payload: string) => void
  readonly hello: (fields: object) => void
  /** The next frame (that fits) which nobody took yet. */
  readonly take: (fits?: (frame: string) => boolean) => Promise<string>
  /** Resolves when the relay has read everything that was sent so far, pongs included. */
  readonly settle: () => Promise<void>
  readonly takeSaid: (type: string) => Promise<Record<string, unknown>>
  /** Code and reason of the end. */
  readonly closed: Promise<readonly [number, string]>
  readonly opened: Promise<void>
}

export interface TestClientOptions extends ClientOptions {
  readonly protocols?: string[]
}

export const connect = (url: string, { protocols = [subprotocol], ...options }: TestClientOptions = {}): TestClient => {
  const socket = new WebSocket(url, protocols, options)
  onTestFinished(() => socket.terminate())
  const frames: string[] = []
  const taken = new Set<number>()
  const watchers = new Set<() => void>()
  socket.on('message', (data) => {
    frames.push(String(data))
    for (const watcher of watchers) watcher()
  })
  socket.on('error', () => {})
  const closed = new Promise<readonly [number, string]>((resolve) =>
    socket.on('close', (code, reason) => resolve([code, String(reason)])),
  )
  const opened = new Promise<void>((resolve, reject) => socket.once('open', resolve).once('error', reject))
  opened.catch(() => {})
  const take = (fits: (frame: string) => boolean = () => true): Promise<string> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const index = frames.findIndex((frame, at) => !taken.has(at) && fits(frame))
        if (index < 0) return
        taken.add(index)
        watchers.delete(look)
        resolve(frames[index] ?? '')
      }
      watchers.add(look)
      look()
      closed.then(
        ([code, reason]) => reject(new Error(`Closed with ${code} ${reason}; seen ${JSON.stringify(frames)}`)),
        reject,
      )
    })
  const said = (): Record<string, unknown>[] =>
    frames.filter((frame) => /^\n./s.test(frame)).map((frame) => JSON.parse(frame) as Record<string, unknown>)
  return {
    socket,
    frames,
    said,
    send: (to, payload) => socket.send(`${to}\n${payload}`),
    hello: (fields) => socket.send(JSON.stringify({ room: 'lobby', instance: 'i1', ...fields })),
    take,
    takeSaid: async (type) => {
      const frame = await take((text) => text.startsWith('\n{') && JSON.parse(text).type === type)
      return JSON.parse(frame) as Record<string, unknown>
    },
    settle: async () => {
      socket.send('\n')
      await take((frame) => frame === '\n')
    },
    closed,
    opened,
  }
}

/** A client that is in the room, and what it was welcomed with. */
export const join = async (
  url: string,
  fields: { readonly id: string; readonly [field: string]: string },
  options?: TestClientOptions,
): Promise<TestClient & { readonly welcome: { resume: string; peers: { id: string; instance: string }[] } }> => {
  const client = connect(url, options)
  await client.opened
  client.hello(fields)
  const welcome = (await client.takeSaid('welcome')) as unknown as {
    resume: string
    peers: { id: string; instance: string }[]
  }
  return { ...client, welcome }
}
