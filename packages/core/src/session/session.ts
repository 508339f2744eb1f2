import { createActor } from 'xstate'
import type { Clock } from '../clock.ts'
import { createEmitter, type Warning } from '../emitter.ts'
import { ParleyError } from '../errors.ts'
import { listen } from '../listen.ts'
import { assertName } from '../name.ts'
import { carriesMedia } from '../rtc/media.ts'
import { openDataChannel, type PeerConnectionOptions } from '../rtc/peer-connection.ts'
import { provide } from '../setup.ts'
import { canCarry, type Dialog, type DialogEvent } from '../signaling/dialog.ts'
import type { Message } from '../signaling/message.ts'
import { withResolvers } from '../with-resolvers.ts'
import { createChannels } from './channels.ts'
import { connectionLogic } from './connection.ts'
import { carryOver, controlLabel } from './control-channel.ts'
import type { SessionDeadlines } from './deadlines.ts'
import { sessionMachine } from './machine.ts'
import { createRemoteTracks } from './remote-tracks.ts'
import { createReport } from './report.ts'
import type { SessionEnd, SessionEvent, SignalEvent } from './session-event.ts'
import type { Session, SessionEvents, SessionSignal } from './session-handle.ts'
import { isInDoubt, isOver, livenessOf, statusOf, type SessionSnapshot } from './session-snapshot.ts'
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
  readonly calls: number
  /** The other side told how many calls it has made. */
  readonly onCalls: (remoteKey: string, calls: number) => void
}

