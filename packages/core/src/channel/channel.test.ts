import { describe, expect, it } from 'vitest'
import type { Warning } from '../emitter.ts'
import { createChannel } from './channel.ts'

/** A data channel that does what a test says. */
class StubDataChannel extends EventTarget {
  readonly label = 'chat'
  readyState: RTCDataChannelState
  binaryType: BinaryType = 'blob'
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

  send(data: unknown): void {
    if (this.error !== undefined) throw this.error
    this.sent.push(data)
  }

  open(): void {
    this.readyState = 'open'
    this.dispatchEvent(new Event('open'))
  }

  say(data: string): void {
    this.dispatchEvent(new MessageEvent('message', { data }))
  }

  close(): void {
    if (this.readyState === 'closed') return
    this.readyState = 'closed'
    this.dispatchEvent(new Event('close'))
  }

  get asChannel(): RTCDataChannel {
    return this as unknown as RTCDataChannel
  }
}

const setUp = () => {
  const log: string[] = []
  const warnings: Warning[] = []
  const control = createChannel({
    label: 'chat',
    isLocal: true,
    onChange: () => log.push(`change ${control.channel.state}`),
    warn: (warning) => warnings.push(warning),
  })
  const { channel } = control
  channel.on('open', () => log.push('open'))
  channel.on('close', () => log.push('close'))
  channel.on('message', (data) => log.push(`message ${String(data)}`))
  const attach = (readyState?: RTCDataChannelState) => {
    const stub = new StubDataChannel(readyState)
    control.attach(stub.asChannel)
    return stub
  }
  return { control, channel, log, warnings, attach, news: () => log.splice(0) }
}

describe('a channel that is not open yet', () => {
  it('keeps what is sent, in order, and sends it first', () => {
    const { channel, attach, log } = setUp()
    channel.send('one')
    const below = attach()
    channel.send('two')
    channel.on('open', () => channel.send('three'))
    below.open()
    channel.send('four')
    expect(below.sent).toEqual(['one', 'two', 'three', 'four'])
    expect(below.binaryType).toBe('arraybuffer')
    expect(log).toEqual(['change open', 'open'])
  })

  it('is open at once on a data channel that is', () => {
    const { channel, attach } = setUp()
    channel.send('one')
    expect(attach('open').sent).toEqual(['one'])
    expect(channel.state).toBe('open')
  })

  it('keeps 256 KiB and refuses more, without losing what it has', () => {
    const { channel, attach } = setUp()
    const half = new Uint8Array(128 * 1024)
    channel.send(half)
    channel.send('x'.repeat(128 * 1024))
    expect(() => channel.send('y')).toThrow(expect.objectContaining({ code: 'buffer-full' }) as Error)
    const below = attach()
    below.open()
    expect(below.sent).toHaveLength(2)
    channel.send('y')
    expect(below.sent).toHaveLength(3)
  })
})

describe('two data channels under one label', () => {
  it('both deliver, and one is enough to send', () => {
    const { channel, attach, log } = setUp()
    const [mine, theirs] = [attach(), attach()]
    theirs.open()
    channel.send('hello')
    mine.open()
    channel.send('again')
    expect([...mine.sent, ...theirs.sent].sort()).toEqual(['again', 'hello'])
    mine.say('by mine')
    theirs.say('by theirs')
    expect(log).toEqual(['change open', 'open', 'message by mine', 'message by theirs'])
  })
})

describe('a connection that is replaced', () => {
  it('keeps the channel, which waits and goes on', () => {
    const { control, channel, attach, news } = setUp()
    const first = attach('open')
    news()
    control.detach()
    expect([channel.state, first.listeners]).toEqual(['connecting', 0])
    first.say('from the past')
    first.close()
    channel.send('meanwhile')
    const second = attach()
    second.open()
    expect([first.sent, second.sent]).toEqual([[], ['meanwhile']])
    expect(news()).toEqual(['change connecting', 'change open', 'open'])
  })
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
    expect(() => world.channel.send('x')).toThrow(expect.objectContaining({ code: 'closed' }) as Error)
    world.channel.close()
    expect(world.news()).toEqual([])
  })

  it('closes both data channels under it', () => {
    const { channel, attach } = setUp()
    const below = [attach('open'), attach()]
    channel.close()
    expect(below.map(({ readyState }) => readyState)).toEqual(['closed', 'closed'])
  })
})

describe('a data channel that takes no more', () => {
  it('makes send throw buffer-full with the cause, and stays open', () => {
    const { channel, attach } = setUp()
    const below = attach('open')
    below.error = new DOMException('send queue is full', 'OperationError')
    expect(() => channel.send('x')).toThrow(
      expect.objectContaining({ code: 'buffer-full', cause: below.error }) as Error,
    )
    below.error = undefined
    channel.send('y')
    expect([below.sent, channel.state]).toEqual([['y'], 'open'])
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
    await new Promise((resolve) => setImmediate(resolve))
    expect(log).toContain('message hello')
    expect(warnings).toMatchObject([{ code: 'listener-failed' }])
  })
})
