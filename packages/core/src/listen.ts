type Listeners<EventMap> = { readonly [Type in keyof EventMap]?: (event: EventMap[Type]) => void }

/** Listens to several events of a DOM event target; returns what stops it. */
export const listen = <EventMap>(target: EventTarget, listeners: Listeners<EventMap>): (() => void) => {
  // Not the `signal` option of addEventListener: the WebRTC stacks of Node do not know it.
  const each = Object.entries(listeners) as [string, EventListener][]
  for (const [type, listener] of each) target.addEventListener(type, listener)
  return () => {
    for (const [type, listener] of each) target.removeEventListener(type, listener)
  }
}
