import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import type { Warning } from '../emitter.ts'
import { createChannel } from './channel.ts'
import { resolveOptions, type ChannelOptions } from './channel-options.ts'

/** A data channel that does what a test says. */
class StubDataChannel extends EventTarget {
  readonly label = 'chat'
  readyState: RTCDataChannelState
  binaryType: BinaryType = 'blob'
  ordered = true
  maxRetransmits: number | null = null
  bufferedAmount = 0
  bufferedAmountLowThreshold = 0
  readonly sent: unknown[] = []
  listeners = 0
  error: Error | undefined

  constructor(readyState: RTCDataChannelState = 'connecting') {
    super()
    this.readyState = readyState
  }

  override addEventListener(...parameters: Parameters<EventTarget['addEventListener']>): void {
    this.listeners += 1
    super.addEventListener(...parameters)
  }

  override removeEventListener(...parameters: Parameters<EventTarget['removeEventListener']>): void {
    this.listeners -= 1
    super.removeEventListener(...parameters)
  }

  send(data: string | ArrayBufferView | ArrayBuffer): void {
    if (this.error !== undefined) throw this.error
    this.sent.push(data)
    this.bufferedAmount += typeof data === 'string' ? data.length : data.byteLength
  }

  /** The network took everything. */
  drain(): void {
    this.bufferedAmount = 0
    this.dispatchEvent(new Event('bufferedamountlow'))
  }

  open(): void {
    this.readyState = 'open'
    this.dispatchEvent(new Event('open'))
  }

  say(data: string | ArrayBuffer): void {
    this.dispatchEvent(new MessageEvent('message', { data }))
  }

  close(): void {
    if (this.readyState === 'closed') return
    this.readyState = 'closed'
    this.dispatchEvent(new Event('close'))
  }
}

const setUp = (options: ChannelOptions = {}, isListening = true) => {
  const log: string[] = []
  const warnings: Warning[] = []
  const control = createChannel({
    label: 'chat',
    options: resolveOptions(options),
    isLocal: true,
    onChange: () => log.push(`change ${control.channel.state}`),
    onProgress: () => log.push('progress'),
    warn: (warning) => warnings.push(warning),
  })
  const { channel } = control
  channel.on('open', () => log.push('open'))
  channel.on('close', () => log.push('close'))
  channel.on('lost', ({ reason, messages }) => log.push(`lost ${messages} ${reason}`))
  if (isListening) channel.on('message', (data) => log.push(`message ${String(data)}`))
  const connection = { isAlive: true, maxMessageSize: 1000 }
  const attach = (
    readyState?: RTCDataChannelState,
    { isOwn = true, ...properties }: { isOwn?: boolean; ordered?: boolean; maxRetransmits?: number } = {},
  ) => {
    const stub = Object.assign(new StubDataChannel(readyState), properties)
    const beneath = { maxMessageSize: () => connection.maxMessageSize, isAlive: () => connection.isAlive }
    control.attach(stub as unknown as RTCDataChannel, beneath, isOwn)
    return stub
  }
  return { control, channel, connection, log, warnings, attach, news: () => log.splice(0) }
}

const settle = () => new Promise((resolve) => setImmediate(resolve))
const codeOf = (work: PromiseLike<void>) =>
  work.then(
    () => 'taken',
    ({ code }: { code: string }) => code,
  )
const withCode = (code: string) => expect.objectContaining({ code }) as Error

describe('a channel that is not open yet', () => {
  it('keeps what is sent, in order, and sends it first', async () => {
    const { channel, attach, log } = setUp()
    channel.send('one')
    const below = attach()
    channel.send('two')
    channel.on('open', () => channel.send('three'))
    below.open()
    await channel.send('four')
    expect(below.sent).toEqual(['one', 'two', 'three', 'four'])
    expect(below.binaryType).toBe('arraybuffer')
    expect(log).toEqual(['change open', 'open'])
  })

  it('is open at once on a data channel that is', async () => {
    const { channel, attach } = setUp()
    const sent = channel.send('one')
    expect(channel.bufferedAmount).toBeGreaterThan(3)
    const below = attach('open')
    await sent
    expect([below.sent, channel.state]).toEqual([['one'], 'open'])
  })

  it('refuses more than may wait, without losing what it has', async () => {
    const { channel, attach } = setUp({ maxWaiting: 1000 })
    channel.send(new Uint8Array(400))
    channel.send('x'.repeat(400))
    expect(() => channel.send('y'.repeat(400))).toThrow(withCode('buffer-full'))
    const below = attach('open')
    await channel.send('y')
    expect(below.sent).toHaveLength(3)
  })

  it('takes a message of any length where nothing waits', async () => {
    const { channel, attach } = setUp({ maxWaiting: 1000 })
    const sent = channel.send('x'.repeat(5000))
    attach('open')
    expect(await codeOf(sent)).toBe('taken')
  })
})

