import type { Clock } from './clock.ts'
import { closeConnection } from './connection.ts'
import type { RelayContext } from './context.ts'
import { tell } from './membership.ts'

/** How long the clients wait before they come back, at most, in ms: each draws its own share, so that no herd comes. */
const longestReturn = 5_000
/** The time over which the connections are closed, in ms. */
const closeWindow = 10_000
/** When it is over for those that are still there, in ms. */
const hardStop = 15_000

/** Asks everybody to go and closes the connections one after the other. Resolves when none is left, or after 15 s. */
export const drainConnections = (context: RelayContext, clock: Clock, random: () => number): Promise<void> => {
  context.now = clock.now()
  for (const connection of context.connections) {
    if (connection.member) {
      tell(context, connection, { type: 'drain', after: Math.floor(random() * longestReturn) })
      if (connection.phase === 'closing') continue // it reads too slowly even for this
      connection.phase = 'draining'
      connection.deadline = context.now + random() * closeWindow
    } else closeConnection(connection, 'stopping', 'the relay stops')
  }
  const end = context.now + hardStop
  return new Promise((resolve) => {
    const look = (): void => {
      if (context.connections.size === 0 || clock.now() >= end) resolve()
      else clock.setTimeout(look, 100)
    }
    look()
  })
}
