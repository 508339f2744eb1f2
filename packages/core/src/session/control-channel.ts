import type { Warning } from '../emitter.ts'
import { listen } from '../listen.ts'
import type { Dialog } from '../signaling/dialog.ts'
import { decode } from '../signaling/message.ts'
import type { SessionEvent } from './session-event.ts'

/** The label of the negotiated channel 0: signaling of a connected session goes here, its hang-up too. */
export const controlLabel = 'parley'

/**
 * Makes a data channel the second carrier of a dialog while it is open. Returns what takes it away again. It tells that
 * the other side was heard on it, so that the path carries, and that it was closed there, and so its connection.
 */
export const carryOver = (
  control: RTCDataChannel,
  /** The dialog of the session now: it becomes another when the call of the other side is taken. */
  dialog: () => Dialog,
  tell: (event: SessionEvent) => void,
  warn: (warning: Warning) => void,
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
      if (typeof envelope === 'string')
        return warn({ code: 'bad-message', message: `On the control channel: ${envelope}.` })
      if (envelope.session !== dialog().session) return
      tell({ type: 'control.heard' })
      dialog().receive(envelope, 'control')
    },
    close: () => {
      dialog().setControl(undefined)
      tell({ type: 'rtc.closed' })
    },
  })
  return () => {
    stop()
    dialog().setControl(undefined)
  }
}