describe('a channel whose data channel is full', () => {
  it('waits with what is sent until there is room, and with the promises', async () => {
    const { channel, connection, attach } = setUp()
    connection.maxMessageSize = 2 ** 18
    const below = attach('open')
    for (let time = 0; time < 4; time += 1) await channel.send(new Uint8Array(2 ** 18))
    const taken: string[] = []
    for (const text of ['one', 'two']) channel.send(text).then(() => taken.push(text))
    await settle()
    expect([below.sent.length, taken]).toEqual([4, []])
    expect(channel.bufferedAmount).toBeGreaterThan(2 ** 20)
    below.drain()
    await settle()
    expect([below.sent.slice(4), taken, channel.bufferedAmount]).toEqual([['one', 'two'], ['one', 'two'], 6])
  })

  it('is looked at again and again by stacks that have no event for it', async () => {
    const { channel, connection, attach } = setUp()
    connection.maxMessageSize = 2 ** 18
    const below = attach()
    delete (below as Partial<StubDataChannel>).bufferedAmountLowThreshold
    below.open()
    for (let time = 0; time < 4; time += 1) await channel.send(new Uint8Array(2 ** 18))
    const sent = channel.send('one')
    await settle()
    expect(below.sent).toHaveLength(4)
    below.bufferedAmount = 0
    await sent
    expect(below.sent).toHaveLength(5)
  })

  it('holds no more of a long message in it than that', async () => {
    const { channel, connection, attach } = setUp()
    connection.maxMessageSize = 2 ** 18
    const below = attach('open')
    const sent = channel.send(new Blob([new Uint8Array(2 ** 22)]))
    let most = 0
    let isTaken = false
    void sent.then(() => (isTaken = true))
    while (!isTaken) {
      await settle()
      most = Math.max(most, below.bufferedAmount)
      below.drain()
    }
    expect(most).toBeLessThanOrEqual(2 ** 20 + 2 ** 16)
    expect(below.sent).toHaveLength(65)
  })
})

describe('two data channels under one label', () => {
  it('both deliver, and this side sends on its own', async () => {
    const { channel, attach, log } = setUp()
    const [mine, theirs] = [attach(), attach('connecting', { isOwn: false })]
    theirs.open()
    channel.send('hello')
    expect(channel.state).toBe('connecting')
    mine.open()
    await channel.send('again')
    expect([mine.sent, theirs.sent]).toEqual([['hello', 'again'], []])
    mine.say('by mine')
    theirs.say('by theirs')
    expect(log).toEqual(['change open', 'open', 'message by mine', 'message by theirs'])
  })

  it('wait for what the other side sent before it closed both', () => {
    const { attach, news } = setUp()
    const [mine, theirs] = [attach('open'), attach('open', { isOwn: false })]
    news()
    mine.close()
    theirs.say('the last')
    theirs.close()
    expect(news()).toEqual(['change closing', 'message the last', 'change closed', 'close'])
  })
})

