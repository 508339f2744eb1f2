import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { networkInterfaces } from 'node:os'

/**
 * A STUN and TURN server over UDP that refuses: it answers each Binding and each Allocate with 401, as a TURN server does to
 * which all credentials have expired (RFC 8656, 7.2).
 */
export const startRefusingTurnServer = async () => {
  const socket = createSocket('udp4')
  socket.on('message', (request, { port, address }) => {
    const type = request.length < 20 ? undefined : request.readUInt16BE(0)
    if (type !== bindingRequest && type !== allocateRequest) return
    const attributes = Buffer.concat([
      attribute(errorCode, Buffer.concat([Buffer.from([0, 0, 4, 1]), Buffer.from('Unauthorized')])),
      attribute(realm, Buffer.from('test')),
      attribute(nonce, Buffer.from('nonce')),
    ])
    const header = Buffer.alloc(20)
    header.writeUInt16BE(type | errorClass, 0)
    header.writeUInt16BE(attributes.length, 2)
    request.copy(header, 4, 4, 20) // the magic cookie and the transaction
    socket.send(Buffer.concat([header, attributes]), port, address)
  })
  socket.bind(0)
  await once(socket, 'listening')
  const address = `${ownAddress()}:${socket.address().port}`
  return { url: `turn:${address}`, stunUrl: `stun:${address}`, close: () => socket.close() }
}

/** An address of this machine that browsers send from: they leave the loopback interface out. */
export const ownAddress = (): string =>
  Object.values(networkInterfaces())
    .flat()
    .find((each) => each?.family === 'IPv4' && !each.internal)?.address ?? '127.0.0.1'

const bindingRequest = 0x0001
const allocateRequest = 0x0003
const errorClass = 0x0110
const errorCode = 0x0009
const realm = 0x0014
const nonce = 0x0015

const attribute = (type: number, value: Buffer): Buffer => {
  const bytes = Buffer.alloc(4 + Math.ceil(value.length / 4) * 4)
  bytes.writeUInt16BE(type, 0)
  bytes.writeUInt16BE(value.length, 2)
  value.copy(bytes, 4)
  return bytes
}
