import { assertKnown } from './assert-known.ts'
import { createDialogBook } from './dialog-book.ts'
import { createEmitter } from './emitter.ts'
import { ParleyError } from './errors.ts'
import { createHighest } from './highest.ts'
import { assertName, isName, randomName } from './name.ts'
import { standsOver } from './negotiation/role.ts'
import type { Peer, PeerDropReason, PeerEvents, PeerOptions } from './peer-handle.ts'
import { resolvePeerOptions } from './peer-options.ts'
import { isOver } from './session/session-snapshot.ts'
import { createSession, type SessionControl } from './session/session.ts'
import { addressKey } from './signaling/address-key.ts'
import { createDialog, type Dialog } from './signaling/dialog.ts'
import { decode, isMetadata, type Envelope, type Message } from './signaling/message.ts'
import { createRoomLink } from './room-link.ts'
import type { PeerAddress, PresenceChange } from './signaling/transport.ts'
import { listenToSurroundings } from './surroundings.ts'
import { withResolvers } from './with-resolvers.ts'

export type { Peer, PeerOptions } from './peer-handle.ts'

/** Dialogs without a session that are kept: heard of and without an offer yet, or over and still confirming. */
const maxIdleDialogs = 256
/** Dialogs with one remote id, so that nobody takes all the places. */
const maxDialogsEach = 128
const eventTypes = ['call', 'peer-joined', 'peer-left', 'signaling', 'warning'] as const

/**
 * Joins a room under an id, to call others there and to be called. It joins at once and stays until `close()`, or until
 * the page goes; `ready` tells when it has.
 *
 * Throws a ParleyError before anything is sent: `invalid-id`, `invalid-room`, `invalid-option` (no transport, a deadline
 * that is none), `no-webrtc` where there is no RTCPeerConnection and none was given, and `insecure-context` or
 * `unsupported` where the transport cannot work in this runtime.
 */
