import type { SignalingTransport } from '@parley-rtc/core'
import { withPresence } from '@parley-rtc/core/wrappers'

/** A medium that carries text from name to name, and knows no more: push messages, e-mail, a serial line. */
export interface Mailbox {
  /** Opens the box of a name. `from` is the name that a letter was posted under, as the medium knows it. */
  readonly open: (
    name: string,
    onLetter: (from: string, letter: string) => void,
  ) => {
    readonly post: (to: string, letter: string) => void
    readonly close: () => void
  }
}

const mailboxAlone =
  (mailbox: Mailbox): SignalingTransport =>
  ({ room, self, onOpen, onMessage }) => {
    const nameOf = (id: string) => JSON.stringify([room, id])
    let closed = false
    const box = mailbox.open(nameOf(self.id), (from, letter) => {
      const { 1: id } = parse(from)
      const { instance, text } = parse(letter)
      if (typeof id !== 'string' || from !== nameOf(id) || typeof text !== 'string') return // not ours
      if (!closed && instance !== self.instance) onMessage(id, text)
    })
    queueMicrotask(() => {
      if (!closed) onOpen()
    })
    return {
      send: (to, text) => {
        if (!closed) box.post(nameOf(to), JSON.stringify({ instance: self.instance, text }))
      },
      close: async () => {
        closed = true
        box.close()
      },
    }
  }

const parse = (data: string) => {
  try {
    return Object(JSON.parse(data))
  } catch {
    return {}
  }
}

export const mailboxTransport = (mailbox: Mailbox): SignalingTransport => withPresence(mailboxAlone(mailbox))
