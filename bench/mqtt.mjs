/**
 * Signaling over MQTT, on mosquitto over TCP: how long joining takes beside bare mqtt.js with two subscriptions, and
 * how many messages and bytes one call costs, beside the same call over WebSocket. `node bench/mqtt.mjs [rounds]`;
 * takes some 20 s. mosquitto must be installed.
 */
import { createConnection, createServer } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import mqtt from 'mqtt'
import { WebSocket } from 'ws'
import { importSource } from '../scripts/import-source.mjs'

const rounds = Number(process.argv[2] ?? 200)
const source = (path) => importSource(fileURLToPath(new URL(`../${path}`, import.meta.url)))
const { startMosquitto } = await source('e2e/brokers.ts')
const { createPeer } = await source('packages/core/src/index.ts')
const { createFakeWebRtc } = await source('packages/core/src/testing/index.ts')
const { createRelay } = await source('packages/relay/src/index.ts')
const { mqttTransport } = await source('packages/transport-mqtt/src/index.ts')
const { webSocketTransport } = await source('packages/transport-ws/src/index.ts')

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]

/** ms from nothing to two subscriptions that are granted: asked for in one packet, or one after the other. */
const joinBare = (isOnePacket) => async (url, round) => {
  const start = performance.now()
  const clientId = `bare-${isOnePacket}-${round}`
  const client = await mqtt.connectAsync(url, { protocolVersion: 5, clientId, reconnectPeriod: 0 })
  const filters = ['bare/room/+/+', `bare/room/ann/${round}/+`]
  for (const filter of isOnePacket ? [filters] : filters) await client.subscribeAsync(filter, { qos: 1 })
  const time = performance.now() - start
  await client.endAsync()
  return time
}

/** ms from nothing to an open room. */
const joinParley = async (url, round) => {
  const start = performance.now()
  const link = await new Promise((resolve, reject) => {
    const self = { id: 'ann', instance: `parley-${round}` }
    const none = () => {}
    const others = { onMessage: none, onPresence: none, onUnreachable: none, onClose: reject }
    const opened = mqttTransport({ url })({ room: 'room', self, ...others, onOpen: () => resolve(opened) })
  })
  const time = performance.now() - start
  await link.close()
  return time
}

const joins = { onePacket: joinBare(true), inTurn: joinBare(false), parley: joinParley }

const measureJoin = async (url, count) => {
  const times = { onePacket: [], inTurn: [], parley: [] }
  const [a, b, c] = Object.keys(joins)
  // Each comes after each other equally often, since what the broker still does for the last one delays the next.
  const orders = [
    [a, b, c],
    [c, b, a],
    [b, c, a],
    [a, c, b],
    [c, a, b],
    [b, a, c],
  ].flat()
  // The first rounds warm all up and do not count.
  for (let round = -18; round < count; round++) {
    const place = ((round + 18) % 6) * 3
    for (const kind of orders.slice(place, place + 3)) {
      await wait(5)
      const time = await joins[kind](url, round)
      if (round >= 0) times[kind].push(time)
    }
  }
  return times
}

const showJoin = (where, times) => {
  const show = (name, value) => console.log(`  ${name.padEnd(46)}${value.toFixed(2)}`)
  const ratio = (bare) => median(times.parley.map((time, round) => time / times[bare][round]))
  console.log(`join to ready, ms, ${where}, mosquitto over TCP, median of ${times.parley.length} alternating rounds`)
  show('bare mqtt.js, two subscriptions in one packet', median(times.onePacket))
  show('bare mqtt.js, two subscriptions in turn', median(times.inTurn))
  show('parley', median(times.parley))
  show('ratio to one packet', ratio('onePacket'))
  show('ratio to in turn', ratio('inTurn'))
}

