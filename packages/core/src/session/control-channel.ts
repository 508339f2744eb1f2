import { listen } from '../listen.ts'
import type { Dialog } from '../signaling/dialog.ts'
import { decode } from '../signaling/message.ts'

export interface ControlChannelOptions {
  /** The dialog of the session now: it becomes another when the call of the other side is taken. */
  readonly dialog: () => Dialog
  /** The other side was heard on it: the path carries. */
  readonly onHeard: () => void
  readonly onBadMessage: (reason: string) => void
  /** The other side closed it, and so its connection. */
  readonly onClosed: () => void
}

/** The label of the negotiated channel 0: signaling of a connected session goes here, its hang-up too. */
export const controlLabel = 'parley'

/** Makes a data channel the second carrier of a dialog while it is open. Returns what takes it away again. */
export const carryOver = (
  control: RTCDataChannel,
  { dialog, onHeard, onBadMessage, onClosed }: ControlChannelOptions,
): (() => void) => {
  const stop = listen<RTCDataChannelEventMap>(control, {
    open: () =>
      dialog().setControl((text) => {
        // Delivery sends again what is lost here.
        if (control.readyState !== 'open') return
        try {
          control.send(text)
        } catch {
          // It is closing and does not say so yet (@roamhq/wrtc), or its buffer is full (W3C webrtc-pc, 6.2).
        }
      }),
    message: ({ data }) => {
      const envelope = decode(String(data))
      if (typeof envelope === 'string') return onBadMessage(envelope)
      if (envelope.session !== dialog().session) return
      onHeard()
      dialog().receive(envelope, 'control')
    },
    close: () => {
      dialog().setControl(undefined)
      onClosed()
    },
  })
  return () => {
    stop()
    dialog().setControl(undefined)
  }
}