describe('a connection that is replaced', () => {
  it('keeps the channel, which waits and goes on', async () => {
    const { control, channel, attach, news } = setUp()
    const first = attach('open')
    news()
    control.detach()
    expect([channel.state, first.listeners]).toEqual(['connecting', 0])
    first.say('from the past')
    first.close()
    const sent = channel.send('meanwhile')
    const second = attach()
    second.open()
    await sent
    expect([first.sent, second.sent]).toEqual([[], ['meanwhile']])
    expect(news()).toEqual(['change connecting', 'change open', 'open'])
  })

  it('is waited for when the other side closes its connection, and with it the data channel', () => {
    const { channel, connection, attach, news } = setUp()
    const below = attach('open')
    news()
    connection.isAlive = false
    below.close()
    expect([channel.state, below.listeners, news()]).toEqual(['connecting', 0, ['change connecting']])
  })

  it('gets a small message as it was when it was sent, whatever became of its buffer', async () => {
    const { control, channel, attach } = setUp()
    attach('open')
    const buffer = new Uint8Array([1, 2, 3])
    channel.send(buffer)
    buffer.fill(0)
    control.detach()
    const second = attach('open')
    await settle()
    expect(second.sent).toEqual([new Uint8Array([1, 2, 3])])
  })

  it.each([{ ordered: false }, { maxRetransmits: 0 }])(
    'gets nothing again where that is no promise (%o)',
    async (kind) => {
      const { control, channel, attach, log } = setUp()
      attach('open', kind)
      channel.send('before')
      control.detach()
      channel.send('between')
      const second = attach('open', kind)
      await channel.send('after')
      expect(second.sent).toEqual(['between', 'after'])
      expect([log.filter((line) => line.startsWith('lost')), control.received()]).toEqual([[], 0])
    },
  )
})

describe('a channel that closes', () => {
  it.each([
    ['here', ({ channel }: ReturnType<typeof setUp>) => channel.close()],
    ['on the other side', (_: ReturnType<typeof setUp>, below: StubDataChannel) => below.close()],
    ['with its session', ({ control }: ReturnType<typeof setUp>) => control.end()],
  ])('%s is closed for good, and tells it once', (_, close) => {
    const world = setUp()
    const below = world.attach('open')
    world.news()
    close(world, below)
    close(world, below)
    expect(world.channel.state).toBe('closed')
    expect(world.news().filter((event) => event === 'close')).toEqual(['close'])
    expect(below.listeners).toBe(0)
    expect(() => world.channel.send('x')).toThrow(withCode('closed'))
    world.channel.close()
    expect(world.news()).toEqual([])
  })

  it('closes both data channels under it', () => {
    const { channel, attach } = setUp()
    const below = [attach('open'), attach('connecting', { isOwn: false })]
    channel.close()
    expect([channel.state, ...below.map(({ readyState }) => readyState)]).toEqual(['closed', 'closed', 'closed'])
  })

  it('sends before what was sent before, takes no more, and then closes', async () => {
    const { channel, attach } = setUp()
    const sent = channel.send('the last')
    channel.close()
    expect(channel.state).toBe('closing')
    expect(() => channel.send('too late')).toThrow(withCode('closed'))
    const below = attach('open')
    await sent
    await settle()
    expect([below.sent, below.readyState, channel.state]).toEqual([['the last'], 'open', 'closing'])
    below.drain()
    await settle()
    expect([below.readyState, channel.state]).toEqual(['closed', 'closed'])
  })

  it('rejects what waits when it ends before', async () => {
    const { control, channel, attach } = setUp()
    const sent = channel.send('hello')
    // Nobody awaits this one, and it is no unhandled rejection.
    channel.send('world')
    attach()
    control.end()
    expect(await codeOf(sent)).toBe('closed')
  })
})

describe('a data channel that takes no more', () => {
  it('makes the send fail with the cause, and the next one goes on', async () => {
    const { channel, attach } = setUp()
    const below = attach('open')
    below.error = new DOMException('send queue is full', 'OperationError')
    const refused = channel.send('x').then(undefined, (error: unknown) => error)
    expect(await refused).toMatchObject({ code: 'buffer-full', cause: below.error })
    expect(await codeOf(channel.send('x'.repeat(2000)))).toBe('buffer-full')
    below.error = undefined
    channel.send('y')
    expect([below.sent, channel.state]).toEqual([['y'], 'open'])
  })
})

describe('a data channel that is closing before it says so', () => {
  it('leaves what is sent to the next one', async () => {
    const { control, channel, attach } = setUp()
    const below = attach('open')
    below.error = new DOMException("readyState is not 'open'", 'InvalidStateError')
    const taken = channel.send('one')
    control.detach()
    const next = attach('open')
    await taken
    expect(next.sent).toEqual(['one'])
  })
})

