import type { SignalingTransport } from '@parley-rtc/core'
import { withPresence } from '@parley-rtc/core/wrappers'

/** A medium that carries text to a name, and knows no more: push messages, e-mail, a serial line. */
export interface Mailbox {
  readonly post: (to: string, text: string) => void
  readonly open: (name: string, onLetter: (text: string) => void) => { readonly close: () => void }
}

const mailboxAlone =
  (mailbox: Mailbox): SignalingTransport =>
  ({ room, self, onOpen, onMessage }) => {
    const nameOf = (id: string) => JSON.stringify([room, id])
    let closed = false
    const box = mailbox.open(nameOf(self.id), (letter) => {
      const { from, instance, text } = JSON.parse(letter)
      if (!closed && instance !== self.instance) onMessage(from, text)
    })
    queueMicrotask(() => {
      if (!closed) onOpen()
    })
    return {
      send: (to, text) => {
        if (!closed) mailbox.post(nameOf(to), JSON.stringify({ from: self.id, instance: self.instance, text }))
      },
      close: async () => {
        closed = true
        box.close()
      },
    }
  }

export const mailboxTransport = (mailbox: Mailbox): SignalingTransport => withPresence(mailboxAlone(mailbox))
