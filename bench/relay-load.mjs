/**
 * The load, in a process of its own. Clients come in pairs; each client answers a message with the next one, so each
 * pair has one message under way and the server is never idle.
 */
import { WebSocket } from 'ws'

const sdp = Array.from({ length: 20 }, (_, index) => `a=candidate:${index} 1 udp 2122 10.0.0.1 50000 typ host`)
const text = (length) =>
  JSON.stringify({
    type: 'offer',
    sdp: sdp
      .join('\r\n')
      .padEnd(2000, 'x')
      .slice(0, length - 70),
  })

const wires = {
  bare: {
    protocols: [],
    hello: ({ id }) => JSON.stringify({ type: 'hello', id }),
    frame: (to, payload) => JSON.stringify({ type: 'message', to, payload }),
  },
  parley: {
    protocols: ['parley.1'],
    hello: ({ id, room }) => JSON.stringify({ room, id, instance: 'i' }),
    frame: (to, payload) => `${to}\n${payload}`,
    isMessage: (data) => data[0] !== 0x0a,
    isWelcome: (data) => data[0] === 0x0a,
  },
}

const sets = {}
let counted = 0
let running = false

const open = ({ kind, port }, name, partner, room) =>
  new Promise((resolve, reject) => {
    const { protocols, hello, frame, isMessage, isWelcome } = wires[kind]
    const socket = new WebSocket(`ws://127.0.0.1:${port}`, protocols)
    const next = Buffer.from(frame(partner, text(1000)))
    const client = { socket, start: () => socket.send(next, { binary: false }) }
    socket.on('error', reject)
    socket.on('open', () => {
      socket.send(hello({ id: name, room }))
      if (!isWelcome) resolve(client)
    })
    socket.on('message', (data) => {
      if (isWelcome?.(data)) resolve(client)
      if (isMessage && !isMessage(data)) return
      counted++
      if (running) client.start()
    })
  })

const commands = {
  /** Connects `count` clients, 50 at a time. */
  connect: async ({ set, kind, port, count }) => {
    const clients = []
    while (clients.length < count) {
      const batch = Array.from({ length: Math.min(50, count - clients.length) }, (_, index) => {
        const at = clients.length + index
        return open({ kind, port }, `${set}-${at}`, `${set}-${at ^ 1}`, `${set}-${Math.floor(at / 10)}`)
      })
      clients.push(...(await Promise.all(batch)))
    }
    sets[set] = clients
  },
  start: ({ set }) => {
    running = true
    for (let index = 0; index < sets[set].length; index += 2) sets[set][index].start()
  },
  count: () => counted,
  stop: () => {
    running = false
  },
  disconnect: ({ set }) => {
    for (const { socket } of sets[set]) socket.terminate()
    delete sets[set]
  },
}

const obey = async ({ command, ...input }) => process.send({ value: await commands[command](input) })
const fail = (error) => {
  console.error(error)
  process.exit(1)
}
process.on('message', (order) => {
  obey(order).catch(fail)
})
process.on('disconnect', () => process.exit())