export const createPeer = (options: PeerOptions): Peer => {
  const { id, room, clock, random, maxSessions, rtc, deadlines } = resolvePeerOptions(options)
  const instance = randomName()

  const counters: Partial<Record<PeerDropReason, number>> = {}
  /** Who else is here; an id can have several: two tabs, or a page that is loaded again. */
  const present = new Map<string, PeerAddress>()
  const { dialogs, hasEnded, keep, forget, forgetLater } = createDialogBook(clock)
  const sessions = new Set<SessionControl>()
  /** How many calls each instance has made, as far as heard. */
  const { raise: isNewCall } = createHighest()
  let calls = 0
  let closing: Promise<void> | undefined
  const closed = withResolvers<void>()

  const events = createEmitter<PeerEvents>(eventTypes, (warning) => events.emit('warning', warning))

  const takePresence = ({ type, peer }: PresenceChange) => {
    const key = addressKey(peer)
    if (present.has(key) === (type === 'joined')) return
    if (type === 'joined') present.set(key, peer)
    else present.delete(key)
    const newest = newestOf(peer.id)
    for (const { session, dialog, send } of sessions) {
      if (session.remoteId !== peer.id) continue
      const { remoteKey, address, isHeard } = dialog()
      if (remoteKey() === key) send({ type: `remote.${type}` })
      if (present.has(remoteKey()) || newest === '') continue
      // The instance of this session is not here, and another one is: its page was loaded again. What it never heard
      // can go to the other one.
      if (isHeard()) send({ type: 'remote.replaced' })
      else address(newest)
    }
    events.emit(`peer-${type}`, peer)
  }

  /** The instance that came last under an id; empty when none is here. */
  const newestOf = (remoteId: string): string =>
    [...present.values()].filter((peer) => peer.id === remoteId).at(-1)?.instance ?? ''

  const drop = (reason: PeerDropReason): undefined => {
    counters[reason] = (counters[reason] ?? 0) + 1
  }

  const receive = (from: string, text: string) => {
    const envelope = decode(text)
    if (typeof envelope === 'string') return drop(envelope)
    if (envelope.to !== instance) return drop('misaddressed')
    const dialog = dialogs.get(envelope.session) ?? openDialog(from, envelope)
    if (!dialog) return
    if (dialog.remoteKey() !== addressKey({ id: from, instance: envelope.from })) return drop('misrouted')
    dialog.receive(envelope, 'transport')
  }

  /** A session that was not heard of before. It stays half-open until its first message, the offer, is delivered. */
  const openDialog = (remoteId: string, { session, from, message }: Envelope): Dialog | undefined => {
    if (!isName(remoteId) || remoteId === id) return drop('misrouted')
    if (closing || hasEnded(session) || message.type === 'ack') return drop('late')
    const { length } = [...dialogs.values()].filter((dialog) => dialog.remoteId === remoteId)
    if (dialogs.size - sessions.size >= maxIdleDialogs || length >= maxDialogsEach) return drop('flood')
    const dialog = addDialog(session, remoteId, from)
    forgetLater(session)
    dialog.handTo(({ message: first }) => {
      if (first?.type === 'offer') takeCall(dialog, first)
      else if (first) end(dialog)
    })
    return dialog
  }

  const addDialog = (session: string, remoteId: string, remoteInstance: string): Dialog => {
    const isLinkOpen = () => state() === 'open'
    const dialog = createDialog({ session, instance, remoteId, remoteInstance, link, isLinkOpen, clock, random })
    dialogs.set(session, dialog)
    return dialog
  }

  /** Both called at once, or somebody starts anew, or simply a call. */
  const takeCall = (dialog: Dialog, offer: Extract<Message, { type: 'offer' }>) => {
    const { remoteId, session } = dialog
    keep(session) // it has its session, or starts to end, from here on
    if (offer.calls !== undefined && !isNewCall(dialog.remoteKey(), offer.calls)) return end(dialog)
    const other = sessionWith(remoteId)
    const status = other?.session.getSnapshot().status
    if (other && (status === 'calling' || status === 'idle')) {
      if (standsOver(id, remoteId)) {
        // Its caller gives in once our offer is there; should our call end before that, nothing else would tell.
        void other.whenEnded.then(() => cancel(dialog))
        return end(dialog)
      }
      const mine = other.dialog()
      other.yieldTo(dialog, offer)
      // It may ring over there: our offer can have come in after that call was over.
      cancel(mine)
      return end(mine)
    }
    // Who holds a session does not call again, so for them it is over; and so it is when its instance is gone.
    const last = other?.dialog().remoteKey() ?? ''
    if (last === dialog.remoteKey() || !present.has(last)) other?.send({ type: 'remote.replaced' })
    const control = addSession(dialog, offer.metadata)
    control.take(offer)
    if (sessions.size > maxSessions) return control.send({ type: 'call.reject', reason: 'busy' })
    // What came in one batch is taken whole first: a call that was cancelled in it rings nobody.
    queueMicrotask(() => ring(control))
  }

  const cancel = (dialog: Dialog) => dialog.send({ type: 'hangup', reason: 'cancelled' })

  const ring = ({ session, dialog }: SessionControl) => {
    const isRinging = () => session.getSnapshot().status === 'ringing'
    if (isRinging() && !events.isHeard('call')) {
      const message = `A call of "${session.remoteId}" rings, and nobody listens for "call"; it is in peer.sessions.`
      events.emit('warning', { code: 'nobody-listens', message })
    }
    if (isRinging()) events.emit('call', session)
    if (isRinging()) dialog().send({ type: 'ringing' })
  }

  const sessionWith = (remoteId: string): SessionControl | undefined =>
    [...sessions].find(({ session }) => session.remoteId === remoteId && !isOver(session.getSnapshot().status))

  const addSession = (dialog: Dialog, metadata: unknown): SessionControl => {
    const control = createSession({
      localId: id,
      dialog,
      deadlines,
      clock,
      rtc,
      metadata,
      calls,
      onCalls: isNewCall,
    })
    sessions.add(control)
    void control.whenEnded.then(() => {
      sessions.delete(control)
      end(control.dialog())
    })
    return control
  }

  /** Its session is over, or never was: for a while it still repeats and confirms. */
  const end = (dialog: Dialog) => {
    dialog.handTo(undefined)
    if (!closing) forgetLater(dialog.session)
  }

  const closeAll = async () => {
    stopListening()
    const live = [...sessions]
    for (const { send } of live) send({ type: 'call.close' })
    await Promise.all(live.map(({ whenEnded }) => whenEnded))
    for (const session of dialogs.keys()) forget(session)
    await leave()
    events.clear()
  }
  const close = (): Promise<void> => {
    if (closing) return closing
    // At once, since a listener that is told of the end may call somebody else.
    closing = closed.promise
    closeAll().then(closed.resolve, closed.reject)
    return closing
  }
  const tellSessions = (type: 'network.changed' | 'page.frozen' | 'page.woken') => () => {
    for (const { send } of sessions) send({ type })
  }

  const {
    link,
    ready,
    state,
    refusal,
    close: leave,
  } = createRoomLink({
    transport: options.transport,
    join: {
      room,
      self: { id, instance },
      onMessage: receive,
      onPresence: takePresence,
      onUnreachable: () => {}, // the reach deadline decides: whoever is called may be about to join
    },
    deadline: deadlines.join,
    clock,
    onChange: (signaling) => {
      for (const { transportChanged } of dialogs.values()) transportChanged()
      events.emit('signaling', signaling)
    },
    warn: (warning) => events.emit('warning', warning),
  })
  const stopListening = listenToSurroundings({
    onNetworkChange: tellSessions('network.changed'),
    onFreeze: tellSessions('page.frozen'),
    onWake: tellSessions('page.woken'),
    onPageHide: () => void close(),
  })

  return {
    id,
    instance,
    room,
    ready,
    get signaling() {
      return state()
    },
    get peers() {
      return [...present.values()]
    },
    get sessions() {
      return [...sessions].map(({ session }) => session)
    },
    counters,
    call: (remoteId, options = {}) => {
      assertKnown('options of call', options, ['metadata'])
      const { metadata } = options
      if (closing) throw new ParleyError('closed', `The peer "${id}" is closed.`)
      assertName('id to call', remoteId, 'invalid-id')
      if (remoteId === id) throw new ParleyError('self-call', `The peer "${id}" cannot call itself.`)
      const refused = refusal()
      if (refused) throw refused
      if (!isMetadata(metadata))
        throw new ParleyError(
          'invalid-option',
          'Metadata must be JSON of at most 8 levels and 65 536 characters, without "__proto__".',
        )
      const other = sessionWith(remoteId)
      if (other?.session.getSnapshot().status === 'ringing') other.session.accept()
      if (other) return other.session
      calls += 1
      const before = [...sessions].find(({ session }) => session.remoteId === remoteId)
      const newest = newestOf(remoteId)
      if (newest === '') link.seek?.(remoteId)
      const control = addSession(addDialog(randomName(), remoteId, newest), metadata)
      // Its end and this offer travel apart; a call that overtook the end would look like a fresh start to the other.
      const start = () => control.send({ type: 'call.start' })
      if (before) void before.whenEnded.then(start)
      else start()
      return control.session
    },
    on: events.on,
    close,
    [Symbol.asyncDispose]: close,
  }
}
