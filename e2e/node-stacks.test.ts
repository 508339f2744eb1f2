import wrtc from '@roamhq/wrtc'
import { createPeer, type Channel, type Peer, type PeerConnectionConstructor, type SessionEnd } from '@parley-rtc/core'
import { receiveFiles, sendFile, type IncomingFile } from '@parley-rtc/core/files'
import { memoryNetwork } from '@parley-rtc/core/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { RTCPeerConnection as WeriftPeerConnection } from 'werift'
import { startRefusingTurnServer } from './refusing-turn-server.ts'

// Neither stack types itself as the browser's constructor; this test is what says that they fit.
const stacks: Record<string, PeerConnectionConstructor> = {
  wrtc: wrtc.RTCPeerConnection,
  werift: WeriftPeerConnection as unknown as PeerConnectionConstructor,
}
const pairs = Object.keys(stacks).flatMap((caller) => Object.keys(stacks).map((callee) => ({ caller, callee })))

// Without a server of one's own, werift asks one of the internet for its address.
let server: Awaited<ReturnType<typeof startRefusingTurnServer>>
beforeAll(async () => {
  server = await startRefusingTurnServer()
})
afterAll(() => server?.close())

describe.each(pairs)('$caller calls $callee', ({ caller, callee }) => {
  const peers: Peer[] = []
  afterEach(async () => {
    await Promise.all(peers.splice(0).map((peer) => peer.close()))
  })

  const setUp = async () => {
    const transport = memoryNetwork().transport()
    const join = (id: string, stack: string) => {
      const RTCPeerConnection = stacks[stack] as PeerConnectionConstructor
      const configuration = { iceServers: [{ urls: server.stunUrl }] }
      const peer = createPeer({ id, room: 'lobby', transport, rtc: { RTCPeerConnection, configuration } })
      peers.push(peer)
      return peer
    }
    const [alice, bob] = [join('alice', caller), join('bob', callee)]
    await Promise.all([alice.ready, bob.ready])
    return { alice, bob }
  }

  /** Echoes what it gets, until the channel closes. */
  const echo = (channel: Channel) => channel.on('message', (data) => channel.send(data))

  const nextMessage = (channel: Channel) => new Promise((resolve) => channel.on('message', resolve))

  it('connects, talks both ways in strings and bytes, and hangs up with one reason', async () => {
    const { alice, bob } = await setUp()
    const ends: SessionEnd[] = []
    bob.on('call', (session) => {
      session.on('channel', echo)
      session.on('ended', (end) => ends.push(end))
      session.accept()
    })
    const session = alice.call('bob')
    session.on('ended', (end) => ends.push(end))
    const chat = session.openChannel('chat')
    chat.send('hello')
    await session.connected
    expect(await nextMessage(chat)).toBe('hello')
    chat.send(new Uint8Array([1, 2, 3]))
    expect(new Uint8Array((await nextMessage(chat)) as ArrayBuffer)).toEqual(new Uint8Array([1, 2, 3]))
    const { sent, received } = (await session.report()).signals
    expect([sent.offer, received.offer]).toEqual([1, undefined])
    session.hangup('bye')
    await expect.poll(() => ends.length).toBe(2)
    expect(ends).toContainEqual({ reason: 'hangup', by: 'local', message: 'bye' })
    expect(ends).toContainEqual({ reason: 'hangup', by: 'remote', message: 'bye' })
    expect(session.peerConnection).toBeUndefined()
  })

  // Some stacks open a channel of a connection that is there within createDataChannel, before anybody can listen.
  it('sends a file, and opens a channel, once it is connected', async () => {
    const { alice, bob } = await setUp()
    const received = new Promise<IncomingFile>((resolve) => {
      bob.on('call', (session) => {
        receiveFiles(session, resolve)
        session.on('channel', (channel) => channel.label === 'chat' && echo(channel))
        session.accept()
      })
    })
    const session = alice.call('bob')
    await session.connected
    const sent = sendFile(session, new File(['three words here'], 'words.txt'))
    const file = await received
    expect(file).toMatchObject({ name: 'words.txt', size: 16 })
    expect(await (await file.accept()).text()).toBe('three words here')
    await sent
    const chat = session.openChannel('chat')
    chat.send('hello')
    expect(await nextMessage(chat)).toBe('hello')
  })

  it('makes one session when both call at once', async () => {
    const { alice, bob } = await setUp()
    const onCall = vi.fn()
    alice.on('call', onCall)
    bob.on('call', onCall)
    const fromAlice = alice.call('bob')
    const fromBob = bob.call('alice')
    const heard = Promise.all([fromAlice, fromBob].map((session) => nextMessage(session.openChannel('chat'))))
    for (const session of [fromAlice, fromBob]) session.openChannel('chat').send(`from ${session.remoteId}`)
    await Promise.all([fromAlice.connected, fromBob.connected])
    expect(await heard).toEqual(['from alice', 'from bob'])
    expect([alice.sessions.length, bob.sessions.length]).toEqual([1, 1])
    expect(fromAlice.id).toBe(fromBob.id)
    expect([fromAlice, fromBob].map((session) => session.getSnapshot().role)).toEqual(['caller', 'callee'])
    expect(onCall).not.toHaveBeenCalled()
  })
})
