import {
  createPeer,
  type Channel,
  type ChannelState,
  type PeerAddress,
  type PeerSignaling,
  type Session,
  type SessionEnd,
  type SessionReport,
  type SessionSignal,
  type SessionSnapshot,
  type SignalingTransport,
} from '@parley-rtc/core'
import { otherOf, type Name } from '../place.ts'

export interface ChatLine {
  readonly from: Name
  readonly text: string
}

export interface Chat {
  /** `undefined` while there is no channel. */
  readonly channel: ChannelState | undefined
  readonly lines: readonly ChatLine[]
}

/** All that there is to render of one side. Immutable. */
export interface SideState {
  readonly name: Name
  readonly other: Name
  /** The way to the room. */
  readonly signaling: PeerSignaling
  /** Who else is in the room. */
  readonly present: readonly PeerAddress[]
  /** The newest session; it stays after its end. */
  readonly session: SessionSnapshot | undefined
  /** The message of the other side that came in with the newest change of the session. */
  readonly heard: SessionSignal['type'] | undefined
  readonly end: SessionEnd | undefined
  /** ms from the answer to the connection. */
  readonly connectedAfter: number | undefined
  readonly chat: Chat
  /** What went wrong, the newest last. */
  readonly notes: readonly string[]
}

/** What happened on one side, for the diagram between both. */
export type SideEvent =
  | { readonly type: 'began' | 'connected' | 'interrupted' }
  | { readonly type: 'signal'; readonly signal: SessionSignal }
  | { readonly type: 'ended'; readonly end: SessionEnd }

/** One of the two: a peer, its newest session, and a chat in it. */
export interface Side {
  readonly name: Name
  readonly getState: () => SideState
  readonly call: () => void
  readonly accept: () => void
  readonly reject: () => void
  readonly hangup: () => void
  readonly say: (text: string) => void
  /** Puts away what went wrong. */
  readonly clearNotes: () => void
  readonly report: () => Promise<SessionReport | undefined>
  readonly close: () => Promise<void>
}

export interface SideOptions {
  readonly name: Name
  readonly room: string
  readonly transport: SignalingTransport
  readonly onChange: (state: SideState, before: SideState) => void
  readonly onEvent: (event: SideEvent) => void
}

const chatLabel = 'chat'
const noChat: Chat = { channel: undefined, lines: [] }
const maxLines = 100
const maxNotes = 5

/** Joins the room under a name. Throws what `createPeer` throws. */
export const createSide = ({ name, room, transport, onChange, onEvent }: SideOptions): Side => {
  const other = otherOf(name)
  const peer = createPeer({ id: name, room, transport })
  let session: Session | undefined
  let channel: Channel | undefined
  let answeredAt = 0
  let heard: SideState['heard']
  let state: SideState = {
    name,
    other,
    signaling: peer.signaling,
    present: [],
    session: undefined,
    heard: undefined,
    end: undefined,
    connectedAfter: undefined,
    chat: noChat,
    notes: [],
  }

  const update = (change: Partial<SideState>) => {
    const before = state
    state = { ...state, ...change }
    onChange(state, before)
  }
  const note = (text: string) => update({ notes: [...state.notes, text].slice(-maxNotes) })
  const attempt = (act: () => void) => {
    try {
      act()
    } catch (error) {
      note(error instanceof Error ? error.message : String(error))
    }
  }

  peer.on('signaling', (signaling) => update({ signaling }))
  peer.on('peer-joined', () => update({ present: peer.peers }))
  peer.on('peer-left', () => update({ present: peer.peers }))
  peer.on('warning', ({ code, message }) => note(`${code}: ${message}`))
  peer.on('call', (incoming) => {
    if (incoming === session) return
    follow(incoming)
    // It came before anybody could listen to the session.
    onEvent({ type: 'signal', signal: { direction: 'received', type: 'offer', at: 0 } })
  })

  /** Shows a session from now on, in place of the one before. */
  function follow(next: Session) {
    if (next === session) return
    session = next
    channel = undefined
    heard = undefined
    onEvent({ type: 'began' })
    const isCurrent = () => session === next
    next.on('signal', (signal) => isCurrent() && takeSignal(signal))
    next.on('state', (snapshot) => isCurrent() && takeSnapshot(snapshot))
    next.on('channel', (opened) => isCurrent() && opened.label === chatLabel && takeChannel(opened))
    next.on('warning', ({ code, message }) => note(`${code}: ${message}`))
    next.on('ended', (end) => {
      if (!isCurrent()) return
      update({ end })
      onEvent({ type: 'ended', end })
    })
    const snapshot = next.getSnapshot()
    update({ session: snapshot, heard, end: undefined, connectedAfter: undefined, chat: noChat })
  }

  function takeSignal(signal: SessionSignal) {
    if (signal.direction === 'received') heard = signal.type
    onEvent({ type: 'signal', signal })
  }

  function takeSnapshot(snapshot: SessionSnapshot) {
    const { status } = snapshot
    const before = state.session?.status
    const change: Partial<SideState> = { session: snapshot, heard }
    heard = undefined
    if (status !== before) {
      if (status === 'connecting') answeredAt = performance.now()
      if (status === 'connected' || status === 'interrupted') onEvent({ type: status })
    }
    const isFirst = status === 'connected' && state.connectedAfter === undefined
    update(isFirst ? { ...change, connectedAfter: performance.now() - answeredAt } : change)
  }

  function takeChannel(opened: Channel) {
    if (channel === opened) return
    channel = opened
    const setOpen = () => update({ chat: { ...state.chat, channel: opened.state } })
    opened.on('open', setOpen)
    opened.on('close', setOpen)
    opened.on('message', (data) => addLine(other, typeof data === 'string' ? data : `(${data.byteLength} bytes)`))
    setOpen()
  }

  function addLine(from: Name, text: string) {
    update({ chat: { ...state.chat, lines: [...state.chat.lines, { from, text }].slice(-maxLines) } })
  }

  return {
    name,
    getState: () => state,
    call: () =>
      attempt(() => {
        const called = peer.call(other)
        follow(called)
        takeChannel(called.openChannel(chatLabel))
      }),
    accept: () => attempt(() => session?.accept()),
    reject: () => attempt(() => session?.reject()),
    hangup: () => session?.hangup(),
    say: (text) =>
      attempt(() => {
        channel?.send(text)
        addLine(name, text)
      }),
    clearNotes: () => update({ notes: [] }),
    report: async () => session?.report(),
    close: () => peer.close(),
  }
}
