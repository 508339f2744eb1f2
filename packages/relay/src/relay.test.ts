import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { AuthorizeRequest, Grant } from './authorize.ts'
import { createRelay } from './relay.ts'
import { connect, join } from './test-client.ts'
import { startRelay, startTimedRelay } from './test-relay.ts'

describe('a relay', () => {
  it('welcomes a peer, tells who is there, and passes frames on with the id of the sender', async () => {
    const { url, relay } = await startRelay()
    const ann = await join(url, { id: 'ann' })
    expect(ann.welcome).toMatchObject({ type: 'welcome', peers: [] })
    expect(Buffer.from(ann.welcome.resume, 'base64url')).toHaveLength(32)
    const bob = await join(url, { id: 'bob', instance: 'b1' })
    expect(bob.welcome.peers).toEqual([{ id: 'ann', instance: 'i1' }])
    expect(await ann.takeSaid('joined')).toEqual({ type: 'joined', peer: { id: 'bob', instance: 'b1' } })
    ann.send('bob', 'one\ntwo')
    expect(await bob.take((frame) => frame.startsWith('ann'))).toBe('ann\none\ntwo')
    bob.socket.close(1000)
    expect(await ann.takeSaid('left')).toEqual({ type: 'left', peer: { id: 'bob', instance: 'b1' } })
    expect(relay.counters).toMatchObject({ accepted: 2, joined: 2, messages: 1, bytes: 11 })
  })

  it('tells that nobody took a message: the same for an absent id, one of another room, and the own', async () => {
    const { url } = await startRelay()
    const ann = await join(url, { id: 'ann' })
    await join(url, { id: 'eve', room: 'elsewhere' })
    for (const to of ['nobody', 'eve', 'ann', '__proto__', 'constructor']) {
      ann.send(to, 'x')
      expect(await ann.takeSaid('unreachable')).toEqual({ type: 'unreachable', to })
    }
  })

  it('answers who asks whether it is there', async () => {
    const { url } = await startRelay()
    const ann = await join(url, { id: 'ann' })
    ann.socket.send('\n')
    expect(await ann.take((frame) => frame === '\n')).toBe('\n')
  })

  it('carries ids, rooms and payloads of any characters', async () => {
    const { url } = await startRelay()
    const room = 'ℵ ∈ {"a": 1} \u{1F600}'
    for (const id of ['__proto__', 'a b/+#', '日本', '\u{1F600}'.repeat(64), '€'.repeat(128)]) {
      const other = await join(url, { id: 'other', room })
      const peer = await join(url, { id, room })
      other.send(id, '\u0000\n\u{1F600}"')
      expect(await peer.take((frame) => frame.startsWith('other'))).toBe('other\n\u0000\n\u{1F600}"')
      peer.send('other', 'back')
      expect(await other.take((frame) => frame.startsWith(id))).toBe(`${id}\nback`)
      for (const { socket, closed } of [other, peer]) {
        socket.close(1000)
        await closed
      }
    }
  })

  it.each([
    ['no JSON', 'what?', 'the first frame must be a JSON object'],
    ['null', 'null', 'the first frame must be a JSON object'],
    ['an empty room', '{"room":"","id":"a","instance":"i"}', 'room must be 1 to 128 printable characters'],
    ['an id with a line feed', '{"room":"r","id":"a\\nb","instance":"i"}', 'id must be 1 to 128 printable characters'],
    ['an instance with a space', '{"room":"r","id":"a","instance":"i i"}', 'instance must be 1 to 64'],
    ['a token that is no text', '{"room":"r","id":"a","instance":"i","token":1}', 'token must be a text'],
    ['more than 8 KiB', `{"room":"r","id":"a","instance":"i","x":"${'x'.repeat(8192)}"}`, 'exceeds 8192 bytes'],
    ['bytes', Buffer.from('{"room":"r","id":"a","instance":"i"}'), 'the first frame must be text'],
  ])('refuses a first frame with %s', async (_what, frame, reason) => {
    const { url } = await startRelay()
    const client = connect(url)
    await client.opened
    client.socket.send(frame)
    const [code, words] = await client.closed
    expect(code).toBe(4400)
    expect(words).toContain(reason)
  })

  it('refuses a client that says nothing for 5 s', async () => {
    const { url, clock } = await startTimedRelay()
    const client = connect(url)
    await client.opened
    clock.advance(4_500)
    expect(client.socket.readyState).toBe(client.socket.OPEN)
    clock.advance(1_000)
    expect((await client.closed)[0]).toBe(4408)
  })

  it('refuses a client with another subprotocol, which it names so that a browser sees the code', async () => {
    const { url } = await startRelay()
    const client = connect(url, { protocols: ['parley.9', 'mine'] })
    expect(await client.closed).toEqual([4426, 'this relay speaks parley.1'])
    const bare = connect(url, { protocols: [] })
    expect((await bare.closed)[0]).toBe(4426)
    const extra = await join(url, { id: 'ann' }, { protocols: ['parley.1', 'mine'] })
    expect(extra.socket.protocol).toBe('parley.1')
  })

  it('ends only the connection for which something in the relay throws', async () => {
    const error = vi.fn<() => void>()
    const debug = (): void => {
      throw new Error('the disk is full')
    }
    const { url, relay } = await startRelay({ logger: { debug, info: debug, warn: debug, error } })
    const client = connect(url)
    await client.opened
    client.hello({ id: 'ann' })
    expect((await client.closed)[0]).toBe(1006)
    expect(error).toHaveBeenCalled()
    expect(relay.counters.joined).toBe(1)
  })
})

