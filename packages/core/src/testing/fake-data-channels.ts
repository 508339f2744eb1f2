import { FakeDataChannel, type ChannelCarrier, type ChannelOpening } from './fake-data-channel.ts'
import type { FakeBehavior } from './fake-profile.ts'

/** What the data channels of one connection need of it. */
export interface DataChannelsOwner {
  readonly behavior: FakeBehavior
  /** Runs at the other side, in order with everything else that was sent. */
  readonly send: (arrive: (peer: DataChannels) => void) => void
  readonly queueTask: (run: () => void) => void
  readonly onDataChannel: (channel: FakeDataChannel) => void
  readonly onSent: () => void
  /** A message came for an id that has no channel: it is lost. */
  readonly onLost: () => void
}

/** All data channels of one connection. */
export interface DataChannels {
  readonly create: (label: string, init: RTCDataChannelInit) => FakeDataChannel
  /** Whether a channel was ever created here: then a data section is needed. */
  readonly used: boolean
  /** The association is there. Its DTLS client has the even ids (RFC 8832, section 6). */
  readonly connect: (asClient: boolean) => void
  /** ICE found no path. */
  readonly fail: () => void
  /** Closes all: the other side, or this one, closed its connection. */
  readonly abort: (byRemote: boolean) => void
  readonly onOpening: (opening: ChannelOpening) => void
  readonly onMessage: (id: number, data: string | ArrayBuffer) => void
  readonly onClose: (id: number) => void
}

/** Ids end at 65534 (RFC 8831); no test needs as many channels. */
const HIGHEST_ID = 65_534

/** Creates the empty set of channels of a connection. */
export const createDataChannels = (owner: DataChannelsOwner): DataChannels => {
  const channels = new Set<FakeDataChannel>()
  let used = false
  let association: 'none' | 'client' | 'server' = 'none'

  const byId = (id: number): FakeDataChannel | undefined =>
    [...channels].find((channel) => channel.id === id && channel.readyState !== 'closed')

  const freeId = (): number => {
    let id = association === 'client' ? 0 : 1
    while (byId(id) !== undefined) id += 2
    return id
  }

  const carrier: ChannelCarrier = {
    behavior: owner.behavior,
    sendMessage: (id, data, arrived) => {
      owner.onSent()
      owner.send((peer) => {
        peer.onMessage(id, data)
        arrived()
      })
    },
    sendClose: (id) => {
      owner.send((peer) => peer.onClose(id))
    },
    queueTask: owner.queueTask,
  }

  const open = (channel: FakeDataChannel): void => {
    if (association === 'none' || channel.readyState !== 'connecting') return
    const id = channel.id ?? freeId()
    channel.id = id
    if (!channel.negotiated) {
      const { label, protocol, ordered, maxPacketLifeTime, maxRetransmits } = channel
      owner.send((peer) => peer.onOpening({ id, label, protocol, ordered, maxPacketLifeTime, maxRetransmits }))
    }
    channel.open(id)
  }

  const abort = (byRemote: boolean): void => {
    association = 'none'
    for (const channel of channels) channel.abort(byRemote)
    channels.clear()
  }

  return {
    get used() {
      return used
    },
    create: (label, init) => {
      const { negotiated = false, maxPacketLifeTime = null, maxRetransmits = null } = init
      const id = negotiated ? init.id : undefined
      if (negotiated && id === undefined) throw new TypeError('A negotiated channel needs an id.')
      if (id !== undefined && id > HIGHEST_ID) throw new TypeError(`${id} is no id of a data channel.`)
      if (maxPacketLifeTime !== null && maxRetransmits !== null) {
        throw new TypeError('Give maxPacketLifeTime or maxRetransmits, not both.')
      }
      if (id !== undefined && byId(id) !== undefined) {
        throw new DOMException(`A data channel with the id ${id} exists.`, 'OperationError')
      }
      const { protocol = '', ordered = true } = init
      const opening = { label, protocol, ordered, maxPacketLifeTime, maxRetransmits }
      const channel = new FakeDataChannel(carrier, opening, id ?? null, negotiated)
      channels.add(channel)
      used = true
      owner.queueTask(() => open(channel))
      return channel
    },
    connect: (asClient) => {
      association = asClient ? 'client' : 'server'
      for (const channel of [...channels]) open(channel)
    },
    fail: () => {
      if (association === 'none' && owner.behavior.failureClosesChannels) abort(false)
    },
    abort,
    onOpening: (opening) => {
      if (byId(opening.id) !== undefined) return
      const channel = new FakeDataChannel(carrier, opening, opening.id, false)
      channels.add(channel)
      channel.open(opening.id, () => owner.onDataChannel(channel))
    },
    onMessage: (id, data) => {
      const channel = byId(id)
      if (channel === undefined) owner.onLost()
      else channel.deliver(data)
    },
    onClose: (id) => {
      const channel = byId(id)
      if (channel === undefined) return
      channels.delete(channel)
      if (channel.closeByRemote()) owner.send((peer) => peer.onClose(id))
    },
  }
}
