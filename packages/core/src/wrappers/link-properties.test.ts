import { expect, it } from 'vitest'
import type { SignalingJoin, SignalingTransport } from '../signaling/transport.ts'
import { withFaults } from '../testing/with-faults.ts'
import { failover } from './failover.ts'
import { withPresence } from './with-presence.ts'

const join: SignalingJoin = {
  room: 'lobby',
  self: { id: 'alice', instance: 'alice-1' },
  onOpen: () => undefined,
  onMessage: () => undefined,
  onPresence: () => undefined,
  onUnreachable: () => undefined,
  onClose: () => undefined,
}

it.each<[string, (transport: SignalingTransport) => SignalingTransport]>([
  ['failover', (transport) => failover([transport])],
  ['withPresence', (transport) => withPresence(transport)],
  ['withFaults', (transport) => withFaults(transport)],
])('%s passes on the longest message of a link that learns it later, and what it is to seek', async (name, wrap) => {
  const sought: string[] = []
  let maxLength = 4096
  const link = wrap(() => ({
    send: () => undefined,
    close: () => Promise.resolve(),
    seek: (id) => sought.push(id),
    get maxLength() {
      return maxLength
    },
  }))(join)
  expect(link.maxLength).toBe(4096)
  maxLength = 1024
  expect(link.maxLength).toBe(1024)
  link.seek?.('bob')
  // withPresence is for what has no presence of its own, so it finds out by itself.
  expect(sought).toEqual(name === 'withPresence' ? [] : ['bob'])
  await link.close()
})
