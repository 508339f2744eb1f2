import type { SignalingTransport } from '@parley-rtc/core'

/** Whether the transport notices that it is cut, or messages just vanish. */
export type Cut = 'told' | 'silent'

/** A transport that a test can cut. Presence stays, as it does where another medium carries it. */
export interface CuttableTransport {
  readonly transport: SignalingTransport
  readonly cut: (how: Cut) => void
  readonly heal: () => void
}

/** Wraps a transport. All of its links are cut and healed together. */
export const cuttable = (inner: SignalingTransport): CuttableTransport => {
  const joins = new Set<{ readonly onOpen: () => void; readonly onClose: () => void }>()
  let state: Cut | undefined
  return {
    transport: (join) => {
      joins.add(join)
      const link = inner({
        ...join,
        onMessage: (from, text) => {
          if (state === undefined) join.onMessage(from, text)
        },
      })
      return {
        ...link,
        send: (to, text) => {
          if (state === undefined) link.send(to, text)
        },
      }
    },
    cut: (how) => {
      state = how
      if (how === 'told') for (const { onClose } of joins) onClose()
    },
    heal: () => {
      const wasTold = state === 'told'
      state = undefined
      if (wasTold) for (const { onOpen } of joins) onOpen()
    },
  }
}
