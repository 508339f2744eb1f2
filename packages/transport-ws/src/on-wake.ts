/**
 * Calls `wake` when the network or the page comes back: then a timer may be minutes late, and a socket dead without a
 * word; behind another network it almost always is. In Node nothing tells, and it is never called. Returns its end.
 */
export const onWake = (wake: (isNetwork: boolean) => void): (() => void) => {
  const controller = new AbortController()
  const look = ({ type }: Event): void => {
    if (type !== 'visibilitychange' || !document.hidden) wake(type === 'online')
  }
  // Two of them are events of the document, which the window sees on their way there.
  for (const type of ['online', 'pageshow', 'visibilitychange', 'resume']) {
    globalThis.addEventListener?.(type, look, { capture: true, signal: controller.signal })
  }
  return () => controller.abort()
}
