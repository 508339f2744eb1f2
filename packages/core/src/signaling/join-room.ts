import { ParleyError, toTransportError } from '../errors.ts'
import type { SignalingJoin, SignalingLink, SignalingTransport } from './transport.ts'

/** Joins by a transport, or throws what it throws as a ParleyError; `invalid-option` where it is none. */
export const joinRoom = (transport: SignalingTransport, join: SignalingJoin): SignalingLink => {
  const link = open(transport, join)
  if (typeof transport === 'function' && typeof link?.send === 'function') return link
  throw new ParleyError(
    'invalid-option',
    'The transport is none. Configure one and pass what that returns, such as `transport: broadcastChannelTransport()`.',
  )
}

const open = (transport: SignalingTransport, join: SignalingJoin): SignalingLink | undefined => {
  try {
    return typeof transport === 'function' ? transport(join) : undefined
  } catch (cause) {
    throw toTransportError(cause)
  }
}
