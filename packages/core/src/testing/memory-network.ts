import { systemClock, type Clock } from '../clock.ts'
import type { SignalingJoin, SignalingLink, SignalingTransport } from '../signaling/transport.ts'
import { createFates, type Fate, type FaultOptions } from './faults.ts'

/** How a memory network behaves. By default it is reliable and keeps the order. */
export interface MemoryNetworkOptions extends FaultOptions {
  /** Whether a sender also hears its own messages, as with MQTT 3.1.1. Default false. */
  readonly echo?: boolean
  /** Whether peers are told who is there. Default true. */
  readonly presence?: boolean
  /** Whether senders are told that nobody has an id. A broker cannot know; a relay can. Default true. */
  readonly unreachable?: boolean
  /** Default: the time of this machine. */
  readonly clock?: Clock
}

/** A message as it is handed to the network. */
export interface SentMessage {
  /** Counts all messages of this network from 0. */
  readonly index: number
  /** When it was sent, in milliseconds of the clock. */
  readonly at: number
  readonly room: string
  readonly from: string
  readonly to: string
  readonly text: string
}

/** A message with what became of it. */
export interface LoggedMessage extends SentMessage {
  /**
   * `pending` is on its way, `dropped` was lost by a fault, `partitioned` by a partition, `unsent` had a lost link,
   * and `unreachable` came to an id that nobody has.
   */
  readonly fate: 'pending' | 'delivered' | 'dropped' | 'partitioned' | 'unsent' | 'unreachable'
  /** How many times it was delivered: more than one when it was doubled, or when several instances have the id. */
  readonly deliveries: number
}

/**
 * What a test wants for one message: deliver it without faults, lose it, deliver it twice, swap it with the next
 * message to the same peer (or deliver it after one second when none follows), or deliver it later by some
 * milliseconds. Nothing leaves it to the random faults.
 */
export type Interception = 'deliver' | 'drop' | 'double' | 'swap' | number | undefined | void

/** Rooms that exist in memory, with every fault a test can ask for. */
export interface MemoryNetwork {
  /** A transport into this network. All that join the same room through the same network meet. */
  readonly transport: () => SignalingTransport
  /** Asks before each message, the newest first, until one decides. Returns what removes it. */
  readonly intercept: (decide: (message: SentMessage) => Interception) => () => void
  /**
   * Loses all messages between peers silently (`true`), between groups of ids (the ids that are in no group form one
   * more), or no longer (`false`). Links stay open and presence is not told.
   */
  readonly partition: (groups: boolean | readonly (readonly string[])[]) => void
  /**
   * Takes the link of every instance under an id down: `onClose` is called, and the others see it leave, unless
   * `announce` is false, like a relay that waits for it to come back.
   */
  readonly disconnect: (id: string, options?: { readonly announce?: boolean }) => void
  /** Brings the links of an id up again: `onOpen` is called, and presence is told anew in both directions. */
  readonly reconnect: (id: string) => void
  /** The last 10 000 messages, in the order in which they were sent. */
  readonly sent: readonly LoggedMessage[]
  /** How many messages met which fate, and how many deliveries there were. */
  readonly counters: Readonly<Record<Exclude<LoggedMessage['fate'], 'pending'> | 'sent' | 'deliveries', number>>
}

interface Member {
  readonly join: SignalingJoin
  state: 'opening' | 'open' | 'lost' | 'closed'
  /** Whether the others were told that it is there. */
  announced: boolean
}

type Entry = { -readonly [Key in keyof LoggedMessage]: LoggedMessage[Key] }

const LOG_LIMIT = 10_000
const LONGEST_SWAP_MS = 1000

