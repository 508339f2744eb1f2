/**
 * The floor: what one writes in an evening. Parses each message, looks its recipient up, writes the sender into it.
 * It has no limits, no rooms, no presence, and ends with the first malformed message.
 */
import { WebSocketServer } from 'ws'

export const createBareRelay = () => {
  const clients = new Map()
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  server.on('connection', (socket) => {
    let id
    socket.on('message', (data) => {
      const message = JSON.parse(data)
      if (message.type === 'hello') {
        id = message.id
        clients.set(id, socket)
        return
      }
      message.from = id
      clients.get(message.to)?.send(JSON.stringify(message))
    })
    socket.on('close', () => clients.delete(id))
  })
  return new Promise((resolve) => server.on('listening', () => resolve(server.address().port)))
}
