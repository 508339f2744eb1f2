import type { Clock } from '../clock.ts'
import { maxText, type Body, type Envelope } from './message.ts'

/** The part of an envelope that delivery reads and writes. */
export type Frame = Pick<Envelope, 'seq' | 'ack' | 'message'>

export interface DeliveryOptions {
  readonly clock: Clock
  /** Between 0 and 1, for jitter. */
  readonly random: () => number
  /** Puts a frame on its way. It may be lost, doubled or overtaken. */
  readonly transmit: (frame: Frame) => void
  /** Takes each message of the other side exactly once, in order. */
  readonly deliver: (message: Body) => void
  /** Any frame of the other side came, a bare acknowledgement too: it is there. */
  readonly onHeard: () => void
  /** Everything that was sent is acknowledged. */
  readonly onSettled: () => void
}

/** What was seen of the unreliable medium beneath. */
export interface DeliveryCounters {
  /** Messages that were given to it, each once. */
  sent: number
  /** Messages that came, in whatever order and number. */
  received: number
  /** Sent again because no acknowledgement came. */
  resent: number
  /** Came again. */
  duplicate: number
  /** Came before its turn and waited. */
  early: number
  /** Too far before its turn, too much before its turn, or acknowledging what was never sent. */
  refused: number
  /** Not taken for sending: too much is unacknowledged. */
  overflow: number
}

/**
 * Bounds and waits, in messages and ms. An acknowledgement waits for a message to ride on; the resend timer starts
 * well above that wait.
 */
const maxWindow = 64
const maxOutbox = 256
const ackDelay = 250
const firstResend = 600
const minResend = 400
const maxResend = 3_000
/** The slowest of a link that has let something through: it loses much, so trying more often is what helps. */
const maxResendOfLive = 1_000
const resendAtOnce = 8

/**
 * Exactly once and in order, in one direction each, over anything that sometimes gets through: sequence numbers,
 * cumulative acknowledgements, resending with the measured round trip (RFC 6298, with Karn's rule), a window for
 * what comes early. It starts suspended; `resume` says that the medium is open and sends at once all that waits.
 */
