import { parseArgs } from 'node:util'
import wrtc from '@roamhq/wrtc'
import { createPeer, type Session, type SignalingTransport } from '@parley-rtc/core'
import { memoryNetwork } from '@parley-rtc/core/testing'
import { createRelay } from '@parley-rtc/relay'
import { mqttTransport } from '@parley-rtc/transport-mqtt'
import { webSocketTransport } from '@parley-rtc/transport-ws'
import { WebSocket } from 'ws'
import { startAedes } from './brokers.ts'

/** The longest that one call may take, in ms. */
const patience = 15_000

const sides = ['caller', 'callee'] as const
type Side = (typeof sides)[number]

/** Something that happened on one side, `at` ms after the start. */
interface Moment {
  readonly at: number
  readonly side: Side
  readonly text: string
}

/** A transport for each peer, and what to stop afterwards. */
interface Medium {
  readonly transport: () => SignalingTransport
  readonly close: () => Promise<unknown>
}

/** What `--transport` names. Without `--url`, the server it needs runs in this process. */
const media: Record<string, (url: string | undefined) => Promise<Medium>> = {
  memory: async () => ({ transport: memoryNetwork().transport, close: async () => {} }),
  ws: async (given) => {
    const relay = createRelay({ port: 0 })
    const url = given ?? `ws://127.0.0.1:${(await relay.listen()).port}`
    return { transport: () => webSocketTransport({ url, WebSocket }), close: relay.close }
  },
  mqtt: async (given) => {
    const broker = given === undefined ? await startAedes() : undefined
    const url = given ?? broker?.url ?? ''
    return { transport: () => mqttTransport({ url }), close: async () => broker?.close() }
  },
}

const usage = 'npm run call -- [--transport memory|ws|mqtt] [--url <address of a relay or a broker>]'

/**
 * Plays one call between two peers of this process: it connects, a word goes there and back, and the caller hangs up.
 * Prints what each side went through; resolves to whether all of it happened.
 */
export const call = async (args: readonly string[] = []): Promise<boolean> => {
  const { url, help, transport = url === undefined ? 'memory' : url.startsWith('mqtt') ? 'mqtt' : 'ws' } = read(args)
  if (help) {
    console.log(usage)
    return true
  }
  const open = Object.hasOwn(media, transport) ? media[transport] : undefined
  if (!open) throw new Error(`There is no transport "${transport}". Usage: ${usage}`)
  const medium = await open(url)
  const start = performance.now()
  const moments: Moment[] = []
  const note = (side: Side, text: string) => moments.push({ at: performance.now() - start, side, text })

  const done = play(medium, note).then(() => true)
  const late = new Promise<false>((resolve) => setTimeout(resolve, patience, false))
  const ok = await Promise.race([done, late])
  await medium.close()

  console.log(table(moments))
  const where =
    moments.length > 0 ? 'the last line shows where it stands' : `nobody joined a room at ${url ?? transport}`
  console.log(ok ? '\nConnected, echoed and hung up.' : `\nNot over after ${patience} ms: ${where}.`)
  return ok
}

const read = (args: readonly string[]) => {
  const options = { transport: { type: 'string' }, url: { type: 'string' }, help: { type: 'boolean' } } as const
  try {
    return parseArgs({ args: [...args], options }).values
  } catch (error) {
    throw new Error(`${(error as Error).message.split('. ')[0]}. Usage: ${usage}`, { cause: error })
  }
}

const play = async ({ transport }: Medium, note: (side: Side, text: string) => void): Promise<void> => {
  const room = `hall-${crypto.randomUUID().slice(0, 8)}` // a broker of others may have another call in it
  const join = (id: string) =>
    createPeer({
      id,
      room,
      transport: transport(),
      rtc: { RTCPeerConnection: wrtc.RTCPeerConnection },
    })
  const [ann, bob] = [join('ann'), join('bob')]
  await Promise.all([ann.ready, bob.ready])

  const calleeEnded = new Promise<void>((resolve) => {
    bob.on('call', (session) => {
      void follow(session, (text) => note('callee', text)).then(resolve)
      session.on('channel', (channel) => {
        channel.on('message', (data) => {
          note('callee', `hears "${String(data)}", sends it back`)
          channel.send(data)
        })
      })
      session.accept()
    })
  })

  const session = ann.call('bob')
  const callerEnded = follow(session, (text) => note('caller', text))
  const channel = session.openChannel('echo')
  channel.on('message', (data) => {
    note('caller', `hears "${String(data)}", hangs up`)
    session.hangup('That was all.')
  })
  channel.send('hello')

  await Promise.all([callerEnded, calleeEnded])
  await Promise.all([ann.close(), bob.close()])
}

/** Notes each state of a session; resolves when it ended. */
const follow = (session: Session, note: (text: string) => void): Promise<void> =>
  new Promise((resolve) => {
    let last = ''
    const noteState = () => {
      const { status, negotiation } = session.getSnapshot()
      const text = negotiation === undefined ? status : `${status} · ${negotiation}`
      if (text !== last) note(text)
      last = text
    }
    noteState()
    session.on('state', noteState)
    session.on('ended', ({ reason, by }) => {
      note(`ended as ${reason}, by the ${by} side`)
      resolve()
    })
  })

const table = (moments: readonly Moment[]): string => {
  const width = Math.max(...moments.map(({ text }) => text.length))
  const row = (at: string, cells: readonly string[]) =>
    `${at.padStart(9)}  ${cells.map((cell) => cell.padEnd(width)).join('  ')}`.trimEnd()
  return [
    row('', sides),
    ...moments.map(({ at, side, text }) =>
      row(
        `${at.toFixed(1)} ms`,
        sides.map((name) => (name === side ? text : '')),
      ),
    ),
  ].join('\n')
}
