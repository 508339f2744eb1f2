import { createPeer, type Channel, type ChannelData, type Peer, type Session } from '@parley-rtc/core'
import { receiveFiles, sendFile, type FileProgress } from '@parley-rtc/core/files'
import { messagesOf, writableOf } from '@parley-rtc/core/streams'
import { broadcastChannelTransport } from '@parley-rtc/transport-broadcastchannel'

/** A message by its kind, its bytes, and a hash of them. */
export type Digest = readonly [kind: 'text' | 'bytes', length: number, hash: string]

const kinds = ['text', 'bytes', 'blob'] as const

let peer: Peer | undefined
let session: Session | undefined
const heard: Promise<Digest>[] = []
const events: string[] = []

const current = (): Session => {
  if (!session) throw new Error('This page has no session.')
  return session
}

const digestOf = async (data: string | ArrayBuffer): Promise<Digest> => {
  const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : new Uint8Array(data)
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  return [typeof data === 'string' ? 'text' : 'bytes', bytes.length, [...hash.slice(0, 8)].join('.')]
}

const bytesOf = (length: number, seed: number): Uint8Array<ArrayBuffer> =>
  Uint8Array.from({ length }, (_, index) => (index * 31 + (index >> 8) + seed) % 251)

const dataOf = (kind: (typeof kinds)[number], length: number, seed: number): ChannelData => {
  if (kind === 'text') return 'aä€'.repeat(length / 6) + String(seed)
  const bytes = bytesOf(length, seed)
  return kind === 'blob' ? new Blob([bytes]) : bytes
}

const keep = (channel: Channel): void => {
  channel.on('message', (data) => heard.push(digestOf(data)))
  channel.on('close', () => events.push(`${channel.label} closed`))
  channel.on('lost', ({ reason, messages }) => events.push(`${channel.label} lost ${messages} ${reason}`))
}

const take = (taken: Session): void => {
  session = taken
  session.on('warning', ({ message }) => events.push(message))
}

/** What the tests of channels reach through `window.e2e`. */
const driver = {
  events,
  session: current,
  join: async (id: string): Promise<void> => {
    peer = createPeer({ id, room: 'channels', transport: broadcastChannelTransport() })
    peer.on('call', (call) => {
      take(call)
      call.accept()
    })
    await peer.ready
  },
  call: async (id: string): Promise<void> => {
    if (!peer) throw new Error('This page has not joined.')
    take(peer.call(id))
    await current().connected
  },
  status: () => session?.getSnapshot().status,
  /** Opens a channel, or joins one, and keeps what it says. */
  listen: (label: string): void => keep(current().openChannel(label)),
  /** Sends one message of each kind for each length, without waiting in between. Returns what must arrive. */
  sendAll: async (label: string, lengths: readonly number[], seed: number): Promise<readonly Digest[]> => {
    const channel = current().openChannel(label)
    const messages = lengths.flatMap((length) => kinds.map((kind) => dataOf(kind, length, seed)))
    await Promise.all(messages.map((message) => channel.send(message)))
    return Promise.all(
      messages.map(async (message) => {
        if (typeof message === 'string') return digestOf(message)
        return digestOf(await new Blob([message]).arrayBuffer())
      }),
    )
  },
  heard: (): Promise<readonly Digest[]> => Promise.all(heard),
  /** Answers every message on every channel that the other side opens. */
  echo: (): void => void current().on('channel', (channel) => channel.on('message', (data) => void channel.send(data))),
  /** Opens so many channels of all sorts, says something on each, and waits for all echoes. */
  talk: async (count: number): Promise<number> => {
    const sorts = [{}, { ordered: false }, { protocol: 'talk' }, { maxRetransmits: 50 }, { maxPacketLifeTime: 5000 }]
    const channels = Array.from({ length: count }, (_, index) =>
      current().openChannel(`talk ${index}`, sorts[index % sorts.length]),
    )
    const echoes = channels.map((channel) => {
      const echo = new Promise((resolve) => channel.on('message', resolve))
      channel.send(`I am ${channel.label}`)
      return echo
    })
    const answers = await Promise.all(echoes)
    return answers.filter((answer, index) => answer === `I am talk ${index}`).length
  },
  /** Sends so many MiB as fast as the channel takes them; returns the most bytes that waited meanwhile. */
  flood: async (label: string, mebibytes: number): Promise<number> => {
    const channel = current().openChannel(label)
    const piece = bytesOf(2 ** 16, 1)
    let most = 0
    for (let sent = 0; sent < mebibytes * 16; sent += 1) {
      await channel.send(piece)
      most = Math.max(most, channel.bufferedAmount)
    }
    return most
  },
  /** Counts the messages of a channel until it closes. */
  countMessages: async (label: string): Promise<readonly [messages: number, bytes: number]> => {
    let [messages, bytes] = [0, 0]
    for await (const message of messagesOf(current().openChannel(label))) {
      messages += 1
      bytes += typeof message === 'string' ? message.length : message.byteLength
    }
    return [messages, bytes]
  },
  /** Pipes a Blob through a channel, which closes behind it. */
  pipe: (label: string, length: number): Promise<void> =>
    new Blob([bytesOf(length, 5)]).stream().pipeTo(writableOf(current().openChannel(label))),
  sendFile: async (length: number, name: string): Promise<{ digest: Digest; progress: readonly FileProgress[] }> => {
    const progress: FileProgress[] = []
    const file = new File([bytesOf(length, 9)], name, { type: 'application/x-test' })
    await sendFile(current(), file, { name: file.name, onProgress: (each) => progress.push(each) })
    return { digest: await digestOf(await file.arrayBuffer()), progress }
  },
  receiveFile: (): Promise<{ name: string; type: string; digest: Digest }> =>
    new Promise((resolve, reject) => {
      receiveFiles(current(), async (incoming) => {
        const { name, type } = incoming
        await incoming.accept().then(async (blob) => {
          resolve({ name, type, digest: await digestOf(await blob.arrayBuffer()) })
        }, reject)
      })
    }),
  close: (): Promise<void> | undefined => peer?.close(),
}

export type ChannelsDriver = typeof driver

Object.assign(window, { e2e: driver })
document.documentElement.setAttribute('data-ready', '')
