/** The page of `channel.mjs`: a channel of Parley and a bare RTCDataChannel, each between two ends in here. */
import { createPeer } from '../packages/core/src/index.ts'
import { memoryNetwork } from '../packages/core/src/testing/memory-network.ts'

/** Bytes of a message, and of the buffer where a good loop stops and goes on. */
const size = 64 * 1024
const high = 1024 * 1024
const low = 256 * 1024

const event = (target, type) => new Promise((resolve) => target.addEventListener(type, resolve, { once: true }))

const openBare = async () => {
  const [one, two] = [new RTCPeerConnection(), new RTCPeerConnection()]
  for (const [from, to] of [
    [one, two],
    [two, one],
  ])
    from.addEventListener('icecandidate', ({ candidate }) => void (candidate && to.addIceCandidate(candidate)))
  const channel = one.createDataChannel('bench')
  channel.bufferedAmountLowThreshold = low
  const arriving = event(two, 'datachannel')
  await one.setLocalDescription()
  await two.setRemoteDescription(one.localDescription)
  await two.setLocalDescription()
  await one.setRemoteDescription(two.localDescription)
  const { channel: other } = await arriving
  other.binaryType = 'arraybuffer'
  if (channel.readyState !== 'open') await event(channel, 'open')
  return {
    onMessage: (take) => {
      other.onmessage = ({ data }) => take(data)
    },
    send: async (data) => {
      if (channel.bufferedAmount >= high) await event(channel, 'bufferedamountlow')
      channel.send(data)
    },
  }
}

const openParley = async () => {
  const network = memoryNetwork()
  const [one, two] = ['one', 'two'].map((id) => createPeer({ id, room: 'bench', transport: network.transport() }))
  await Promise.all([one.ready, two.ready])
  const taken = new Promise((resolve) => {
    two.on('call', (session) => {
      resolve(session.openChannel('bench'))
      session.accept()
    })
  })
  const session = one.call('two')
  const channel = session.openChannel('bench')
  const other = await taken
  await session.connected
  let take = () => {}
  other.on('message', (data) => take(data))
  return {
    onMessage: (next) => {
      take = next
    },
    send: (data) => channel.send(data),
  }
}

const ends = { bare: await openBare(), parley: await openParley() }

/** Sends so many bytes from one end to the other; returns the ms that it took. */
globalThis.transfer = async (kind, total) => {
  const { onMessage, send } = ends[kind]
  let missing = total
  const arrived = new Promise((resolve) => {
    onMessage((data) => {
      missing -= data.byteLength
      if (missing <= 0) resolve()
    })
  })
  const piece = new Uint8Array(size)
  const start = performance.now()
  for (let at = 0; at < total; at += size) await send(piece)
  await arrived
  return performance.now() - start
}
document.documentElement.setAttribute('data-ready', '')
