/** The operations chain of a connection (webrtc-pc, section 4.4.1.2). */
export interface Operations {
  /** Runs an operation when those before it are done. Its promise never settles once the connection is closed. */
  readonly run: <Value>(operation: () => Promise<Value>) => Promise<Value>
  readonly isEmpty: () => boolean
}

/** Creates an empty chain. `onEmpty` is called each time it becomes empty again. */
export const createOperations = (isClosed: () => boolean, onEmpty: () => void): Operations => {
  const queue: (() => void)[] = []

  const next = (): void => {
    queue.shift()
    if (queue.length === 0) onEmpty()
    else queue[0]?.()
  }

  const run = <Value>(operation: () => Promise<Value>): Promise<Value> =>
    new Promise((resolve, reject) => {
      if (isClosed()) {
        reject(new DOMException('The connection is closed.', 'InvalidStateError'))
        return
      }
      const settle = (finish: () => void): void => {
        if (isClosed()) return
        finish()
        next()
      }
      const start = (): void => {
        operation().then(
          (value) => settle(() => resolve(value)),
          (error: unknown) => settle(() => reject(error as Error)),
        )
      }
      queue.push(start)
      if (queue.length === 1) start()
    })

  return { run, isEmpty: () => queue.length === 0 }
}
