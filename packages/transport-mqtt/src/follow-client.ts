import type { MqttClient } from './mqtt-client.ts'
import type { Room } from './room.ts'
import type { Topics } from './topics.ts'

/** The filters of who is there, once for each peer that needs them: two peers of a room share one subscription. */
const filtersOf = new WeakMap<MqttClient, string[]>()

/** Keeps a room on a client that belongs to somebody else, who connects and ends it. Returns what lets go of it. */
export const followClient = (room: Room, client: MqttClient, { presences, inbox }: Topics): (() => void) => {
  const filters = filtersOf.get(client) ?? []
  filtersOf.set(client, filters)
  filters.push(presences)
  const enter = (): void => {
    if (client.connected) room.enter(client, client.serverProperties)
  }

  client.on('connect', enter)
  client.on('close', room.lose)
  client.on('message', room.receive)
  // Whoever joins gets its link before it is told anything.
  queueMicrotask(enter)

  return () => {
    client.removeListener('connect', enter)
    client.removeListener('close', room.lose)
    client.removeListener('message', room.receive)
    filters.splice(filters.indexOf(presences), 1)
    client.unsubscribe(filters.includes(presences) ? [inbox] : [inbox, presences])
  }
}
