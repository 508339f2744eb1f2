import { createPeer, type Channel, type Peer, type PeerOptions, type Session, type SessionEnd } from '@parley-rtc/core'
import { receiveFiles, sendFile } from '@parley-rtc/core/files'
import { broadcastChannelTransport } from '@parley-rtc/transport-broadcastchannel'
import { webSocketTransport } from '@parley-rtc/transport-ws'
import { createNumbers, now, type Happening } from './numbers.ts'

let peer: Peer | undefined
let session: Session | undefined
let numbers: ReturnType<typeof createNumbers> | undefined
/** What is read of the statistics of a connection. */
interface Stats {
  readonly type: string
  readonly id: string
  readonly selectedCandidatePairId?: string
  readonly localCandidateId?: string
  readonly remoteCandidateId?: string
  readonly candidateType?: string
  readonly port?: number
  readonly relayProtocol?: string
}

const file: { sentBytes: number; sent?: string; received?: string } = { sentBytes: 0 }
const log: Happening[] = []
const ends: SessionEnd[] = []

const note = (what: string): void => void log.push({ at: now(), what })

const talk = (channel: Channel): void => {
  numbers = createNumbers((text) => void channel.send(text))
  channel.on('message', (data) => numbers?.take(String(data)))
  channel.on('close', () => numbers?.stop())
}

const digestOf = async (blob: Blob): Promise<string> => {
  const digest = await crypto.subtle.digest('SHA-256', await blob.arrayBuffer())
  return new Uint8Array(digest).join(' ')
}

const watch = (watched: Session): void => {
  session = watched
  receiveFiles(watched, async (incoming) => {
    file.received = await digestOf(await incoming.accept())
  })
  let last = ''
  watched.on('state', ({ status, liveness, connection }) => {
    const what = [status, liveness, connection].join(' ')
    if (what !== last) note(what)
    last = what
  })
  watched.on('ended', (end) => ends.push(end))
}

/** What tests reach through `window.e2e`. */
const driver = {
  /** Joins over the relay at this address, or with the other tabs, and accepts whoever calls. */
  join: async (id: string, room: string, relay?: string, rtc: PeerOptions['rtc'] = {}): Promise<void> => {
    const transport = relay === undefined ? broadcastChannelTransport() : webSocketTransport({ url: relay })
    peer = createPeer({ id, room, transport, rtc })
    peer.on('warning', ({ message }) => note(message))
    peer.on('call', (called) => {
      watch(called)
      called.on('channel', (channel) => {
        if (channel.label === 'numbers') talk(channel)
      })
      called.accept()
    })
    await peer.ready
  },
  /** Calls, and opens a channel on which both sides send numbers. */
  call: (id: string): void => {
    if (!peer) throw new Error('This page has not joined.')
    watch(peer.call(id))
    if (session) talk(session.openChannel('numbers'))
  },
  /** Sends a file of so many bytes; `file` tells how far it is, and the digests that both sides took of the whole. */
  sendFile: async (size: number): Promise<void> => {
    if (!session) throw new Error('This page has no session.')
    const blob = new Blob([Uint32Array.from({ length: size / 4 }, (_, index) => Math.imul(index, 2654435761))])
    await sendFile(session, blob, { name: 'file', onProgress: ({ bytes }) => (file.sentBytes = bytes) })
    file.sent = await digestOf(blob)
  },
  file: () => file,
  view: () => {
    const { status, liveness, connection } = session?.getSnapshot() ?? {}
    return { status, liveness, connection, ends }
  },
  /** What carries the connection: its candidates on both sides. */
  path: async () => {
    const stats = [...((await session?.peerConnection?.getStats()) ?? new Map<string, Stats>()).values()] as Stats[]
    const pairId = stats.find(({ type }) => type === 'transport')?.selectedCandidatePairId
    const pair = stats.find(({ id }) => id === pairId)
    const candidate = (id?: string) => stats.find((entry) => entry.id === id)
    return [candidate(pair?.localCandidateId), candidate(pair?.remoteCandidateId)].map((found) => ({
      type: found?.candidateType,
      port: found?.port,
      relayProtocol: found?.relayProtocol,
    }))
  },
  numbers: () => numbers?.view(),
  /** What the session was when: to read when a test goes wrong. */
  log: (): readonly Happening[] => log,
  stopNumbers: (): void => numbers?.stop(),
  heardSince: (moment: number) => numbers?.heardSince(moment),
  close: () => peer?.close(),
}

/** The driver of the page `recovery`. */
export type RecoveryDriver = typeof driver

Object.assign(window, { e2e: driver })
document.documentElement.setAttribute('data-ready', '')