describe('a message', () => {
  it('goes as it is, for programs that know nothing of Parley, but for a mark in front of a mark', async () => {
    const { channel, attach, news } = setUp()
    const below = attach('open')
    const data = ['hello', new Uint8Array([1]), new Uint8Array(2), '', '\0{"length":5}']
    for (const each of data) await channel.send(each)
    expect(below.sent).toEqual([...data.slice(0, 4), '\0\0{"length":5}'])
    news()
    below.say('\0\0{"length":5}')
    expect(news()).toEqual(['message \0{"length":5}'])
  })

  it('that is longer than the connection takes goes in pieces, and arrives whole', async () => {
    const [one, two] = [setUp(), setUp({}, false)]
    const [from, to] = [one.attach('open'), two.attach('open')]
    const heard: (string | ArrayBuffer)[] = []
    two.channel.on('message', (data) => heard.push(data))
    const bytes = Uint8Array.from({ length: 2500 }, (_, index) => index)
    await one.channel.send('ä'.repeat(600))
    await one.channel.send(bytes.subarray(100))
    await one.channel.send(new Blob([bytes]))
    await one.channel.send(new Blob([bytes.subarray(0, 10)]))
    expect(from.sent.slice(0, 3)).toEqual([
      '\0{"length":1200,"text":true}',
      expect.any(Uint8Array),
      expect.any(Uint8Array),
    ])
    for (const frame of from.sent)
      to.say(typeof frame === 'string' ? frame : new Uint8Array(frame as ArrayBuffer).slice().buffer)
    expect(heard).toEqual(['ä'.repeat(600), bytes.slice(100).buffer, bytes.buffer, bytes.slice(0, 10).buffer])
    expect([two.control.received(), two.warnings]).toEqual([4, []])
  })

  it.each([{ ordered: false }, { maxRetransmits: 2 }])(
    'that is longer rejects where pieces might get lost (%o)',
    async (kind) => {
      const { channel, attach } = setUp()
      const below = attach('open', kind)
      const long = [new Uint8Array(1001), 'ä'.repeat(600), new Blob([new Uint8Array(1001)])]
      expect(await Promise.all(long.map((data) => codeOf(channel.send(data))))).toEqual([
        'too-large',
        'too-large',
        'too-large',
      ])
      await channel.send(new Blob([new Uint8Array(1000)]))
      expect(below.sent).toEqual([new ArrayBuffer(1000)])
    },
  )

  it('that cannot be read is taken back, and the next ones go on', async () => {
    const { channel, attach } = setUp()
    const below = attach('open')
    const broken = new Blob([new Uint8Array(1500)])
    broken.slice = () => Object.assign(new Blob(), { arrayBuffer: () => Promise.reject(new Error('the file is gone')) })
    const [sent, next] = [channel.send(broken), channel.send('next')]
    expect(await codeOf(sent)).toBe('buffer-full')
    await next
    expect(below.sent).toEqual(['\0{"length":1500}', '\0{"cancel":true}', 'next'])
  })

  it('above maxMessage is let pass by, in pieces or not, and the next is delivered', () => {
    const { channel, control, attach, news } = setUp({ maxMessage: 10 })
    const below = attach('open')
    news()
    below.say('x'.repeat(11))
    below.say('\0{"length":12}')
    below.say(new ArrayBuffer(6))
    below.say(new ArrayBuffer(6))
    below.say('x'.repeat(10))
    expect(news()).toEqual(['lost 1 too-large', 'lost 1 too-large', `message ${'x'.repeat(10)}`])
    expect([channel.lost, control.received()]).toEqual([2, 3])
  })

  it('that another one breaks off is forgotten', () => {
    const { control, attach, news, warnings } = setUp()
    const below = attach('open')
    news()
    below.say('\0{"length":12}')
    below.say(new ArrayBuffer(6))
    below.say('\0{"cancel":true}')
    below.say('\0{"length":12}')
    below.say('hello')
    expect([news(), control.received(), warnings]).toEqual([['message hello'], 1, []])
  })

  it.each([
    '\0',
    '\0{',
    '\0null',
    '\0{}',
    '\0{"length":-1}',
    '\0{"length":"5"}',
    '\0{"lost":0.5}',
    '\0[]',
    '\0{"length":1e300}',
  ])('that makes no sense (%j) is a warning', (frame) => {
    const { attach, news, warnings, control } = setUp()
    const below = attach('open')
    news()
    below.say(frame)
    expect(warnings).toMatchObject([{ code: 'bad-message' }])
    expect([news(), control.received()]).toEqual([[], 0])
  })

  it('goes on behind an empty piece, which is a warning', () => {
    const { attach, news, warnings } = setUp()
    const below = attach('open')
    below.say('\0{"length":5,"text":true}')
    below.say(new TextEncoder().encode('hel').buffer)
    for (let time = 0; time < 3; time += 1) below.say(new ArrayBuffer(0))
    below.say(new TextEncoder().encode('lo').buffer)
    expect([warnings.map(({ code }) => code), news().at(-1)]).toEqual([
      ['bad-message', 'bad-message', 'bad-message'],
      'message hello',
    ])
  })

  it('whose pieces are too long is a warning', () => {
    const { attach, news, warnings } = setUp()
    const below = attach('open')
    below.say('\0{"length":5}')
    below.say(new ArrayBuffer(6))
    below.say('next')
    expect([warnings.length, news().at(-1)]).toEqual([1, 'message next'])
  })
})

