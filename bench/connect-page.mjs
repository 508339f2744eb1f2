/** The page of `connect.mjs`: calls by Parley and by hand, in this page alone or with another page over a WebSocket. */
import { createPeer } from '../packages/core/src/index.ts'
import { webSocketTransport } from '../packages/transport-ws/src/index.ts'

const event = (target, type) => new Promise((resolve) => target.addEventListener(type, resolve, { once: true }))

/** Perfect negotiation as in W3C webrtc-pc, 10.7: the floor. */
const negotiate = (send, isPolite) => {
  const pc = new RTCPeerConnection()
  let isOffering = false
  let isIgnoring = false
  pc.onnegotiationneeded = async () => {
    isOffering = true
    await pc.setLocalDescription()
    send({ description: pc.localDescription })
    isOffering = false
  }
  pc.onicecandidate = ({ candidate }) => send({ candidate })
  const receive = async ({ description, candidate }) => {
    if (description) {
      isIgnoring = !isPolite && description.type === 'offer' && (isOffering || pc.signalingState !== 'stable')
      if (isIgnoring) return
      await pc.setRemoteDescription(description)
      if (description.type !== 'offer') return
      await pc.setLocalDescription()
      send({ description: pc.localDescription })
    } else if (!isIgnoring) await pc.addIceCandidate(candidate ?? undefined)
  }
  return { pc, receive }
}

const echoAll = (pc) => {
  pc.ondatachannel = ({ channel }) => {
    channel.onmessage = ({ data }) => channel.send(data)
  }
}

/** Opens a channel, says a word, and resolves when it is back: with what ends it all. */
const callBare = async (pc) => {
  const channel = pc.createDataChannel('chat')
  await event(channel, 'open')
  channel.send('hello')
  await event(channel, 'message')
}

const callParley = async (session) => {
  const channel = session.openChannel('chat')
  channel.send('hello')
  await new Promise((resolve) => channel.on('message', resolve))
}

const answerAll = (peer) =>
  peer.on('call', (session) => {
    session.on('channel', (channel) => channel.on('message', (data) => channel.send(data)))
    session.accept()
  })

const ended = (session) => new Promise((resolve) => session.on('ended', resolve))

/** A transport within the page that takes as long as the signaling of the calls by hand: no time. */
const createLocalTransport = () => {
  const joined = new Map()
  return ({ self, onOpen, onPresence, onMessage }) => {
    const tell = (to, peer) => to.onPresence({ type: 'joined', peer })
    queueMicrotask(() => {
      onOpen()
      for (const other of joined.values()) {
        tell(other, self)
        tell({ onPresence }, other.self)
      }
      joined.set(self.id, { self, onPresence, onMessage })
    })
    return {
      send: (to, text) => queueMicrotask(() => joined.get(to)?.onMessage(self.id, text)),
      close: async () => {},
    }
  }
}
const localTransport = createLocalTransport()
const join = (id, transport = localTransport) => createPeer({ id, room: 'bench', transport })
const local = { alice: join('alice'), bob: join('bob') }
answerAll(local.bob)

const openBarePair = () => {
  const sides = {}
  sides.one = negotiate((message) => queueMicrotask(() => void sides.two.receive(message)), false)
  sides.two = negotiate((message) => queueMicrotask(() => void sides.one.receive(message)), true)
  echoAll(sides.two.pc)
  return sides
}

/** ms of each of so many calls within this page, one after the other. */
const inPage = {
  bare: async () => {
    const { one, two } = openBarePair()
    await callBare(one.pc)
    return () => [one, two].forEach(({ pc }) => pc.close())
  },
  parley: async () => {
    const session = local.alice.call('bob')
    await callParley(session)
    return async () => {
      session.hangup()
      await ended(session)
    }
  },
}

/** What the two pages have between them once `enter` was called. */
const between = {}
const overWebSocket = {
  bare: async () => {
    const call = String(Math.random())
    const { socket } = between
    const side = negotiate((message) => socket.send(JSON.stringify({ to: 'bob', call, ...message })), false)
    socket.onmessage = ({ data }) => void side.receive(JSON.parse(data))
    await callBare(side.pc)
    return () => side.pc.close()
  },
  parley: async () => {
    const session = between.peer.call('bob')
    await callParley(session)
    return async () => {
      session.hangup()
      await ended(session)
    }
  },
}

/** Joins both relays under an id; the callee answers whoever calls. */
globalThis.enter = async (id, bareUrl, relayUrl) => {
  between.socket = new WebSocket(bareUrl)
  await event(between.socket, 'open')
  between.socket.send(JSON.stringify({ type: 'hello', id }))
  between.peer = join(id, webSocketTransport({ url: relayUrl }))
  await between.peer.ready
  if (id !== 'bob') return
  answerAll(between.peer)
  const sides = new Map()
  between.socket.onmessage = ({ data }) => {
    const { from, call, ...message } = JSON.parse(data)
    if (!sides.has(call)) {
      for (const { pc } of sides.values()) pc.close()
      sides.clear()
      const send = (reply) => between.socket.send(JSON.stringify({ to: from, call, ...reply }))
      sides.set(call, negotiate(send, true))
      echoAll(sides.get(call).pc)
    }
    void sides.get(call).receive(message)
  }
}

/** ms of so many calls until the first echo, one after the other. */
globalThis.callAgain = async (where, kind, count) => {
  const call = (where === 'page' ? inPage : overWebSocket)[kind]
  const times = []
  for (let index = 0; index < count; index++) {
    const start = performance.now()
    const end = await call()
    times.push(performance.now() - start)
    await end()
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return times
}

/** Connects so many pairs that stay. */
globalThis.keep = async (kind, count) => {
  globalThis.kept = []
  for (let index = 0; index < count; index++)
    if (kind === 'bare') {
      const sides = openBarePair()
      await callBare(sides.one.pc)
      globalThis.kept.push(sides)
    } else {
      const transport = createLocalTransport() // of its own, so that nobody hears of the other pairs
      const peers = ['one', 'two'].map((id) => join(id, transport))
      await peers[0].ready
      answerAll(peers[1])
      await callParley(peers[0].call('two'))
      globalThis.kept.push(peers)
    }
}
document.documentElement.setAttribute('data-ready', '')
