import type { PeerAddress, SignalingJoin, SignalingLink, SignalingTransport } from '../signaling/transport.ts'

/** One peer of a check: it joins, and writes down everything that its transport calls. */
export interface Guest {
  readonly self: PeerAddress
  readonly room: string
  /** How often `onOpen` and `onClose` were called. */
  readonly opens: () => number
  readonly closes: () => number
  /** The codes of the reasons for which it was not let in. */
  readonly refusals: () => readonly string[]
  readonly messages: readonly ReceivedMessage[]
  /** The ids that `onUnreachable` named. */
  readonly unreachable: readonly string[]
  /** Whether this very instance was told as joined since the last `onOpen`, and not as left. */
  readonly sees: (other: Guest) => boolean
  /** How many others it sees. */
  readonly seen: () => number
  readonly send: (to: string, text: string) => void
  readonly close: () => Promise<void>
}

/** A message as it came out of a transport. */
export interface ReceivedMessage {
  readonly from: string
  readonly text: string
}

/** Where the guests of one check meet. */
export interface Stage {
  /** A room name that no other check uses. */
  readonly room: string
  readonly join: (id: string, options?: { readonly room?: string; readonly transport?: SignalingTransport }) => Guest
  /** Waits until something is true, looking again after each callback. Fails with the promise when the time is over. */
  readonly until: (condition: () => boolean, promise: string, seen?: () => unknown) => Promise<void>
  /** Fails with the promise unless it holds now. */
  readonly hold: (condition: boolean, promise: string, seen?: unknown) => void
  /** Closes all guests, and fails if any of them was told something that a transport must never tell. */
  readonly end: () => Promise<void>
}

/** Rules that hold at every moment, whatever a check is about. */
const always = {
  closeOnce: '`onClose` is called at most once for each `onOpen`.',
  silence: 'Nothing is delivered after `close()` was called.',
  others: '`onPresence` tells of others, never of the peer itself.',
  text: '`onMessage` is called with the id of the sender and the text, both strings.',
  closes: '`close()` resolves when the room is left.',
  settled: '`close()` does not reject.',
}

/** A stage whose waits end, all together, `deadline` milliseconds from now. */
export const createStage = (transport: () => SignalingTransport, deadline: number): Stage => {
  const until = Date.now() + deadline
  const faults: string[] = []
  const waiting = new Set<() => void>()
  const guests: Guest[] = []
  const wake = (): void => {
    for (const look of waiting) look()
  }
  const fault = (promise: string, seen: unknown): void => {
    faults.push(sentence(promise, seen))
  }

  const within = async (closing: Promise<void>): Promise<void> => {
    let done = false
    const settled = closing.then(
      () => {
        done = true
        wake()
      },
      (error: unknown) => stage.hold(false, always.settled, error),
    )
    // Both are awaited, whichever comes first: neither may become an unhandled rejection.
    await Promise.race([settled, stage.until(() => done, always.closes)])
  }

  const stage: Stage = {
    room: `check ${unique()}`,
    join: (id, options = {}) => {
      const guest = createGuest(
        { id, instance: unique() },
        options.room ?? stage.room,
        options.transport ?? transport(),
        fault,
        wake,
      )
      const bounded: Guest = { ...guest, close: () => within(guest.close()) }
      guests.push(bounded)
      return bounded
    },
    until: (condition, promise, seen) =>
      new Promise((resolve, reject) => {
        const settle = (result: () => void): void => {
          clearTimeout(timer)
          waiting.delete(look)
          result()
        }
        const look = (): void => {
          const [broken] = faults
          if (broken) settle(() => reject(new Error(broken)))
          else if (condition()) settle(resolve)
        }
        const late = (): void =>
          settle(() => reject(new Error(sentence(promise, seen?.() ?? `not within ${deadline} ms`))))
        const timer = setTimeout(late, Math.max(0, until - Date.now()))
        waiting.add(look)
        look()
      }),
    hold: (condition, promise, seen) => {
      if (!condition) throw new Error(sentence(promise, seen ?? 'the contrary'))
    },
    end: async () => {
      await Promise.all(guests.map((guest) => guest.close()))
      await stage.until(() => true, always.silence)
    },
  }
  return stage
}

const createGuest = (
  self: PeerAddress,
  room: string,
  transport: SignalingTransport,
  fault: (promise: string, seen: unknown) => void,
  wake: () => void,
): Guest => {
  const messages: ReceivedMessage[] = []
  const unreachable: string[] = []
  const present = new Map<string, string>()
  const refusals: string[] = []
  let opens = 0
  let closes = 0
  let closed = false

  const told = (callback: string, note: () => void): void => {
    if (closed) fault(always.silence, callback)
    else note()
    wake()
  }
  const join: SignalingJoin = {
    room,
    self,
    onOpen: () =>
      told('onOpen', () => {
        opens += 1
        present.clear()
      }),
    onMessage: (from, text) =>
      told(`onMessage(${quote(from)}, ${quote(text)})`, () => {
        if (typeof from !== 'string' || typeof text !== 'string') fault(always.text, { from, text })
        messages.push({ from, text })
      }),
    onPresence: ({ type, peer }) =>
      told(`onPresence(${quote({ type, peer })})`, () => {
        if (peer.instance === self.instance) fault(always.others, { type, peer })
        if (type === 'joined') present.set(peer.instance, peer.id)
        else present.delete(peer.instance)
      }),
    onUnreachable: (to) => told(`onUnreachable(${quote(to)})`, () => unreachable.push(to)),
    // Some transports tell of the close that was asked for and some do not; the contract leaves both.
    onClose: (reason) => {
      // Before the first open, a reason says that the room cannot be joined.
      if (reason && opens === 0) refusals.push(String((reason as { code?: unknown }).code))
      else closes += 1
      if (closes > opens || refusals.length > 1) fault(always.closeOnce, `${opens} × onOpen, ${closes} × onClose`)
      wake()
    },
  }
  const link: SignalingLink = transport(join)

  return {
    self,
    room,
    opens: () => opens,
    closes: () => closes,
    refusals: () => refusals,
    messages,
    unreachable,
    sees: (other) => present.get(other.self.instance) === other.self.id,
    seen: () => present.size,
    send: (to, text) => link.send(to, text),
    close: () => {
      closed = true
      return link.close()
    },
  }
}

/** What is promised, and what was seen instead. */
const sentence = (promise: string, seen: unknown): string =>
  `The transport breaks this promise: ${promise} Seen: ${typeof seen === 'string' ? seen : quote(seen)}.`

/** A value, short enough for a line. */
const quote = (value: unknown): string => {
  const text = value instanceof Error ? String(value) : (JSON.stringify(value) ?? String(value))
  return text.length > 160 ? `${text.slice(0, 160)}… (${text.length} characters)` : text
}

const unique = (): string => Math.random().toString(36).slice(2, 12)
