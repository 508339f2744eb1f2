import { createPeer, type Session } from '@parley-rtc/core'
import { memoryNetwork } from '@parley-rtc/core/testing'

const whenEnded = (session: Session) =>
  new Promise<void>((resolve) => {
    session.on('ended', () => resolve())
  })

/** Two peers of one page that call each other again and again, talk, hang up, and are closed in the end. */
const cycle = async (times: number): Promise<void> => {
  const network = memoryNetwork()
  const enter = (id: string) => createPeer({ id, room: 'cycles', transport: network.transport() })
  const [ann, bob] = [enter('ann'), enter('bob')]
  await Promise.all([ann.ready, bob.ready])
  const heard: unknown[] = []
  bob.on('call', (session) => {
    session.on('channel', (channel) => channel.on('message', (data) => heard.push(data)))
    session.accept()
  })
  for (let time = 0; time < times; time += 1) {
    const session = ann.call('bob')
    const theirs = new Promise<Session>((resolve) => {
      const stop = bob.on('call', (call) => {
        stop()
        resolve(call)
      })
    })
    const channel = session.openChannel('chat')
    await session.connected
    void channel.send('hello')
    const ends = Promise.all([whenEnded(session), theirs.then(whenEnded)])
    const before = heard.length
    while (heard.length === before) await new Promise((resolve) => setTimeout(resolve, 1))
    session.hangup()
    await ends
  }
  await Promise.all([ann.close(), bob.close()])
  if (heard.length !== times) throw new Error(`${heard.length} of ${times} were heard.`)
}

export type CyclesDriver = { readonly cycle: typeof cycle }

Object.assign(globalThis, { cycles: { cycle } satisfies CyclesDriver })
document.documentElement.setAttribute('data-ready', '')