export const createSession = (options: SessionOptions): SessionControl => {
  const { clock, localId, deadlines, rtc } = options
  const { remoteId } = options.dialog
  const connected = withResolvers<void>()
  const ended = withResolvers<SessionEnd>()
  const report = createReport(clock)
  let { dialog, metadata } = options

  const warn = (warning: Warning) => {
    report.warning(warning)
    events.emit('warning', warning)
  }
  const events = createEmitter<SessionEvents>(eventTypes, warn)

  const channels = createChannels({
    onChannel: (channel) => events.emit('channel', channel),
    onChange: () => publish(),
    say: (received) => dialog.send({ type: 'channels', received }),
    warn,
  })
  const tracks = createTracks((mids) => {
    if (!isOver(snapshot.status)) dialog.send({ type: 'muted', mids })
  }, warn)
  const remoteTracks = createRemoteTracks(events.emit)
  let peerConnection: RTCPeerConnection | undefined
  let stopControl: (() => void) | undefined
  /** What the negotiation threw last, for whoever waits for the connection. */
  let failure: unknown
  const connection = connectionLogic({
    clock,
    ...rtc,
    onOpen: (pc) => {
      const isCallee = actor.getSnapshot().context.role === 'callee'
      const openChannels = () => {
        const control = openDataChannel(pc, controlLabel, { negotiated: true, id: 0 })
        const tell = (event: SessionEvent) => {
          actor.send(event)
          settleIfAlone()
        }
        stopControl = carryOver(control, () => dialog, tell, warn)
        channels.open(pc, control)
      }
      peerConnection = pc
      report.open(pc)
      tracks.open(pc, isCallee)
      remoteTracks.open(pc)
      // Only once the offer has made room for them: before that they ask for a negotiation, and a stack may still want
      // it when the answer is sent (werift).
      if (!isCallee) return openChannels()
      const stop = listen<RTCPeerConnectionEventMap>(pc, {
        signalingstatechange: () => {
          stop()
          if (pc.signalingState === 'have-remote-offer') openChannels()
        },
      })
      stopControl = stop
    },
    onClose: () => {
      report.close()
      stopControl?.()
      peerConnection = undefined
      channels.close()
      tracks.close()
      remoteTracks.close()
    },
    onStaleConfiguration: (error) =>
      warn({ code: 'configuration-failed', message: `No new configuration for ICE: ${String(error)}`, error }),
    onFailure: (error) => {
      failure = error
      warn({ code: 'negotiation-failed', message: `The connection could not be negotiated: ${String(error)}`, error })
    },
    onTrack: remoteTracks.take,
    onDataChannel: channels.take,
  })
  const delays = { ...deadlines, ring: deadlines.answer + deadlines.reach }
  const machine = provide(sessionMachine, {
    actors: { connection },
    delays,
    guards: { isDataOnly: () => !peerConnection || !carriesMedia(peerConnection) },
  })
  const actor = createActor(machine, { input: { localId, remoteId }, clock })

  const takeSnapshot = (): SessionSnapshot => {
    const { value, context } = actor.getSnapshot()
    return Object.freeze({
      status: statusOf(value),
      role: context.role,
      remoteId,
      negotiation: context.negotiation,
      endReason: context.end?.reason,
      liveness: livenessOf(value),
      connection: context.connection,
      signaling: dialog.carrier(),
      channels: channels.list(),
      candidates: context.candidates,
    })
  }
  let snapshot = takeSnapshot()

  const unpublished: SessionSnapshot[] = []
  const publish = () => {
    const next = takeSnapshot()
    if (JSON.stringify(next) === JSON.stringify(snapshot)) return
    snapshot = next
    report.phase(next)
    // A listener may change it again: every listener hears of each in their order, so that the last is what is.
    unpublished.push(next)
    if (unpublished.length > 1) return
    for (; unpublished[0]; unpublished.shift()) events.emit('state', unpublished[0])
  }

  const record = (direction: SessionSignal['direction'], message: Message) => {
    report.signal(direction, message)
    events.emit('signal', { direction, type: message.type, at: report.elapsed() })
  }

  /** An end that nothing can carry will not be confirmed, so nobody need wait for it. */
  const settleIfAlone = () => {
    if (!canCarry(dialog.carrier())) actor.send({ type: 'delivery.settled' })
  }

  const onDialogEvent = (event: DialogEvent) => {
    if (event.type === 'carrier') return publish()
    if (!event.message) return actor.send({ type: `delivery.${event.type}` })
    const { type, message } = event
    record(type, message)
    if (type === 'sent') return
    if (message.type === 'answer') options.onCalls(dialog.remoteKey(), message.calls ?? 0)
    if (message.type === 'channels') return channels.takeReceived(message.received)
    if (message.type === 'muted') return remoteTracks.setMuted(message.mids)
    if (message.type !== 'ping') actor.send({ ...message, type: `signal.${message.type}` } as SignalEvent)
  }
  dialog.handTo(onDialogEvent)

  actor.on('signals', ({ messages }) => {
    const { calls } = options
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
    if (isInDoubt(snapshot)) dialog.doubt()
    if (status !== 'done' || !end) return
    dialog.handTo(undefined)
    dialog.acknowledge()
    const { reason, by } = end
    const message = end.message ? `, who said: ${end.message}` : ''
    const sentence = `The session with "${remoteId}" ended before it connected: ${reason}, by ${sides[by]}${message}.`
    connected.reject(new ParleyError('session-ended', sentence, { reason, cause: failure }))
    events.emit('ended', end)
    ended.resolve(end)
  })

  const endHandles = () => {
    channels.end()
    tracks.end()
  }
  const act = (event: SessionEvent) => {
    if (!actor.getSnapshot().can(event))
      throw new ParleyError(
        'invalid-state',
        `${event.type.slice(5)}() is for a call that rings here; that with "${remoteId}" is ${snapshot.status}.`,
      )
    actor.send(event)
  }
  const assertLive = () => {
    if (isOver(snapshot.status)) throw new ParleyError('closed', `The session with "${remoteId}" is over.`)
  }
  const whileLive =
    <Args extends readonly unknown[], Result>(act: (...args: Args) => Result) =>
    (...args: Args): Result => {
      assertLive()
      return act(...args)
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
    reject: (message) => act({ type: 'call.reject', message: noteOf(message) }),
    hangup,
    openChannel: (label, channelOptions) => {
      assertLive()
      assertName('label of a channel', label, 'invalid-option')
      return channels.openChannel(label, channelOptions)
    },
    addTrack: whileLive(tracks.add),
    removeTrack: whileLive(tracks.remove),
    replaceTrack: whileLive(tracks.replace),
    setMuted: whileLive(tracks.setMuted),
    addTransceiver: whileLive(tracks.addTransceiver),
    on: events.on,
    getSnapshot: () => snapshot,
    subscribe: (listener) => events.on('state', listener),
    report: () => report.create(() => [snapshot, actor.getSnapshot().context, dialog.counters]),
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

const eventTypes = ['state', 'channel', 'track', 'track-removed', 'mute', 'signal', 'ended', 'warning'] as const

const sides = { local: 'this side', remote: 'the other side' }

const noteOf = (message: unknown) => (typeof message === 'string' && message.slice(0, 1024)) || undefined
