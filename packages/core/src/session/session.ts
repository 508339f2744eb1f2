import { createActor } from 'xstate'
import type { Clock } from '../clock.ts'
import { createEmitter, type Warning } from '../emitter.ts'
import { ParleyError } from '../errors.ts'
import { listen } from '../listen.ts'
import { assertName } from '../name.ts'
import { openDataChannel, type PeerConnectionOptions } from '../rtc/peer-connection.ts'
import type { Dialog, DialogEvent } from '../signaling/dialog.ts'
import { decode, type Message } from '../signaling/message.ts'
import { withResolvers } from '../with-resolvers.ts'
import { createChannels } from './channels.ts'
import { connectionLogic } from './connection.ts'
import type { SessionDeadlines } from './deadlines.ts'
import { sessionMachine } from './machine.ts'
import { createReport } from './report.ts'
import type { SessionEnd, SessionEvent, SignalEvent } from './session-event.ts'
import type { Session, SessionEvents, SessionSignal } from './session-handle.ts'
import { isOver, statusOf, type SessionSnapshot } from './session-snapshot.ts'
import { createTracks } from './tracks.ts'

export type { Session } from './session-handle.ts'
export type { SessionSnapshot, SessionStatus } from './session-snapshot.ts'

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
  readonly rtc: Pick<PeerConnectionOptions, 'RTCPeerConnection' | 'configuration'>
  /** As caller: goes with the first offer. As callee: came with it. */
  readonly metadata: unknown
  /** How many calls this peer has made, this one included. */
  readonly calls: () => number
  /** The other side told how many calls it has made. */
  readonly onCalls: (calls: number) => void
}

/** The label of the negotiated channel 0: hang-up and signaling of a connected session go here. */
const controlLabel = 'parley'

export const createSession = (options: SessionOptions): SessionControl => {
  const { clock, localId, deadlines, rtc } = options
  const { remoteId } = options.dialog
  const connected = withResolvers<void>()
  const ended = withResolvers<SessionEnd>()
  const report = createReport(clock)
  let { dialog, metadata } = options

  const warn = (warning: Warning) => events.emit('warning', warning)
  const events = createEmitter<SessionEvents>(warn)

  const channels = createChannels(
    (channel) => events.emit('channel', channel),
    () => publish(),
    warn,
  )
  const tracks = createTracks()
  let peerConnection: RTCPeerConnection | undefined
  let stopControl: (() => void) | undefined
  const connection = connectionLogic({
    clock,
    ...rtc,
    onOpen: (pc) => {
      stopControl = listenToControl(openDataChannel(pc, controlLabel, 0))
      peerConnection = pc
      channels.open(pc)
      tracks.open(pc)
    },
    onClose: () => {
      stopControl?.()
      dialog.setControl(undefined)
      peerConnection = undefined
      channels.close()
      tracks.close()
    },
    onTrack: (event) => events.emit('track', event),
    onDataChannel: channels.take,
  })
  const delays = { ...deadlines, ring: deadlines.answer + deadlines.reach }
  const machine = sessionMachine.provide({ actors: { connection }, delays })
  const actor = createActor(machine, { input: { localId, remoteId }, clock })

  const listenToControl = (control: RTCDataChannel) =>
    listen<RTCDataChannelEventMap>(control, {
      open: () =>
        dialog.setControl((text) => {
          // It can be closing already; delivery sends again what is lost here.
          if (control.readyState === 'open') control.send(text)
        }),
      message: ({ data }) => {
        const envelope = decode(String(data))
        if (typeof envelope === 'string') warn({ code: 'bad-message', message: `On the control channel: ${envelope}.` })
        else if (envelope.session === dialog.session) dialog.receive(envelope)
      },
      // The other side closed it, and so its connection.
      close: () => {
        dialog.setControl(undefined)
        actor.send({ type: 'rtc.closed' })
        settleIfAlone()
      },
    })

  const takeSnapshot = (): SessionSnapshot => {
    const { value, context } = actor.getSnapshot()
    return Object.freeze({
      status: statusOf(value),
      role: context.role,
      remoteId,
      negotiation: context.negotiation,
      endReason: context.end?.reason,
      signaling: dialog.carrier(),
      channels: channels.list(),
      candidates: context.candidates,
    })
  }
  let snapshot = takeSnapshot()

  const publish = () => {
    const next = takeSnapshot()
    if (JSON.stringify(next) === JSON.stringify(snapshot)) return
    snapshot = next
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
    if (!event.message) return actor.send({ type: `delivery.${event.type}` })
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
    if (status === 'done') endHandles()
    publish()
    if (snapshot.status === 'connected') connected.resolve()
    if (status !== 'done' || !end) return
    dialog.handTo(undefined)
    dialog.acknowledge()
    const { reason, by, message = '' } = end
    const sentence = `The session with "${remoteId}" ended before it connected: ${reason}, ${by}. ${message}`
    connected.reject(new ParleyError('session-ended', sentence, { reason }))
    events.emit('ended', end)
    ended.resolve(end)
  })

  const endHandles = () => {
    channels.end()
    tracks.end()
  }
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
  const hangup = (message?: string) => send({ type: 'call.hangup', message: noteOf(message) })

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
    reject: (message) => act({ type: 'call.reject', reason: 'rejected', message: noteOf(message) }),
    hangup,
    openChannel: (label) => {
      assertLive()
      assertName('label of a channel', label, 'invalid-option')
      return channels.openChannel(label)
    },
    addTrack: (track, ...streams) => {
      assertLive()
      tracks.add(track, streams)
    },
    on: events.on,
    getSnapshot: () => snapshot,
    subscribe: (listener) => events.on('state', listener),
    report: async () => report.create(snapshot, actor.getSnapshot().context, dialog.counters),
    get peerConnection() {
      return peerConnection
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

const noteOf = (message: string | undefined) => message?.slice(0, 1024) || undefined
