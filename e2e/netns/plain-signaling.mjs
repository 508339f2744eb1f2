/** Signaling by hand for the bare page: whatever one client says, all others hear. Prints its port. */
import { WebSocketServer } from 'ws'

const server = new WebSocketServer({ host: process.argv[2], port: 0 })
server.on('listening', () => console.log(server.address().port))
server.on('connection', (socket) => {
  socket.on('error', () => socket.terminate())
  socket.on('message', (data) => {
    for (const client of server.clients) if (client !== socket) client.send(String(data))
  })
})
