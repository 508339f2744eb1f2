import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import wrtc from '@roamhq/wrtc'
import { createPeer, type Peer } from '@parley-rtc/core'
import { transportChecks } from '@parley-rtc/core/testing'
import { mailboxTransport, type Mailbox } from './docs/mailbox-transport.ts'

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8')

describe('docs/custom-transport.md', () => {
  const page = read('../docs/custom-transport.md')
  const blocks = [...page.matchAll(/^```ts file=(\S+)\n([^]*?)^```/gm)]

  it('shows files that are compiled and run, as they are', () => {
    const files = ['pub-sub-transport.ts', 'pub-sub-transport.test.ts', 'mailbox-transport.ts']
    expect(blocks.map(([, file, code]) => [file, code])).toEqual(files.map((file) => [file, read(`./docs/${file}`)]))
  })

  it('names every check of the suite', () => {
    const names = transportChecks({ transport: () => expect.fail(), disconnect: () => undefined }).map(
      ({ name }) => name,
    )
    expect(names.filter((name) => !page.includes(`| ${name} |`))).toEqual([])
  })
})

describe('the transport over a mailbox that docs/custom-transport.md shows', () => {
  const peers: Peer[] = []
  afterEach(async () => {
    await Promise.all(peers.splice(0).map((peer) => peer.close()))
  })

  it('connects peers, though nobody says who is there', async () => {
    const boxes = new Map<string, (text: string) => void>()
    const mailbox: Mailbox = {
      post: (to, text) => void setTimeout(() => boxes.get(to)?.(text)),
      open: (name, onLetter) => {
        boxes.set(name, onLetter)
        return { close: () => void boxes.delete(name) }
      },
    }
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
})
