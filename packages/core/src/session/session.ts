import { createActor, type StateValueFrom } from 'xstate'
import type { Channel, ChannelState } from '../channel/channel.ts'
import type { Clock } from '../clock.ts'
import { createEmitter, type Listen, type Unsubscribe, type Warning } from '../emitter.ts'
import { ParleyError } from '../errors.ts'
import { assertName } from '../name.ts'
import type { CandidateCounters } from '../negotiation/candidates.ts'
import type { Role } from '../negotiation/role.ts'
import type { ConfigurationSource, PeerConnectionConstructor } from '../rtc/peer-connection.ts'
import type { Carrier, Dialog, DialogEvent } from '../signaling/dialog.ts'
import { decode, type EndReason, type Message } from '../signaling/message.ts'
import { connectionLogic } from './connection.ts'
import { createHandles } from './handles.ts'
import {
  sessionMachine,
  type SessionDeadlines,
  type SessionEnd,
  type SessionEvent,
  type SignalEvent,
} from './machine.ts'
import { createReport, type SessionReport } from './report.ts'

/** Where a session stands; each is a state of the session machine. */
export type SessionStatus =
  | 'idle'
  | 'calling'
  | 'ringing'
  | 'connecting'
  | 'connected'
  | 'interrupted'
  | 'ending'
  | 'ended'

/** What there is to render. Immutable, and the same object until something in it changes. */
export interface SessionSnapshot {
  readonly status: SessionStatus
  readonly role: Role
  readonly remoteId: string
  /** The state of the negotiation machine while there is a connection, such as `awaitingAnswer` or `stable.holdingFloor`. */
  readonly negotiation: string | undefined
  readonly endReason: EndReason | undefined
  /** What carries signaling now: the transport, the control channel of the connection, or nothing, so that it waits. */
  readonly signaling: Carrier
  readonly channels: readonly { readonly label: string; readonly state: ChannelState }[]
  /** Candidates of the other side. */
  readonly candidates: CandidateCounters
}

export interface SessionTrack {
  readonly track: MediaStreamTrack
  readonly streams: readonly MediaStream[]
  readonly transceiver: RTCRtpTransceiver
}

/** A signaling message as it went by; for a log or a sequence diagram. */
export interface SessionSignal {
  readonly direction: 'sent' | 'received'
  readonly type: Message['type']
  /** ms since the session began. */
  readonly at: number
}

export type SessionEvents = {
  /** The snapshot changed. */
  state: SessionSnapshot
  /** The other side opened a channel under a label that this side has not. */
  channel: Channel
  track: SessionTrack
  signal: SessionSignal
  /** Once. */
  ended: SessionEnd
  warning: Warning
}

/** One call with one remote peer, from the first ring to the agreed end. */
export interface Session {
  readonly id: string
  readonly remoteId: string
  /** What the caller said with its call. */
  readonly metadata: unknown
  /** Resolves with the first connection; rejects with a ParleyError `session-ended` when the session ends before. */
  readonly connected: Promise<void>
  /** Takes an incoming call. Throws `invalid-state` unless it is ringing. */
  readonly accept: () => void
  /** Refuses an incoming call: both sides end as `rejected`. Throws `invalid-state` unless it is ringing. */
  readonly reject: (message?: string) => void
  /** Ends the session in any state; idempotent. Up to 1024 characters of `message` reach the other side. */
  readonly hangup: (message?: string) => void
  /**
   * The channel of that label: a new one, or the one that is there. Where both sides open a label they meet in one
   * channel. Throws `closed` after the end, `invalid-option` for a label that is no name.
   */
  readonly openChannel: (label: string) => Channel
  /** Sends a track to the other side, on this connection and on each that replaces it. Throws `closed` after the end. */
  readonly addTrack: (track: MediaStreamTrack, ...streams: MediaStream[]) => void
  readonly on: Listen<SessionEvents>
  readonly getSnapshot: () => SessionSnapshot
  /** Calls back after each change of the snapshot; returns its unsubscribe (React's `useSyncExternalStore`). */
  readonly subscribe: (listener: () => void) => Unsubscribe
  /** Why it connected, or did not: what happened when, and what was counted. */
  readonly report: () => Promise<SessionReport>
  /** The RTCPeerConnection beneath, while there is one. The way out for what Parley does not offer. */
  readonly peerConnection: RTCPeerConnection | undefined
  readonly [Symbol.asyncDispose]: () => Promise<void>
}

