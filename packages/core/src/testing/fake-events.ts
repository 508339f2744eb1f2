type Handler = ((event: Event) => unknown) | null

/** Dispatches an event that has more properties than its type. Listeners run before this returns. */
export const fire = (target: EventTarget, type: string, properties: Readonly<Record<string, unknown>> = {}): void => {
  const event = new Event(type)
  for (const [name, value] of Object.entries(properties)) Object.defineProperty(event, name, { value })
  target.dispatchEvent(event)
}

/**
 * Gives a target its `on…` attributes. A handler keeps the place among the listeners that it had when it was first
 * set, as the HTML standard wants (event handlers, section 8.1.8.1).
 */
export const addHandlerAttributes = (target: EventTarget, types: readonly string[]): void => {
  for (const type of types) {
    let handler: Handler = null
    let listens = false
    Object.defineProperty(target, `on${type}`, {
      configurable: true,
      get: () => handler,
      set: (next: unknown) => {
        handler = typeof next === 'function' ? (next as Handler) : null
        if (listens) return
        listens = true
        target.addEventListener(type, (event) => handler?.call(target, event))
      },
    })
  }
}
