import { afterEach, describe, expect, it, vi } from 'vitest'
import { createFakeWebSocket } from './fake-web-socket.ts'
import { webSocketTransport } from './index.ts'
import { createListener, createStage } from './test-stage.ts'

describe('webSocketTransport', () => {
  afterEach(() => {
    vi.unstubAllGlobals()
  })

  it.each([
    ['wss://relay.example', 'wss://relay.example/'],
    ['ws://localhost:8787/parley?region=eu', 'ws://localhost:8787/parley?region=eu'],
    ['https://relay.example/socket', 'wss://relay.example/socket'],
    ['HTTP://127.0.0.1:8787', 'ws://127.0.0.1:8787/'],
    [new URL('https://relay.example'), 'wss://relay.example/'],
  ])('takes %s for the address of a relay', async (url, address) => {
    const { socket } = await createStage({ url })
    expect(socket().url).toBe(address)
  })

  it.each(['', 'relay.example', '/socket', 'localhost:8787', 'ftp://relay.example', 'wss://'])(
    'throws at once when the url is "%s", and says what one looks like',
    (url) => {
      expect(() => webSocketTransport({ url })).toThrow(`needs a url like "wss://relay.example", not "${url}"`)
    },
  )

  it('throws `unsupported` when it joins without a WebSocket, and says where to get one', () => {
    vi.stubGlobal('WebSocket', undefined)
    const transport = webSocketTransport({ url: 'wss://relay.example' })
    expect(() => transport(createListener().join)).toThrow(
      expect.objectContaining({ code: 'unsupported', message: expect.stringContaining('package "ws"') }),
    )
  })

  it('takes the global WebSocket when none is given, and looks for it no earlier than when it joins', async () => {
    const transport = webSocketTransport({ url: 'wss://relay.example' })
    const { WebSocket, sockets } = createFakeWebSocket()
    vi.stubGlobal('WebSocket', WebSocket)
    const link = transport(createListener().join)
    await vi.waitFor(() => expect(sockets.map(({ url }) => url)).toEqual(['wss://relay.example/']))
    const closed = link.close()
    sockets[0]?.end(1000)
    await closed
  })

  it('offers its own subprotocol first, then those of the application', async () => {
    const { socket } = await createStage({ protocols: ['mine', 'yours'] })
    expect(socket().protocols).toEqual(['parley.1', 'mine', 'yours'])
  })

  it('says first who it is and where it wants to be', async () => {
    const { socket } = await createStage()
    socket().open()
    expect(socket().sent.map((frame) => JSON.parse(frame))).toEqual([{ room: 'lobby', id: 'ann', instance: 'ann-1' }])
  })

  it('tells the error of a constructor that throws, and does not try again', async () => {
    const made: string[] = []
    const WebSocket = function (url: string) {
      made.push(url)
      throw new DOMException('The port 1 is not allowed', 'SecurityError')
    } as unknown as typeof globalThis.WebSocket
    const { clock, calls, reasons } = await createStage({ WebSocket })
    expect(calls).toEqual(['close'])
    expect(reasons[0]?.message).toContain('SecurityError: The port 1 is not allowed')
    expect(clock.pending).toBe(0)
    expect(made).toHaveLength(1)
  })
})

describe('a token', () => {
  const tokens = (sent: readonly string[]) => sent.map((frame) => JSON.parse(frame).token)

  it('is said in the first frame', async () => {
    const { socket } = await createStage({ token: 'secret' })
    socket().open()
    expect(tokens(socket().sent)).toEqual(['secret'])
    expect(socket().url).not.toContain('secret')
  })

  it('is asked for again before each attempt when it is a function', async () => {
    const token = vi.fn(async () => `token ${token.mock.calls.length}`)
    const { sockets, socket, welcome, reconnect } = await createStage({ token })
    welcome()
    await reconnect()
    socket().open()
    await reconnect()
    socket().open()
    expect(sockets.flatMap(({ sent }) => tokens(sent))).toEqual(['token 1', 'token 2', 'token 3'])
  })

  it('is asked for again later when its function rejects or throws', async () => {
    const token = vi
      .fn<() => string | Promise<string>>()
      .mockRejectedValueOnce(new Error('no network'))
      .mockImplementationOnce(() => {
        throw new Error('no session')
      })
      .mockResolvedValue('third')
    const { clock, sockets, socket, calls } = await createStage({ token })
    await clock.runUntil(() => sockets.length > 0, 1)
    socket().open()
    expect(tokens(socket().sent)).toEqual(['third'])
    expect(token).toHaveBeenCalledTimes(3)
    expect(calls).toEqual([])
  })

  it('is waited for 10 s at most, and opens no socket when it comes later', async () => {
    const resolvers: ((token: string) => void)[] = []
    const token = () => new Promise<string>((resolve) => resolvers.push(resolve))
    const { clock, sockets, link } = await createStage({ token })
    await clock.advance(9_999)
    expect(resolvers).toHaveLength(1)
    await clock.advance(1)
    expect(resolvers).toHaveLength(2)
    resolvers[0]?.('late')
    await clock.advance(0)
    expect(sockets).toEqual([])
    await link.close()
    resolvers[1]?.('too late')
    await clock.advance(0)
    expect([sockets.length, clock.pending]).toEqual([0, 0])
  })
})