describe('authorize()', () => {
  it('gets what is known of a client, and decides about its id and its rooms', async () => {
    const seen: AuthorizeRequest[] = []
    const grants: Record<string, Grant> = { any: {}, ann: { id: 'ann' }, lobby: { rooms: ['lobby'] } }
    const { url } = await startRelay({
      authorize: (request) => {
        seen.push(request)
        return grants[request.token ?? '']
      },
    })
    await join(url, { id: 'ann', token: 'any' }, { headers: { cookie: 'a=b' } })
    expect(seen[0]).toMatchObject({ token: 'any', id: 'ann', room: 'lobby', address: '127.0.0.1', origin: undefined })
    expect(seen[0]?.request.headers.cookie).toBe('a=b')
    for (const fields of [
      { id: 'ann', token: 'none' },
      { id: 'bob' },
      { id: 'bob', token: 'ann' },
      { id: 'bob', room: 'cellar', token: 'lobby' },
    ]) {
      const client = connect(url)
      await client.opened
      client.hello(fields)
      expect(await client.closed).toEqual([4401, 'not allowed to join this room under this id'])
    }
    await join(url, { id: 'bob', token: 'lobby' })
  })

  it('makes the client try again when it cannot say', async () => {
    const { url } = await startRelay({ authorize: () => Promise.reject(new Error('the database is down')) })
    const client = connect(url)
    await client.opened
    client.hello({ id: 'ann' })
    expect((await client.closed)[0]).toBe(1011)
  })

  it('has 5 s, and nothing is joined by an answer that comes later', async () => {
    let answer = (_grant: Grant): void => {}
    const authorize = () => new Promise<Grant>((resolve) => (answer = resolve))
    const { url, clock, relay } = await startTimedRelay({ authorize })
    const client = connect(url)
    await client.opened
    client.hello({ id: 'ann' })
    client.send('bob', 'too early')
    await vi.waitFor(() => expect(relay.counters.dropped['before-welcome']).toBe(1))
    clock.advance(5_500)
    expect((await client.closed)[0]).toBe(4408)
    answer({})
    await Promise.resolve()
    expect(relay.counters.joined).toBe(0)
  })
})

describe('a relay in a server of yours', () => {
  it('takes the upgrades of its path, leaves the others, and leaves the server running', async () => {
    const server = createServer((_request, response) => response.end('mine'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    const relay = createRelay({ server, path: '/signal' })
    onTestFinished(relay.close)
    await join(`ws://127.0.0.1:${port}/signal?x=1`, { id: 'ann' })
    await expect(connect(`ws://127.0.0.1:${port}/other`).opened).rejects.toThrow('404')
    const theirs = vi.fn<() => void>()
    server.on('upgrade', ({ url }, socket) => {
      if (url === '/other') socket.end('HTTP/1.1 418 Teapot\r\n\r\n', theirs)
    })
    await expect(connect(`ws://127.0.0.1:${port}/other`).opened).rejects.toThrow('418')
    await expect(relay.listen()).rejects.toThrow('call listen() of that one')
    await relay.close()
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('mine')
  })

  it('takes upgrades that the server routes itself', async () => {
    const relay = createRelay({ port: 0 })
    onTestFinished(relay.close)
    const server = createServer().on('upgrade', relay.handleUpgrade)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    await join(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/anywhere`, { id: 'ann' })
  })
})
