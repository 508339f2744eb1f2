import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, it, vi } from 'vitest'
import wrtc from '@roamhq/wrtc'
import { createPeer, type Peer } from '@parley-rtc/core'
import { memoryNetwork, transportChecks } from '@parley-rtc/core/testing'
import { createRelay } from '@parley-rtc/relay'
import { webSocketTransport } from '@parley-rtc/transport-ws'
import { WebSocket } from 'ws'
import { ask } from './docs/ask.ts'
import { mailboxTransport, type Mailbox } from './docs/mailbox-transport.ts'
import { sendToBob, startBob } from './docs/send-a-file.ts'

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8')
const filesIn = (page: string) =>
  [...page.matchAll(/^```ts file=(\S+)\n([^]*?)^```/gm)].map(([, file, code]) => [file, code])

describe('docs/custom-transport.md', () => {
  const page = read('../docs/custom-transport.md')

  it('shows files that are compiled and run, as they are', () => {
    const files = ['pub-sub-transport.ts', 'pub-sub-transport.test.ts', 'mailbox-transport.ts']
    expect(filesIn(page)).toEqual(files.map((file) => [file, read(`./docs/${file}`)]))
  })

  it('names every check of the suite', () => {
    const names = transportChecks({ transport: () => expect.fail(), disconnect: () => undefined }).map(
      ({ name }) => name,
    )
    expect(names.filter((name) => !page.includes(`| ${name} |`))).toEqual([])
  })
})

/** One box for each name. */
const createMailbox = () => {
  const boxes = new Map<string, (from: string, letter: string) => void>()
  const mailbox: Mailbox = {
    open: (name, onLetter) => {
      boxes.set(name, onLetter)
      return {
        post: (to, letter) => void setTimeout(() => boxes.get(to)?.(name, letter)),
        close: () => void boxes.delete(name),
      }
    },
  }
  return { mailbox, boxes }
}

describe('the transport over a mailbox that docs/custom-transport.md shows', () => {
  const peers: Peer[] = []
  afterEach(async () => {
    await Promise.all(peers.splice(0).map((peer) => peer.close()))
  })

  it('connects peers, though nobody says who is there', async () => {
    const { mailbox } = createMailbox()
    const enter = (id: string) => {
      const transport = mailboxTransport(mailbox)
      const peer = createPeer({ id, room: 'lobby', transport, rtc: { RTCPeerConnection: wrtc.RTCPeerConnection } })
      peers.push(peer)
      return peer
    }
    const alice = enter('alice')
    const session = alice.call('bob')
    enter('bob').on('call', (call) => call.accept())
    await session.connected
    expect(alice.peers.map(({ id }) => id)).toEqual(['bob'])
  })

  it('drops what is no letter of this room, and says who sent as the mailbox knows it', () => {
    const { mailbox, boxes } = createMailbox()
    const heard: string[][] = []
    const join = {
      room: 'lobby',
      self: { id: 'bob', instance: 'b' },
      onOpen: () => {},
      onClose: () => {},
      onPresence: () => {},
      onUnreachable: () => {},
      onMessage: (...message: [string, string]) => void heard.push(message),
    }
    const link = mailboxTransport(mailbox)(join)
    const deliver = boxes.get('["lobby","bob"]') ?? expect.fail('It opened no box.')
    const letter = JSON.stringify({ from: 'carol', instance: 'a', text: 'hello' })
    for (const broken of ['', '{', 'null', '5', '[]', '{"text":5}']) deliver('["lobby","alice"]', broken)
    for (const from of [
      '',
      '{',
      'null',
      'alice',
      '"lobby"',
      '["attic","alice"]',
      '["lobby"]',
      '["lobby",null]',
      '["lobby",["alice"]]',
    ])
      deliver(from, letter)
    expect(heard).toEqual([])
    deliver('["lobby","alice"]', letter)
    expect(heard).toEqual([['alice', 'hello']])
    return link.close()
  })
})

describe('the program that docs/channels.md shows', () => {
  afterEach(() => vi.unstubAllGlobals())

  it('is the file that is compiled and run, as it is', () => {
    expect(filesIn(read('../docs/channels.md'))).toEqual([['send-a-file.ts', read('./docs/send-a-file.ts')]])
  })

  it.each([0, 300_000])('brings a file of %i bytes from Alice to Bob', async (size) => {
    vi.stubGlobal('RTCPeerConnection', wrtc.RTCPeerConnection)
    const log = vi.spyOn(console, 'log').mockImplementation(() => {})
    const network = memoryNetwork()
    const kept: [string, number][] = []
    const bob = startBob(network.transport(), (name, file) => kept.push([name, file.size]))
    await sendToBob(network.transport(), new File([new Uint8Array(size)], 'notes.txt'))
    await expect.poll(() => kept).toEqual([['notes.txt', size]])
    expect(log.mock.calls.at(-1)).toEqual(size === 0 ? undefined : [`${size} of ${size} bytes`])
    log.mockRestore()
    await bob.close()
  })
})

describe('the program that docs/node.md shows', () => {
  it('is the file that is compiled and run, as it is', () => {
    expect(filesIn(read('../docs/node.md'))).toEqual([['ask.ts', read('./docs/ask.ts')]])
  })

  it('asks over a relay, and brings the answer', async () => {
    const relay = createRelay({ port: 0, host: '127.0.0.1' })
    const { port } = await relay.listen()
    const url = `ws://127.0.0.1:${port}`
    const { RTCPeerConnection } = wrtc
    const alice = createPeer({
      id: 'alice',
      room: 'lobby',
      transport: webSocketTransport({ url, WebSocket }),
      rtc: { RTCPeerConnection },
    })
    alice.on('call', (session) => {
      session.on('channel', (chat) => chat.on('message', () => chat.send('21 degrees')))
      session.accept()
    })
    await alice.ready
    expect(await ask(url, 'alice', 'How warm is it?')).toBe('21 degrees')
    await alice.close()
    await relay.close()
  })
})