export const createDelivery = ({ clock, random, transmit, deliver, onHeard, onSettled }: DeliveryOptions) => {
  const counters: DeliveryCounters = {
    sent: 0,
    received: 0,
    resent: 0,
    duplicate: 0,
    early: 0,
    refused: 0,
    overflow: 0,
  }
  const outbox: { readonly seq: number; message: Body; sentAt: number; attempts: number }[] = []
  const inbox = new Map<number, Body>()
  let phase: 'suspended' | 'open' | 'closed' = 'suspended'
  let lastDelivered = 0
  /** The newest message of the other side that its frames tell of: it may say the contrary of ours. */
  let announced = 0
  let isOver = false
  let isSettled = true
  let resendDelay = firstResend
  let roundTrip = 0
  let variation = 0
  let resendTimer: unknown
  let ackTimer: unknown

  const send = (message: Body): void => {
    if (phase === 'closed') return
    if (outbox.length >= maxOutbox && !isEnd(message)) {
      counters.overflow += 1
      return
    }
    // Nothing matters any more but the end: it takes the place of what is unconfirmed, so that no late offer rings.
    if (isEnd(message)) {
      for (const entry of outbox) entry.message = message
      resendDelay = usualDelay()
    }
    counters.sent += 1
    isSettled = false
    outbox.push({ seq: counters.sent, message, sentAt: 0, attempts: 0 })
    transmitNew()
  }

  /** Sends what the window holds and was not sent yet. */
  const transmitNew = (): void => {
    if (phase !== 'open') return
    for (const entry of outbox.slice(0, maxWindow)) if (entry.attempts === 0) put(entry)
    armResend()
  }

  const put = (entry: (typeof outbox)[number]): void => {
    if (entry.attempts > 0) counters.resent += 1
    entry.attempts += 1
    entry.sentAt = clock.now()
    cancelAck()
    transmit({ seq: entry.seq, ack: lastDelivered, message: entry.message })
  }

  const receive = ({ seq, ack, message }: Frame): void => {
    if (phase === 'closed') return
    counters.received += 1
    onHeard()
    if (seq <= lastDelivered + maxWindow) announced = Math.max(announced, seq)
    takeAck(ack)
    if (message.type !== 'ack') take(seq, message)
    if (isSettled || outbox.length > 0 || announced > lastDelivered) return
    isSettled = true
    onSettled()
  }

  const take = (seq: number, message: Body): void => {
    // Sent again because our acknowledgement was lost, or is late.
    const isDuplicate = seq <= lastDelivered || (inbox.has(seq) && !isEnd(message))
    const isEarly = seq > lastDelivered + 1
    if (seq > lastDelivered + maxWindow || (isEarly && !isDuplicate && !mayWait(message))) {
      counters.refused += 1
      return
    }
    // An end takes the place of what is unconfirmed, which can be here already: then the end is what is new.
    if (isDuplicate && isEnd(message)) deliverEnd(message)
    if (isDuplicate) counters.duplicate += 1
    else {
      if (isEarly) counters.early += 1
      inbox.set(seq, message)
      if (isEnd(message)) lastDelivered = seq - 1 // it needs nothing of what went before it
    }
    ackTimer ??= clock.setTimeout(acknowledge, ackDelay)
    deliverInOrder()
    if (isDuplicate || isEarly) acknowledge()
  }

  /** What waits for its turn is bounded in all like one message; what is refused comes again. */
  const mayWait = (message: Body): boolean => JSON.stringify([...inbox.values(), message]).length <= maxText

  const deliverInOrder = (): void => {
    const next = inbox.get(lastDelivered + 1)
    if (!next) return
    lastDelivered += 1
    inbox.delete(lastDelivered)
    if (isEnd(next)) deliverEnd(next)
    else if (!isOver) deliver(next)
    deliverInOrder()
  }

  /** It can come several times over, in place of what was unconfirmed when it was sent. */
  const deliverEnd = (message: Body): void => {
    if (isOver) return
    isOver = true
    deliver(message)
  }

  const takeAck = (ack: number): void => {
    if (ack > counters.sent) {
      counters.refused += 1
      return
    }
    const acknowledged = outbox.filter((entry) => entry.seq <= ack)
    const newest = acknowledged.at(-1)
    if (!newest) return
    outbox.splice(0, acknowledged.length)
    // Karn: a message that was sent twice does not say which of the two was acknowledged.
    if (newest.attempts === 1) measure(clock.now() - newest.sentAt)
    resendDelay = usualDelay()
    transmitNew()
  }

  const measure = (sample: number): void => {
    variation = roundTrip === 0 ? sample / 2 : variation * 0.75 + Math.abs(roundTrip - sample) * 0.25
    roundTrip = roundTrip === 0 ? sample : roundTrip * 0.875 + sample * 0.125
  }

  const usualDelay = (): number =>
    roundTrip === 0 ? firstResend : Math.min(slowestOfLive(), Math.max(minResend, roundTrip + 4 * variation))

  // The loss of an acknowledgement looks like a long round trip, so what is measured may only slow it down so far.
  const slowestOfLive = (): number => Math.min(maxResend, Math.max(maxResendOfLive, roundTrip))

  const armResend = (): void => {
    clock.clearTimeout(resendTimer)
    if (phase !== 'open' || outbox.length === 0) return
    resendTimer = clock.setTimeout(resend, resendDelay * (0.75 + random() / 2))
  }

  const resend = (): void => {
    resendDelay = Math.min(resendDelay * 1.5, counters.received > 0 ? slowestOfLive() : maxResend)
    resendOldest()
  }

  const resendOldest = (): void => {
    for (const entry of outbox.slice(0, resendAtOnce)) put(entry)
    armResend()
  }

  const stopTimers = (): void => {
    clock.clearTimeout(resendTimer)
    cancelAck()
  }

  const cancelAck = (): void => {
    clock.clearTimeout(ackTimer)
    ackTimer = undefined
  }

  // It rides on what has waited for its own acknowledgement for a while: that may be lost, and goes for nothing here.
  const acknowledge = (): void => {
    cancelAck()
    const [oldest] = outbox
    if (phase !== 'open') return
    if (oldest && clock.now() - oldest.sentAt >= minResend) {
      put(oldest)
      armResend()
    } else transmit({ seq: counters.sent, ack: lastDelivered, message: { type: 'ack' } })
  }

  return {
    counters: counters as Readonly<DeliveryCounters>,
    send,
    receive,
    /** Sends the acknowledgement that waits for a message to ride on, if one does. */
    acknowledge: (): void => {
      if (ackTimer !== undefined) acknowledge()
    },
    /** Whether the other side has sent or confirmed anything. */
    isHeard: () => lastDelivered > 0 || outbox.length < counters.sent,
    /** The medium is open, perhaps again: everything unacknowledged goes at once. */
    resume: (): void => {
      if (phase === 'closed') return
      phase = 'open'
      resendDelay = usualDelay()
      resendOldest()
      transmitNew()
    },
    /** The medium is lost: the timers stop, what is sent now waits. */
    suspend: (): void => {
      if (phase === 'open') phase = 'suspended'
      stopTimers()
    },
    /** Forgets what is unacknowledged. Nothing is sent or delivered after it. */
    close: (): void => {
      phase = 'closed'
      outbox.length = 0
      inbox.clear()
      stopTimers()
    },
  }
}

/** Whether nothing follows it. */
export const isEnd = ({ type }: Body): boolean => type === 'hangup' || type === 'reject'
