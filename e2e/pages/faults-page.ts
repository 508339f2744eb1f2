import { createPeer, type Peer, type Session, type SignalingTransport } from '@parley-rtc/core'
import { withFaults, type FaultOptions } from '@parley-rtc/core/testing'
import { broadcastChannelTransport } from '@parley-rtc/transport-broadcastchannel'
import { cuttable, type Cut } from './cuttable.ts'

/** How one trial went. */
export interface Trial {
  readonly seed: number
  /** ms from the call until both sides were connected. */
  readonly connectedAfter: number
  /** What was not as it should be. */
  readonly faults: readonly string[]
}

/** The longest that a trial may take, ms. */
const patience = 15_000

/** Two peers of this page, who accept each other's calls and say `hello from …` in each session. */
const openPair = async (transportOf: (id: string) => SignalingTransport) => {
  const room = crypto.randomUUID()
  const heard: string[] = []
  const follow = (session: Session): void => {
    const chat = session.openChannel('chat')
    chat.on('message', (text) => heard.push(String(text)))
    chat.send(`hello to ${session.remoteId}`)
  }
  const join = (id: string): Peer => {
    const peer = createPeer({ id, room, transport: transportOf(id) })
    peer.on('call', (session) => {
      follow(session)
      session.accept()
    })
    return peer
  }
  const [ann, bob] = [join('ann'), join('bob')]
  await Promise.all([ann.ready, bob.ready])
  const call = (from: Peer, to: string): Session => {
    const session = from.call(to)
    follow(session)
    return session
  }
  return { ann, bob, heard, call, close: () => Promise.all([ann.close(), bob.close()]) }
}

const until = async (holds: () => boolean, deadline = performance.now() + patience): Promise<boolean> => {
  while (!holds() && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 5))
  return holds()
}

const statusesOf = (...peers: readonly Peer[]): string[] =>
  peers.map(({ sessions }) => sessions.map((session) => session.getSnapshot().status).join())

const areConnected = (...peers: readonly Peer[]): boolean =>
  statusesOf(...peers).every((status) => status === 'connected')

/** One call over a bad medium, with both calling at once in every second trial. */
const runTrial = async (options: FaultOptions, seed: number): Promise<Trial> => {
  // Both directions of one trial need fates of their own.
  const seeds: Record<string, number> = { ann: 2 * seed, bob: 2 * seed + 1 }
  const { ann, bob, heard, call } = await openPair((id) =>
    withFaults(broadcastChannelTransport(), { ...options, seed: seeds[id] ?? 0 }),
  )
  const begin = performance.now()
  const deadline = begin + patience
  call(ann, 'bob')
  if (seed % 2 === 1) call(bob, 'ann')
  const faults: string[] = []
  if (!(await until(() => areConnected(ann, bob), deadline)))
    faults.push(`statuses ${statusesOf(ann, bob).join(' | ')}`)
  const connectedAfter = performance.now() - begin
  await until(() => heard.length >= 2, deadline)
  if (heard.sort().join() !== 'hello to ann,hello to bob') faults.push(`heard ${heard.join() || 'nothing'}`)
  const [mine, theirs] = [ann, bob].map(({ sessions }) => sessions.map(({ id }) => id).join())
  if (mine !== theirs) faults.push(`sessions ${mine} | ${theirs}`)
  // They go with their page: over such a medium an end takes seconds to be agreed, and is not what is measured.
  return { seed, connectedAfter, faults }
}

const stateOf = (session: Session | undefined) => {
  const { status, signaling, endReason } = session?.getSnapshot() ?? {}
  return { status, signaling, endReason }
}

/** What tests reach through `window.e2e`. */
const driver = {
  /** Runs trials at the same time, one for each seed. */
  trials: (options: FaultOptions, seeds: readonly number[]): Promise<readonly Trial[]> =>
    Promise.all(seeds.map((seed) => runTrial(options, seed))),

  /** Cuts the transport while it rings, has the call accepted, and heals it after some ms. */
  cutBeforeAnswer: async (how: Cut, ms: number) => {
    const { transport, cut, heal } = cuttable(broadcastChannelTransport())
    const { ann, bob, heard, close } = await openPair(() => transport)
    const offers: string[] = []
    const countOffers = (session: Session): void => {
      session.on('signal', ({ direction, type }) => {
        if (type === 'offer' && direction === 'sent') offers.push(`to ${session.remoteId}`)
      })
    }
    // Heard before it is accepted.
    bob.on('call', (session) => {
      countOffers(session)
      cut(how)
    })
    const session = ann.call('bob')
    countOffers(session)
    await until(() => bob.sessions[0]?.getSnapshot().status === 'connecting')
    await new Promise((resolve) => setTimeout(resolve, ms))
    const during = [session, bob.sessions[0]].map(stateOf)
    const healedAt = performance.now()
    heal()
    const chat = session.openChannel('chat')
    chat.on('message', (text) => heard.push(String(text)))
    chat.send('hello to bob')
    await until(() => areConnected(ann, bob) && heard.length >= 2)
    const resumedAfter = performance.now() - healedAt
    const after = [session, bob.sessions[0]].map(stateOf)
    await close()
    return { during, after, resumedAfter, heard: heard.sort(), offers }
  },

  /** Cuts the transport of a connected call for ever. */
  cutAfterConnect: async (how: Cut) => {
    const { transport, cut } = cuttable(broadcastChannelTransport())
    const { ann, bob, heard, call, close } = await openPair(() => transport)
    const caller = call(ann, 'bob')
    await until(() => areConnected(ann, bob) && heard.length === 2)
    const [callee] = bob.sessions
    if (callee === undefined) throw new Error('Bob has no session.')
    const sessions = [caller, callee]
    await until(() => sessions.every((session) => session.getSnapshot().signaling === 'control'))
    cut(how)
    const tracks = sessions.map((session) => {
      const arrived: MediaStreamTrack[] = []
      session.on('track', ({ track }) => arrived.push(track))
      return arrived
    })
    for (const session of sessions) {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: true })
      for (const track of stream.getTracks()) session.addTrack(track, stream)
      session.openChannel('chat').send(`still there, ${session.remoteId}?`)
    }
    await until(() => heard.length === 4 && tracks.every((some) => some.filter(({ muted }) => !muted).length === 2))
    const during = sessions.map(stateOf)
    const live = tracks.map((some) =>
      some
        .filter(({ muted }) => !muted)
        .map(({ kind }) => kind)
        .sort(),
    )
    const begin = performance.now()
    callee.hangup('by bob')
    await until(() => caller.getSnapshot().status === 'ended')
    const endedAfter = performance.now() - begin
    await until(() => callee.getSnapshot().status === 'ended')
    const after = sessions.map(stateOf)
    await close()
    return { during, live, endedAfter, after, heard: heard.sort() }
  },
}

/** The driver of the page `faults`. */
export type FaultsDriver = typeof driver

Object.assign(window, { e2e: driver })
document.documentElement.setAttribute('data-ready', '')