/** Creates a signaling network in memory: for tests, and for peers of one page. */
export const memoryNetwork = (options: MemoryNetworkOptions = {}): MemoryNetwork => {
  const { clock = systemClock, echo = false, presence = true, unreachable = true, delay = 0 } = options
  const decideByChance = createFates(options)
  const members = new Set<Member>()
  const interceptors: ((message: SentMessage) => Interception)[] = []
  const sent: Entry[] = []
  const counters = { sent: 0, delivered: 0, dropped: 0, partitioned: 0, unsent: 0, unreachable: 0, deliveries: 0 }
  /** Per way from one id to another: the delivery that waits for the next message. */
  const swaps = new Map<string, () => void>()
  let groups: boolean | readonly (readonly string[])[] = false

  const later = (run: () => void, ms = delay): unknown => clock.setTimeout(run, ms)

  const settle = (entry: Entry, fate: Exclude<LoggedMessage['fate'], 'pending'>): void => {
    if (entry.fate !== 'pending') return
    entry.fate = fate
    counters[fate] += 1
  }

  const separated = (a: string, b: string): boolean => {
    if (typeof groups === 'boolean') return groups && a !== b
    const groupOf = (id: string): number => (groups as readonly string[][]).findIndex((group) => group.includes(id))
    return groupOf(a) !== groupOf(b)
  }

  const others = (of: Member): Member[] =>
    [...members].filter((member) => member !== of && member.join.room === of.join.room)

  const announce = (member: Member, type: 'joined' | 'left'): void => {
    if (!presence || member.announced === (type === 'joined')) return
    member.announced = type === 'joined'
    for (const other of others(member)) {
      if (other.state === 'open') other.join.onPresence({ type, peer: member.join.self })
    }
  }

  const open = (member: Member): void => {
    later(() => {
      if (member.state !== 'opening') return
      member.state = 'open'
      member.join.onOpen()
      for (const other of others(member)) {
        // Asked each time, since the callback may close this very link.
        if (other.announced && isOpen(member)) member.join.onPresence({ type: 'joined', peer: other.join.self })
      }
      if (isOpen(member)) announce(member, 'joined')
    })
  }

  const deliver = (sender: Member, entry: Entry): void => {
    if (separated(entry.from, entry.to)) return settle(entry, 'partitioned')
    const takers = [...members].filter(
      (member) =>
        member.state === 'open' &&
        member.join.room === entry.room &&
        (member === sender ? echo : member.join.self.id === entry.to),
    )
    if (!takers.some((member) => member !== sender)) {
      settle(entry, 'unreachable')
      if (unreachable) later(() => isOpen(sender) && sender.join.onUnreachable(entry.to))
    }
    settle(entry, 'delivered')
    for (const taker of takers) {
      if (!isOpen(taker)) continue
      entry.deliveries += 1
      counters.deliveries += 1
      taker.join.onMessage(entry.from, entry.text)
    }
  }

  const fateOf = (message: SentMessage): Fate | 'swap' => {
    for (const decide of interceptors) {
      const wish = decide(message)
      if (typeof wish === 'number') return [delay + wish]
      if (wish === 'swap') return 'swap'
      if (wish === 'drop') return []
      if (wish === 'deliver') return [delay]
      if (wish === 'double') return [delay, delay]
    }
    return decideByChance()
  }

  const send = (sender: Member, to: string, text: string): void => {
    if (sender.state === 'closed') return
    const { room, self } = sender.join
    const entry: Entry = {
      index: counters.sent,
      at: clock.now(),
      room,
      from: self.id,
      to,
      text,
      fate: 'pending',
      deliveries: 0,
    }
    counters.sent += 1
    sent.push(entry)
    if (sent.length > LOG_LIMIT) sent.shift()
    if (sender.state !== 'open') return settle(entry, 'unsent')

    const fate = fateOf(entry)
    const way = JSON.stringify([room, self.id, to])
    const release = swaps.get(way)
    if (fate === 'swap' && release === undefined) {
      const run = (): void => {
        clock.clearTimeout(timer)
        swaps.delete(way)
        later(() => deliver(sender, entry))
      }
      const timer = clock.setTimeout(run, LONGEST_SWAP_MS)
      swaps.set(way, run)
      return
    }
    const delays = fate === 'swap' ? [delay] : fate
    if (delays.length === 0) settle(entry, 'dropped')
    for (const ms of delays) later(() => deliver(sender, entry), ms)
    release?.()
  }

  const transport: SignalingTransport = (join): SignalingLink => {
    const member: Member = { join, state: 'opening', announced: false }
    members.add(member)
    open(member)
    return {
      send: (to, text) => {
        send(member, to, text)
      },
      close: () => {
        if (member.state !== 'closed') {
          member.state = 'closed'
          members.delete(member)
          if (member.announced) later(() => announce(member, 'left'))
        }
        return Promise.resolve()
      },
    }
  }

  const ofId = (id: string): Member[] => [...members].filter((member) => member.join.self.id === id)

  return {
    transport: () => transport,
    intercept: (decide) => {
      interceptors.unshift(decide)
      return () => {
        const index = interceptors.indexOf(decide)
        if (index >= 0) interceptors.splice(index, 1)
      }
    },
    partition: (next) => {
      groups = next
    },
    disconnect: (id, { announce: tell = true } = {}) => {
      for (const member of ofId(id)) {
        const wasOpen = isOpen(member)
        if (member.state !== 'closed') member.state = 'lost'
        // Queued, because a test may call this from an interceptor, inside the peer's own send.
        if (wasOpen) later(() => member.state !== 'closed' && member.join.onClose(), 0)
        if (tell) later(() => member.state === 'lost' && announce(member, 'left'))
      }
    },
    reconnect: (id) => {
      for (const member of ofId(id)) {
        if (member.state !== 'lost') continue
        member.state = 'opening'
        open(member)
      }
    },
    sent,
    counters,
  }
}

const isOpen = (member: Member): boolean => member.state === 'open'
