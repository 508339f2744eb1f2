import wrtc from '@roamhq/wrtc'
import { createPeer, type Session } from '@parley-rtc/core'
import { memoryNetwork } from '@parley-rtc/core/testing'

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

/**
 * Plays one call between two peers of this process: it connects, a word goes there and back, and the caller hangs up.
 * Prints what each side went through; resolves to whether all of it happened.
 */
export const call = async (): Promise<boolean> => {
  const start = performance.now()
  const moments: Moment[] = []
  const note = (side: Side, text: string) => moments.push({ at: performance.now() - start, side, text })

  const done = play(note).then(() => true)
  const late = new Promise<false>((resolve) => setTimeout(resolve, patience, false))
  const ok = await Promise.race([done, late])

  console.log(table(moments))
  console.log(
    ok ? '\nConnected, echoed and hung up.' : `\nNot over after ${patience} ms; the last line shows where it stands.`,
  )
  return ok
}

const play = async (note: (side: Side, text: string) => void): Promise<void> => {
  const network = memoryNetwork()
  const join = (id: string) =>
    createPeer({
      id,
      room: 'hall',
      transport: network.transport(),
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
