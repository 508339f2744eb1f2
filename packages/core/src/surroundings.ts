import { listen } from './listen.ts'

/** What a page is told of its machine and of itself. */
export interface Surroundings {
  readonly onNetworkChange: () => void
  readonly onFreeze: () => void
  readonly onWake: () => void
  /** The page goes away, perhaps for good. */
  readonly onPageHide: () => void
}

/** Listens to what there is of it: nothing in Node, no page in a worker. Returns what stops it. */
export const listenToSurroundings = ({ onNetworkChange, onFreeze, onWake, onPageHide }: Surroundings) => {
  const { document } = globalThis as { document?: Document }
  const onVisibilityChange = () => {
    if (document?.visibilityState === 'visible') onWake()
  }
  const listenTo = (target: EventTarget | undefined, listeners: Readonly<Record<string, () => void>>) =>
    target?.addEventListener ? listen(target, listeners) : () => {}
  const stops = [
    listenTo(globalThis, { online: onNetworkChange, pagehide: onPageHide }),
    listenTo(document, { freeze: onFreeze, resume: onWake, visibilitychange: onVisibilityChange }),
  ]
  return () => {
    for (const stop of stops) stop()
  }
}
