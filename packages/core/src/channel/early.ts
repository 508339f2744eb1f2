/** What waits for the first listener: bytes in all, with what it costs to keep any message at all. */
const maxEarly = 2 ** 22
const overhead = 64

/** Keeps what arrives before anybody listens, so that nothing is lost between `open` and the first listener. */
export const createEarly = (
  emit: (message: string | ArrayBuffer) => void,
  /** There is no room for a message. */
  drop: (isFirst: boolean) => void,
) => {
  /** Undefined as soon as somebody listens. */
  let held: (string | ArrayBuffer)[] | undefined = []
  let size = 0
  let hasDropped = false

  const deliver = () => {
    for (let message = held?.shift(); message !== undefined; message = held?.shift()) emit(message)
    held = undefined
  }

  return {
    take: (message: string | ArrayBuffer): void => {
      if (!held) return emit(message)
      size += overhead + (typeof message === 'string' ? message.length : message.byteLength)
      if (size <= maxEarly) return void held.push(message)
      drop(!hasDropped)
      hasDropped = true
    },
    /** Somebody listens. Delivers in a moment of its own: who has just called `on` has not got its result yet. */
    flush: (): void => {
      if (held?.length === 0) held = undefined
      else if (held) queueMicrotask(deliver)
    },
  }
}
