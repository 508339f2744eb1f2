import type { Channel } from '../channel/channel-handle.ts'
import type { SessionEnd } from '../session/session-event.ts'
import type { Session, SessionSnapshot } from '../session/session.ts'
import type { Participant } from './participant.ts'

/** One session as its application saw it. */
export interface SessionRecord {
  readonly participant: Participant
  readonly session: Session
  /** How many `call` events there were for it. */
  calls: number
  readonly ends: SessionEnd[]
  /** ms of virtual time. */
  readonly startedAt: number
  connectedAt: number | undefined
  /** What came on any channel, in order. */
  readonly messages: string[]
  readonly tracks: string[]
  readonly warnings: string[]
  /** Signaling messages: direction, type and dialog, such as `received answer of 1234`. */
  readonly signals: string[]
  readonly channels: Set<Channel>
}

/** Everything that the applications of a world saw, and where both sides of a session stood at each moment. */
export const createRecorder = (now: () => number) => {
  const records: SessionRecord[] = []
  const lines: { readonly at: number; readonly text: string }[] = []
  const violations = new Set<string>()

  const note = (text: string): void => {
    lines.push({ at: now(), text })
  }

  const record = (participant: Participant, session: Session): SessionRecord => {
    const known = records.find((one) => one.session === session)
    if (known !== undefined) return known
    const made: SessionRecord = {
      participant,
      session,
      calls: 0,
      ends: [],
      startedAt: now(),
      connectedAt: undefined,
      messages: [],
      tracks: [],
      warnings: [],
      signals: [],
      channels: new Set(),
    }
    records.push(made)
    const { name, isAlive } = participant
    const whenAlive =
      <Payload>(listener: (payload: Payload) => void) =>
      (payload: Payload) => {
        if (isAlive()) listener(payload)
      }
    let connection = 1
    session.on(
      'state',
      whenAlive((snapshot) => {
        // On another RTCPeerConnection every track is a new one.
        if (snapshot.connection > connection) made.tracks.length = 0
        connection = snapshot.connection
        if (snapshot.status === 'connected') made.connectedAt ??= now()
        note(`${name} ${inWords(snapshot)}`)
        for (const violation of floorViolations(records)) violations.add(violation)
      }),
    )
    session.on(
      'signal',
      whenAlive(({ direction, type }) => {
        made.signals.push(`${direction} ${type} of ${session.id}`)
        note(`${name} ${direction} ${type}`)
      }),
    )
    session.on(
      'ended',
      whenAlive((end) => {
        made.ends.push(end)
        note(`${name} ended ${end.reason} ${end.by}`)
      }),
    )
    session.on(
      'warning',
      whenAlive(({ message }) => {
        made.warnings.push(message)
      }),
    )
    session.on(
      'track',
      whenAlive(({ track }) => {
        made.tracks.push(track.id)
      }),
    )
    session.on('channel', (channel) => listenTo(made, channel))
    return made
  }

  /** Opens the channel `chat`, and writes down what comes on it. */
  const openChat = (made: SessionRecord): Channel => {
    const channel = made.session.openChannel('chat')
    listenTo(made, channel)
    return channel
  }

  const listenTo = (made: SessionRecord, channel: Channel): void => {
    if (made.channels.has(channel)) return
    made.channels.add(channel)
    channel.on('message', (data) => {
      made.messages.push(String(data))
    })
  }

  return { records, lines, violations, note, record, openChat }
}

const inWords = ({ status, negotiation, channels }: SessionSnapshot): string =>
  [status, negotiation, ...channels.map(({ label, state }) => `${label}:${state}`)].filter(Boolean).join(' ')

/** The states in which a side may offer, or does. */
const holdsFloor = ({ negotiation = '', status }: SessionSnapshot): boolean =>
  status !== 'ended' && ['offering', 'awaitingAnswer', 'applyingAnswer', 'stable.holdingFloor'].includes(negotiation)

/**
 * A grant takes the floor away from its sender before it is sent, so no two may ever hold it. Each RTCPeerConnection has
 * a floor of its own.
 */
const floorViolations = (records: readonly SessionRecord[]): string[] => {
  const holders = new Map<string, SessionRecord>()
  return records.flatMap((record) => {
    if (!record.participant.isAlive() || !holdsFloor(record.session.getSnapshot())) return []
    const floor = `${record.session.id} ${record.session.getSnapshot().connection}`
    const other = holders.get(floor)
    holders.set(floor, record)
    if (other === undefined) return []
    return [`floor: ${other.participant.name} and ${record.participant.name} hold it at once`]
  })
}
