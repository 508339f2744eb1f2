import type { PeerAddress, SignalingLink, SignalingTransport } from '@parley-rtc/core'

/** A peer of a test: it joins, and notes what its transport tells. */
export interface Guest {
  readonly self: PeerAddress
  readonly link: SignalingLink
  readonly opens: () => number
  /** What `onClose` was called with, one entry a call. */
  readonly closes: readonly ({ readonly code?: unknown; readonly message: string } | undefined)[]
  readonly messages: readonly { readonly from: string; readonly text: string }[]
  readonly unreachable: readonly string[]
  /** The ids that are present now, in order. */
  readonly present: () => readonly string[]
  /** All that was told of presence, such as `joined bob`. */
  readonly changes: readonly string[]
}

let guests = 0

export const join = (transport: SignalingTransport, id: string, room = 'lobby', instance = nextInstance()): Guest => {
  const self = { id, instance }
  const closes: ({ code?: unknown; message: string } | undefined)[] = []
  const messages: { from: string; text: string }[] = []
  const unreachable: string[] = []
  const changes: string[] = []
  const present = new Map<string, string>()
  let opens = 0
  const link = transport({
    room,
    self,
    onOpen: () => (opens += 1),
    onClose: (reason) => closes.push(reason),
    onMessage: (from, text) => messages.push({ from, text }),
    onUnreachable: (to) => unreachable.push(to),
    onPresence: ({ type, peer }) => {
      changes.push(`${type} ${peer.id}`)
      if (type === 'joined') present.set(peer.instance, peer.id)
      else present.delete(peer.instance)
    },
  })
  return {
    self,
    link,
    opens: () => opens,
    closes,
    messages,
    unreachable,
    present: () => [...present.values()].sort(),
    changes,
  }
}

const nextInstance = (): string => {
  guests += 1
  return `instance-${guests}-${process.pid}`
}