describe('messages that nobody listens to yet', () => {
  it('wait for the first listener, in order', async () => {
    const { channel, attach } = setUp({}, false)
    const below = attach('open')
    for (const text of ['one', 'two']) below.say(text)
    const heard: unknown[] = []
    channel.on('message', (data) => heard.push(data))
    expect(heard).toEqual([])
    below.say('three')
    await settle()
    below.say('four')
    expect(heard).toEqual(['one', 'two', 'three', 'four'])
  })

  it('are kept up to 4 MiB; the others are counted, with one warning', async () => {
    const { channel, attach, news, warnings } = setUp({}, false)
    const below = attach('open')
    news()
    for (let time = 0; time < 6; time += 1) below.say(new ArrayBuffer(2 ** 20 - 64))
    expect(news().filter((line) => line !== 'progress')).toEqual(['lost 1 unheard', 'lost 1 unheard'])
    expect(warnings).toMatchObject([{ code: 'message-lost' }])
    let heard = 0
    channel.on('message', () => (heard += 1))
    await settle()
    expect([heard, channel.lost]).toEqual([4, 2])
  })
})

describe('what has arrived', () => {
  it('is told after each MiB, and not before', () => {
    const { attach, news } = setUp()
    const below = attach('open')
    news()
    const counts = Array.from({ length: 40 }, () => {
      below.say(new ArrayBuffer(2 ** 17 - 64))
      return news().filter((line) => line === 'progress').length
    })
    expect(counts.flatMap((count, index) => (count > 0 ? [index] : []))).toEqual([7, 15, 23, 31, 39])
  })
})

describe('options', () => {
  it.each<[ChannelOptions, RegExp]>([
    [{ maxRetransmits: 1, maxPacketLifeTime: 1 }, /exclude each other/],
    [{ negotiated: true }, /`id`/],
    [{ id: 5 }, /negotiated/],
    [{ negotiated: true, id: 0 }, /from 1 to 1023; this is 0/],
    [{ negotiated: true, id: 1024 }, /1023/],
    [{ maxRetransmits: -1 }, /maxRetransmits/],
    [{ maxPacketLifeTime: 1.5 }, /maxPacketLifeTime/],
    [{ resendWindow: Number.NaN }, /resendWindow/],
    [{ maxWaiting: Infinity }, /maxWaiting/],
  ])('%o are refused', (options, message) => {
    const refuse = () => resolveOptions(options)
    expect(refuse).toThrow(withCode('invalid-option'))
    expect(refuse).toThrow(message)
  })
})

describe('what is neither text nor bytes', () => {
  it.each([5, null, undefined, { length: 3 }])('is refused: %s', (data) => {
    const { channel } = setUp()
    expect(() => channel.send(data as unknown as string)).toThrow(withCode('invalid-option'))
  })

  it('is told from bytes of another frame', async () => {
    const { channel, attach } = setUp()
    const below = attach('open')
    const foreign = runInNewContext('new ArrayBuffer(3)') as ArrayBuffer
    await channel.send(foreign)
    expect(below.sent).toHaveLength(1)
  })
})

describe('listeners', () => {
  it('are isolated', async () => {
    const { channel, attach, log, warnings } = setUp()
    channel.on('message', () => {
      throw new Error('oops')
    })
    const below = attach('open')
    below.say('hello')
    await settle()
    expect(log).toContain('message hello')
    expect(warnings).toMatchObject([{ code: 'listener-failed' }])
  })
})
