import type { Clock } from '../clock.ts'
import { addressKey } from './address-key.ts'
import { createDelivery, isEnd, type DeliveryCounters } from './delivery.ts'
import { encode, join, maxText, split, type Body, type Envelope, type Message } from './message.ts'
import type { SignalingLink } from './transport.ts'

/** What a dialog tells. */
export type DialogEvent =
  | { readonly type: 'sent' | 'received'; readonly message: Message }
  /** A sign of life; nothing is unconfirmed any more; messages go another way. */
  | { readonly type: 'heard' | 'settled' | 'carrier'; readonly message?: undefined }

/**
 * What carries the messages of a dialog now. `both`: the control channel may be dead. They wait with `none`, without a link,
 * and with `unaddressed`, while nobody is known whom they could reach.
 */
export type Carrier = 'transport' | 'control' | 'both' | 'none' | 'unaddressed'

export interface DialogOptions {
  readonly session: string
  readonly instance: string
  readonly remoteId: string
  /** The other instance; empty while it is not known. */
  readonly remoteInstance: string
  readonly link: Pick<SignalingLink, 'send' | 'maxLength'>
  readonly isLinkOpen: () => boolean
  readonly clock: Clock
  readonly random: () => number
}

/**
 * The signaling of one session between two instances (a dialog in the sense of RFC 3261, section 12): it puts
 * headers on messages, and runs them through delivery over one of two carriers. The transport is the first; the
 * control channel of a connected session, once open, is the second. Both share one sequence, so a message that moves
 * from one to the other still arrives once and in order.
 */
export interface Dialog {
  readonly session: string
  readonly remoteId: string
  /** For a map: the other instance, whose name is empty while it is not known. */
  readonly remoteKey: () => string
  readonly carrier: () => Carrier
  /** Whether the other instance has given a sign of life. Until then the dialog can be addressed to another. */
  readonly isHeard: () => boolean
  readonly counters: Readonly<DeliveryCounters>
  readonly send: (message: Message) => void
  readonly receive: (envelope: Envelope, carrier: 'transport' | 'control') => void
  /** Names the other instance; sending starts with it. */
  readonly address: (instance: string) => void
  /** Moves onto the control channel, or back to the transport with `undefined`. */
  readonly setControl: (send: ((text: string) => void) | undefined) => void
  /** The control channel may be dead: what is not confirmed goes over the transport too, until it is heard again. */
  readonly doubt: () => void
  /** The transport opened or was lost. */
  readonly transportChanged: () => void
  /** Tells its events to somebody else from now on, or to nobody. */
  readonly handTo: (listener: ((event: DialogEvent) => void) | undefined) => void
  /** Confirms what was received at once, if that is still to do. */
  readonly acknowledge: () => void
  readonly close: () => void
}

export const createDialog = ({ session, instance, remoteId, link, isLinkOpen, ...options }: DialogOptions): Dialog => {
  let { remoteInstance } = options
  let listener: ((event: DialogEvent) => void) | undefined
  let control: ((text: string) => void) | undefined
  let isDoubted = false
  let pieces = ''

  const delivery = createDelivery({
    ...options,
    transmit: (frame) => {
      if (remoteInstance === '') return
      const text = encode({ v: 1, session, from: instance, to: remoteInstance, ...frame })
      control?.(text)
      if (!control || isDoubted) link.send(remoteId, text)
    },
    deliver: (body) => {
      const message = whole(body)
      if (message) listener?.({ type: 'received', message })
    },
    onHeard: () => listener?.({ type: 'heard' }),
    onSettled: () => listener?.({ type: 'settled' }),
  })

  /** A message once all of its pieces are there; they come in order, so they need no number. */
  const whole = (body: Body): Message | undefined => {
    if (body.type === 'ack') return
    if (body.type !== 'part') return body
    pieces = (pieces + body.text).slice(0, maxText + 1)
    if (body.more) return
    const message = join(pieces)
    pieces = ''
    return typeof message === 'object' ? whole(message) : undefined
  }

  const carrier = (): Carrier => {
    if (!isLinkOpen()) return control ? 'control' : 'none'
    if (remoteInstance === '') return 'unaddressed'
    if (!control) return 'transport'
    return isDoubted ? 'both' : 'control'
  }
  const chooseCarrier = () => {
    if (canCarry(carrier())) delivery.resume()
    else delivery.suspend()
    listener?.({ type: 'carrier' })
  }
  const doubt = () => {
    if (isDoubted) return
    isDoubted = true
    chooseCarrier()
  }
  const trust = () => {
    if (!isDoubted) return
    isDoubted = false
    listener?.({ type: 'carrier' })
  }
  chooseCarrier()

  return {
    ...delivery,
    session,
    remoteId,
    remoteKey: () => addressKey({ id: remoteId, instance: remoteInstance }),
    carrier,
    send: (message) => {
      listener?.({ type: 'sent', message })
      // A page that goes away may lose what it has just put into a data channel.
      isDoubted ||= isEnd(message)
      for (const piece of split(message, link.maxLength ?? Infinity)) delivery.send(piece)
    },
    address: (to) => {
      remoteInstance = to
      chooseCarrier()
    },
    receive: (envelope, way) => {
      const { duplicate } = delivery.counters
      delivery.receive(envelope)
      if (way === 'control') trust()
      // Who has the control channel and sends over the transport does not trust it, and would not hear an answer there.
      else if (control && envelope.message.type !== 'ack' && delivery.counters.duplicate === duplicate) doubt()
    },
    setControl: (send) => {
      if (control === send) return
      control = send
      isDoubted = false
      chooseCarrier()
    },
    doubt,
    transportChanged: chooseCarrier,
    handTo: (next) => {
      listener = next
    },
  }
}

/** Whether messages go out now; else they wait. */
export const canCarry = (carrier: Carrier): boolean => carrier !== 'none' && carrier !== 'unaddressed'