/** Forwards to a port of this machine, `delay` ms later, and counts the bytes of both directions. */
const startMeter = async (port, delay = 0) => {
  const meter = { bytes: 0 }
  const forward = (from, to) => {
    from.setNoDelay(true) // Nagle's algorithm is for the two ends
    from.on('data', (data) => {
      meter.bytes += data.length
      if (delay > 0) setTimeout(() => to.write(data), delay)
      else to.write(data)
    })
    from.on('error', () => to.destroy())
    from.on('end', () => setTimeout(() => to.end(), delay))
  }
  const server = createServer((socket) => {
    const upstream = createConnection(port, '127.0.0.1')
    forward(socket, upstream)
    forward(upstream, socket)
  })
  await new Promise((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  return Object.assign(meter, { port: server.address().port, close: () => server.close() })
}

/** A transport that counts what core sends over it. */
const counted = (transport, tally) => (join) => {
  const link = transport(join)
  const send = (to, text) => {
    tally.messages += 1
    tally.characters += text.length
    link.send(to, text)
  }
  return Object.create(link, { send: { value: send } })
}

/** One call of two peers: it connects, a word is said, the caller hangs up. `transport` makes one for a port. */
const measureCall = async (port, transport) => {
  const meter = await startMeter(port)
  const tally = { messages: 0, characters: 0 }
  const { RTCPeerConnection } = createFakeWebRtc({ candidates: 1 })
  const enter = (id) =>
    createPeer({ id, room: 'call', transport: counted(transport(meter.port), tally), rtc: { RTCPeerConnection } })
  const [ann, bob] = [enter('ann'), enter('bob')]
  await Promise.all([ann.ready, bob.ready])
  while (ann.peers.length + bob.peers.length < 2) await wait(5)
  const join = meter.bytes

  const heard = new Promise((resolve) => {
    bob.on('call', (session) => {
      session.on('channel', (channel) => channel.on('message', resolve))
      session.accept()
    })
  })
  const session = ann.call('bob')
  const chat = session.openChannel('chat')
  await session.connected
  const connect = { messages: tally.messages, bytes: meter.bytes - join }
  chat.send('hello')
  await heard
  const ended = new Promise((resolve) => {
    session.on('ended', resolve)
  })
  session.hangup()
  await ended
  await wait(300) // what is still acknowledged belongs to the call
  const bytes = meter.bytes - join
  await Promise.all([ann.close(), bob.close()])
  meter.close()
  return { ...tally, join, bytes, connect }
}

/** The one in the middle of nine: how often messages are acknowledged apart depends on how busy the machine is. */
const measureCalls = async (port, transport) => {
  const calls = []
  while (calls.length < 9) calls.push(await measureCall(port, transport))
  return calls.toSorted((one, other) => one.messages - other.messages)[4]
}

const broker = await startMosquitto()
const relay = createRelay({ port: 0 })
try {
  const brokerPort = Number(new URL(broker.url).port)
  showJoin('loopback', await measureJoin(broker.url, rounds))
  const far = await startMeter(brokerPort, 10)
  showJoin('20 ms there and back', await measureJoin(`mqtt://127.0.0.1:${far.port}`, Math.ceil(rounds / 10)))
  far.close()

  const viaMqtt = (protocolVersion) => (port) => mqttTransport({ url: `mqtt://127.0.0.1:${port}`, protocolVersion })
  const viaWebSocket = (port) => webSocketTransport({ url: `ws://127.0.0.1:${port}`, WebSocket })
  const relayPort = (await relay.listen()).port
  const calls = {
    'MQTT 5': await measureCalls(brokerPort, viaMqtt(5)),
    'MQTT 3.1.1': await measureCalls(brokerPort, viaMqtt(4)),
    WebSocket: await measureCalls(relayPort, viaWebSocket),
  }
  console.log(
    'one call of two peers, one candidate a side: connect, a word, hang up; bytes are TCP payload of both links',
  )
  const row = (name, cells) =>
    console.log(`  ${name.padEnd(12)}${cells.map((cell) => String(cell).padStart(14)).join('')}`)
  row('', ['both joins, B', 'to connect', 'B', 'whole call', 'B', 'characters'])
  for (const [name, { messages, characters, bytes, join, connect }] of Object.entries(calls)) {
    row(name, [join, connect.messages, connect.bytes, messages, bytes, characters])
  }
  const isMore = ['MQTT 5', 'MQTT 3.1.1'].some((name) => calls[name].messages > calls.WebSocket.messages)
  console.log(`  MQTT takes ${isMore ? 'MORE' : 'no more'} messages than WebSocket`)
} finally {
  await Promise.all([broker.close(), relay.close()])
}
// The servers of vite that read the sources stay open.
process.exit()
