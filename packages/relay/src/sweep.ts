import type { Clock } from './clock.ts'
import { closeConnection, ping, type Connection } from './connection.ts'
import type { RelayContext } from './context.ts'
import { decide } from './joining.ts'
import { abandon, expel, fail, vacate } from './membership.ts'

/** One timer for everything that has a deadline: a timer for each connection would cost memory and time. */
export interface Sweep {
  /** Begins when there is something to look after; ends by itself. */
  readonly start: () => void
  readonly stop: () => void
}

/** How late a deadline can be noticed, in ms. */
const interval = 250

export const createSweep = (context: RelayContext, clock: Clock, onSweep: () => void): Sweep => {
  let timer: unknown

  const run = (): void => {
    context.now = clock.now()
    for (const connection of context.connections) {
      if (connection.deadline > context.now) continue
      try {
        meetDeadline(context, connection)
      } catch (error) {
        fail(context, connection, error)
      }
    }
    for (const member of context.rooms.expired(context.now)) vacate(context, member)
    onSweep()
    const isIdle = context.connections.size === 0 && context.rooms.counts().held === 0
    timer = isIdle ? undefined : clock.setTimeout(run, interval)
  }

  return {
    start: () => {
      if (timer !== undefined) return
      context.now = clock.now()
      timer = clock.setTimeout(run, interval)
    },
    stop: () => {
      clock.clearTimeout(timer)
      timer = undefined
    },
  }
}

const meetDeadline = (context: RelayContext, connection: Connection): void => {
  const { limits, now } = context
  switch (connection.phase) {
    case 'hello':
    case 'joining':
      return closeConnection(connection, 'noHello', `no valid first frame within ${limits.helloTimeout} ms`)
    case 'asking':
      return decide(context, connection)
    case 'joined':
      ping(connection)
      connection.phase = 'pinged'
      connection.pingedAt = now
      connection.deadline = now + limits.pingTimeout
      return
    case 'pinged':
      if (connection.heardAt < connection.pingedAt) return abandon(context, connection, 'silent')
      connection.phase = 'joined'
      connection.deadline = Math.max(now, connection.pingedAt + limits.pingInterval)
      return
    case 'draining':
      return expel(context, connection, 'stopping', 'the relay stops')
    case 'closing':
  }
}