/** What the peer does with its session. */
export interface SessionControl {
  readonly session: Session
  readonly dialog: () => Dialog
  readonly send: (event: SessionEvent) => void
  /** Takes a message that was delivered before the session had its dialog: the offer that rings. */
  readonly take: (message: Message) => void
  /** Takes the call of the other side in place of its own (both called at once). */
  readonly yieldTo: (dialog: Dialog, offer: Extract<Message, { type: 'offer' }>) => void
  readonly whenEnded: Promise<SessionEnd>
}

export interface SessionOptions {
  readonly localId: string
  readonly dialog: Dialog
  readonly deadlines: SessionDeadlines
  readonly clock: Clock
  readonly RTCPeerConnection: PeerConnectionConstructor
  readonly configuration: ConfigurationSource
  /** As caller: goes with the first offer. As callee: came with it. */
  readonly metadata: unknown
  /** How many calls this peer has made, this one included. */
  readonly calls: () => number
  /** The other side told how many calls it has made. */
  readonly onCalls: (calls: number) => void
}

export const createSession = (options: SessionOptions): SessionControl => {
  const { clock, localId, deadlines, RTCPeerConnection, configuration } = options
  const { remoteId } = options.dialog
  const connected = withResolvers<void>()
  const ended = withResolvers<SessionEnd>()
  const report = createReport(clock)
  let { dialog, metadata } = options

  const warn = (warning: Warning) => events.emit('warning', warning)
  const events = createEmitter<SessionEvents>(warn)

  const handles = createHandles({
    onChannel: (channel) => events.emit('channel', channel),
    onChange: () => publish(),
    onControl: (send) => dialog.setControl(send),
    onControlMessage: (text) => {
      const envelope = decode(text)
      if (typeof envelope === 'string') warn({ code: 'bad-message', message: `On the control channel: ${envelope}.` })
      else if (envelope.session === dialog.session) dialog.receive(envelope)
    },
    onControlClose: () => {
      actor.send({ type: 'rtc.closed' })
      settleIfAlone()
    },
    warn,
  })
  const connection = connectionLogic({
    clock,
    RTCPeerConnection,
    configuration,
    onOpen: handles.open,
    onClose: handles.close,
    onTrack: ({ track, streams, transceiver }) => events.emit('track', { track, streams, transceiver }),
    onDataChannel: handles.take,
  })
  const delays = { ...deadlines, ring: deadlines.answer + deadlines.reach }
  const machine = sessionMachine.provide({ actors: { connection }, delays })
  const actor = createActor(machine, { input: { localId, remoteId }, clock })

  const takeSnapshot = (): SessionSnapshot => {
    const { value, context } = actor.getSnapshot()
    return {
      status: statusOf(value),
      role: context.role,
      remoteId,
      negotiation: context.negotiation,
      endReason: context.end?.reason,
      signaling: dialog.carrier(),
      channels: handles.channels(),
      candidates: context.candidates,
    }
  }
  let snapshot = Object.freeze(takeSnapshot())

  const publish = () => {
    const next = takeSnapshot()
    if (JSON.stringify(next) === JSON.stringify(snapshot)) return
    snapshot = Object.freeze(next)
    report.phase(next)
    events.emit('state', next)
  }

  const record = (direction: SessionSignal['direction'], { type }: Message) =>
    events.emit('signal', { direction, type, at: report.elapsed() })

  /** An end that nothing can carry will not be confirmed, so nobody need wait for it. */
  const settleIfAlone = () => {
    if (dialog.carrier() === 'none') actor.send({ type: 'delivery.settled' })
  }

  const onDialogEvent = (event: DialogEvent) => {
    if (event.type === 'carrier') return publish()
    if (event.message === undefined) return actor.send({ type: `delivery.${event.type}` })
    const { type, message } = event
    record(type, message)
    if (type === 'sent') return
    if (message.type === 'answer') options.onCalls(message.calls ?? 0)
    actor.send({ ...message, type: `signal.${message.type}` } as SignalEvent)
  }
  dialog.handTo(onDialogEvent)

  actor.on('signals', ({ messages }) => {
    const calls = options.calls()
    for (const message of messages)
      if (message.type === 'answer') dialog.send({ ...message, calls })
      else if (message.type === 'offer' && message.offer === 1) dialog.send({ ...message, calls, metadata })
      else dialog.send(message)
    settleIfAlone()
  })
  actor.subscribe(({ context: { end }, status }) => {
    if (status === 'done') handles.end()
    publish()
    if (snapshot.status === 'connected') connected.resolve()
    if (status !== 'done' || end === undefined) return
    dialog.handTo(undefined)
    dialog.acknowledge()
    const { reason, by, message = '' } = end
    const sentence = `The session with "${remoteId}" ended before it connected: ${reason}, ${by}. ${message}`
    connected.reject(new ParleyError('session-ended', sentence, { reason }))
    events.emit('ended', end)
    ended.resolve(end)
  })

  const act = (event: SessionEvent) => {
    if (!actor.getSnapshot().can(event))
      throw new ParleyError('invalid-state', `"${event.type}" does not fit a session that is ${snapshot.status}.`)
    actor.send(event)
  }
  const assertLive = () => {
    if (isOver(snapshot.status)) throw new ParleyError('closed', `The session with "${remoteId}" is over.`)
  }
  const send = (event: SessionEvent) => {
    if (snapshot.status !== 'ended') actor.send(event)
  }
  const hangup = (message?: string) => send({ type: 'call.hangup', ...noteOf(message) })

  const session: Session = {
    get id() {
      return dialog.session
    },
    remoteId,
    get metadata() {
      return metadata
    },
    connected: connected.promise,
    accept: () => act({ type: 'call.accept' }),
    reject: (message) => act({ type: 'call.reject', reason: 'rejected', ...noteOf(message) }),
    hangup,
    openChannel: (label) => {
      assertLive()
      assertName('label of a channel', label, 'invalid-option')
      return handles.openChannel(label)
    },
    addTrack: (track, ...streams) => {
      assertLive()
      handles.addTrack(track, streams)
    },
    on: events.on,
    getSnapshot: () => snapshot,
    subscribe: (listener) => events.on('state', listener),
    report: async () => report.create(snapshot, actor.getSnapshot().context, dialog.counters),
    get peerConnection() {
      return handles.connection()
    },
    [Symbol.asyncDispose]: async () => {
      hangup()
      await ended.promise
    },
  }
  actor.start()

  return {
    session,
    dialog: () => dialog,
    send,
    take: (message) => onDialogEvent({ type: 'received', message }),
    yieldTo: (other, offer) => {
      dialog.handTo(undefined)
      dialog = other
      metadata = offer.metadata
      dialog.handTo(onDialogEvent)
      record('received', offer)
      actor.send({ ...offer, type: 'call.yield' })
    },
    whenEnded: ended.promise,
  }
}

/** Whether nothing can be done with a session any more. */
export const isOver = (status: SessionStatus): boolean => status === 'ending' || status === 'ended'

/** A promise that never becomes an unhandled rejection. */
export const withResolvers = <Value>() => {
  let resolve!: (value: Value) => void
  let reject!: (error: unknown) => void
  const promise = new Promise<Value>((...settle) => ([resolve, reject] = settle))
  promise.catch(() => {})
  return { promise, resolve, reject }
}

/** The state below `active`, else the outermost. */
const statusOf = (value: StateValueFrom<typeof sessionMachine>): SessionStatus => {
  const inner = typeof value === 'object' && 'active' in value ? value.active : value
  const [name] = typeof inner === 'object' ? Object.keys(inner) : [inner]
  return name as SessionStatus
}

const noteOf = (message = '') => (message === '' ? {} : { message: message.slice(0, 1024) })
