import { createActor } from 'xstate'
import { systemClock } from '../../packages/core/src/clock.ts'
import { enqueue, noCandidates } from '../../packages/core/src/negotiation/candidates.ts'
import {
  negotiationMachine,
  type NegotiationEvent,
  type NegotiationInput,
  type NegotiationSignal,
} from '../../packages/core/src/negotiation/machine.ts'
import { createPeerConnectionActors, openDataChannel } from '../../packages/core/src/rtc/peer-connection.ts'

type Candidates = Extract<NegotiationSignal, { type: 'candidates' }>

/** A negotiation over a real RTCPeerConnection, whose signals wait in `sent` until the test hands them over. */
const createSide = (input: NegotiationInput) => {
  const sent: NegotiationSignal[] = []
  const added: string[] = []
  let pc: RTCPeerConnection | undefined
  const actors = createPeerConnectionActors({
    RTCPeerConnection,
    configuration: {},
    clock: systemClock,
    onStaleConfiguration: () => {},
    onOpen: (opened) => {
      pc = opened
      openDataChannel(opened, 'test', { negotiated: true, id: 0 })
      const add = opened.addIceCandidate.bind(opened)
      opened.addIceCandidate = (init?: RTCIceCandidateInit | null) => {
        added.push(init?.usernameFragment ?? '')
        return add(init)
      }
    },
    onClose: () => {},
    onStateChange: () => {},
    onTrack: () => {},
    onDataChannel: () => {},
  })
  const actor = createActor(negotiationMachine.provide({ actors }), { input })
  actor.on('signals', ({ messages }) => sent.push(...messages))
  actor.start()
  const until = <Value>(find: () => Value | undefined): Promise<Value> =>
    new Promise((resolve, reject) => {
      const deadline = performance.now() + 10_000
      const look = () => {
        const found = find()
        if (found !== undefined) resolve(found)
        else if (performance.now() > deadline) reject(new Error(`Waited in vain: ${String(find)}`))
        else setTimeout(look, 5)
      }
      look()
    })
  return {
    /** The ufrags of the candidates that the RTCPeerConnection was given. */
    added,
    send: (event: NegotiationEvent) => actor.send(event),
    take: (signal: NegotiationSignal) => actor.send({ ...signal, type: `signal.${signal.type}` } as NegotiationEvent),
    /** Takes a signal of this side away from the others, once it is there. */
    next: async <Type extends NegotiationSignal['type']>(type: Type) => {
      const index = await until(() => {
        const found = sent.findIndex((signal) => signal.type === type)
        return found === -1 ? undefined : found
      })
      return sent.splice(index, 1)[0] as Extract<NegotiationSignal, { type: Type }>
    },
    counters: () => actor.getSnapshot().context.candidates.counters,
    state: (state: string) =>
      until(() => (JSON.stringify(actor.getSnapshot().value).includes(state) ? true : undefined)),
    connected: () => until(() => (pc?.connectionState === 'connected' ? true : undefined)),
    restart: () => pc?.restartIce(),
    stop: () => actor.stop(),
  }
}

/** Caller and callee with an open exchange: the offer is made, its candidates are there, and nobody has them yet. */
const begin = async (early: (candidates: Candidates) => NegotiationInput['candidates'] = () => noCandidates) => {
  const caller = createSide({ role: 'caller' })
  const offer = await caller.next('offer')
  const candidates = await caller.next('candidates')
  const callee = createSide({ role: 'callee', offer, candidates: early(candidates) ?? noCandidates })
  return { caller, callee, offer, candidates }
}

/** A connection whose caller's candidates were held back, and a restart of ICE whose offer is not delivered yet. */
const beginRestart = async () => {
  const { caller, callee, candidates: old } = await begin()
  const answer = await callee.next('answer')
  caller.take(answer)
  caller.take(await callee.next('candidates'))
  await Promise.all([caller.connected(), callee.connected(), caller.state('stable'), callee.state('stable')])
  caller.restart()
  const offer = await caller.next('offer')
  // The end of the generation before may come along first.
  let candidates = await caller.next('candidates')
  while (!offer.sdp.includes(`ice-ufrag:${candidates.ufrag}`)) candidates = await caller.next('candidates')
  return { caller, callee, old, offer, candidates }
}

const scenarios = {
  'before the offer': async () => {
    const { caller, callee } = await begin(({ ufrag, candidates }) => enqueue(noCandidates, ufrag, candidates))
    caller.take(await callee.next('answer'))
    await Promise.all([caller.connected(), callee.connected()])
    return { caller, callee, counters: callee.counters() }
  },
  'before the answer': async () => {
    const { caller, callee } = await begin()
    const answer = await callee.next('answer')
    const early = await callee.next('candidates')
    caller.take(early)
    const waiting = caller.counters()
    caller.take(answer)
    await Promise.all([caller.connected(), callee.connected()])
    return { caller, callee, waiting, counters: caller.counters() }
  },
  'of the generation before': async () => {
    const { caller, callee, old, offer } = await beginRestart()
    callee.take(offer)
    await callee.state('stable')
    callee.take(old)
    return { caller, callee, old: old.ufrag, added: callee.added, counters: callee.counters() }
  },
  'of the generation after': async () => {
    const { caller, callee, offer, candidates } = await beginRestart()
    callee.take(candidates)
    const [waiting, addedEarly] = [callee.counters(), [...callee.added]]
    callee.take(offer)
    await callee.state('stable')
    return {
      caller,
      callee,
      next: candidates.ufrag,
      waiting,
      addedEarly,
      added: callee.added,
      counters: callee.counters(),
    }
  },
  'of no generation': async () => {
    const { caller, callee, candidates } = await begin()
    await callee.state('stable')
    callee.take({ ...candidates, ufrag: 'ZZZZ' })
    return { caller, callee, added: callee.added, counters: callee.counters() }
  },
  twice: async () => {
    const { caller, callee, candidates } = await begin()
    await callee.state('stable')
    callee.take(candidates)
    const once = callee.counters()
    callee.take(candidates)
    return { caller, callee, once, counters: callee.counters() }
  },
}

export type CandidateScenario = keyof typeof scenarios
export type CandidateRun = (name: CandidateScenario) => Promise<Record<string, unknown>>

const run: CandidateRun = async (name) => {
  const { caller, callee, ...result } = await scenarios[name]()
  caller.stop()
  callee.stop()
  return result
}
Object.assign(window, { run })
document.documentElement.setAttribute('data-ready', '')
