import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Channel, ChannelData, ChannelLoss } from '../channel/channel-handle.ts'
import { createChannelsStage, type Side } from './channels-stage.ts'

const toText = (data: string | ArrayBuffer) =>
  typeof data === 'string' ? `text ${data}` : `bytes ${[...new Uint8Array(data)]}`

/** Writes down what a channel tells. */
const listenTo = (channel: Channel) => {
  const heard: string[] = []
  const losses: ChannelLoss[] = []
  const events: string[] = []
  channel.on('message', (data) => heard.push(toText(data)))
  channel.on('lost', (loss) => losses.push(loss))
  channel.on('open', () => events.push('open'))
  channel.on('close', () => events.push('close'))
  return { channel, heard, losses, events }
}

/** Both sides of one channel; `opens` says who opens it. */
const createPair = async (opens: 'one' | 'both' | 'negotiated', options = {}, stageOptions = {}) => {
  const stage = createChannelsStage(stageOptions)
  const init = opens === 'negotiated' ? { ...options, negotiated: true, id: 7 } : options
  const one = listenTo(stage.openChannel(0, 'chat', init))
  const known = opens === 'one' ? undefined : stage.openChannel(1, 'chat', init)
  stage.connect()
  await stage.settle()
  const two = listenTo(known ?? stage.both[1].news[0]!)
  return { ...stage, one, two, pair: [one, two] as const }
}

const bytes = (length: number, seed: number) => Uint8Array.from({ length }, (_, index) => (index * 7 + seed) % 256)

/** Messages that fit into one frame of 100 bytes, and that do not. */
const message = fc.oneof(
  fc.record({ kind: fc.constant('text' as const), length: fc.constantFrom(0, 1, 20, 100, 250), seed: fc.nat(25) }),
  fc.record({ kind: fc.constant('marked' as const), length: fc.constantFrom(0, 1, 99, 250), seed: fc.nat(25) }),
  fc.record({ kind: fc.constant('bytes' as const), length: fc.constantFrom(0, 1, 100, 101, 450), seed: fc.nat(255) }),
  fc.record({ kind: fc.constant('blob' as const), length: fc.constantFrom(0, 30, 320), seed: fc.nat(255) }),
)
type Message = typeof message extends fc.Arbitrary<infer Value> ? Value : never

const dataOf = ({ kind, length, seed }: Message): ChannelData => {
  if (kind === 'bytes') return bytes(length, seed)
  if (kind === 'blob') return new Blob([bytes(length, seed)])
  return (kind === 'marked' ? '\0' : '') + String.fromCharCode(97 + seed, 228).repeat(length / 2)
}
const textOf = (each: Message): string => {
  const data = dataOf(each)
  return toText(typeof data === 'string' ? data : bytes(each.length, each.seed).buffer)
}

const command = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('send' as const), side: fc.constantFrom<Side>(0, 1), message }) },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('step' as const), side: fc.constantFrom<Side>(0, 1), times: fc.nat(8) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('read' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('connect' as const, 'disconnect' as const) }) },
)
const script = fc.array(command, { maxLength: 60, size: 'max' })
const opener = fc.constantFrom('one' as const, 'both' as const, 'negotiated' as const)

const run = async (
  pair: Awaited<ReturnType<typeof createPair>>,
  commands: readonly (typeof command extends fc.Arbitrary<infer Value> ? Value : never)[],
) => {
  const sent: [Message[], Message[]] = [[], []]
  const promises: PromiseLike<void>[] = []
  for (const each of commands) {
    if (each.do === 'send') {
      sent[each.side].push(each.message)
      promises.push(pair.pair[each.side].channel.send(dataOf(each.message)))
    } else if (each.do === 'step') for (let time = 0; time < each.times; time += 1) pair.step(each.side)
    else if (each.do === 'read') await new Promise((resolve) => setImmediate(resolve))
    else pair[each.do]()
  }
  pair.connect()
  await pair.settle(promises)
  return sent
}

describe('a durable channel', () => {
  it('delivers each message once and in order, wherever connections are replaced', async () => {
    await fc.assert(
      fc.asyncProperty(opener, script, async (opens, commands) => {
        const pair = await createPair(opens)
        const sent = await run(pair, commands)
        expect(pair.two.heard).toEqual(sent[0].map(textOf))
        expect(pair.one.heard).toEqual(sent[1].map(textOf))
        expect([pair.one, pair.two].flatMap(({ losses }) => losses)).toEqual([])
        expect(pair.warnings).toEqual([])
        expect(pair.pair.map(({ channel }) => [channel.state, channel.bufferedAmount])).toEqual([
          ['open', 0],
          ['open', 0],
        ])
      }),
      { numRuns: 300, timeout: 300 },
    )
  })

  it('says on both sides how many were lost, where the window was too small for them', async () => {
    let losses = 0
    await fc.assert(
      fc.asyncProperty(opener, script, fc.constantFrom(0, 100, 700), async (opens, commands, resendWindow) => {
        const pair = await createPair(opens, { resendWindow })
        const sent = await run(pair, commands)
        for (const [sender, receiver, messages] of [
          [pair.one, pair.two, sent[0]],
          [pair.two, pair.one, sent[1]],
        ] as const) {
          const sum = (reason: string) =>
            [...sender.losses, ...receiver.losses].filter((loss) => loss.reason === reason).length
          const lost = sender.losses
            .filter(({ reason }) => reason === 'unconfirmed')
            .reduce((all, each) => all + each.messages, 0)
          const skipped = receiver.losses
            .filter(({ reason }) => reason === 'skipped')
            .reduce((all, each) => all + each.messages, 0)
          // Who did not open the channel keeps the default window.
          expect([lost, receiver.heard.length]).toEqual([skipped, messages.length - lost])
          expect(isSubsequence(receiver.heard, messages.map(textOf))).toBe(true)
          losses += sum('unconfirmed')
        }
      }),
      { numRuns: 200, timeout: 300 },
    )
    expect(losses).toBeGreaterThan(0)
  })

  it('brings what was sent before its close, then closes on both sides, wherever connections are replaced', async () => {
    await fc.assert(
      fc.asyncProperty(opener, script, script, async (opens, before, after) => {
        const pair = await createPair(opens)
        const sent: string[] = []
        for (const each of before) {
          if (each.do === 'send' && each.side === 0) {
            pair.one.channel.send(dataOf(each.message))
            sent.push(textOf(each.message))
          } else if (each.do === 'step') for (let time = 0; time < each.times; time += 1) pair.step(each.side)
          else if (each.do !== 'send' && each.do !== 'read') pair[each.do]()
        }
        pair.one.channel.close()
        pair.one.channel.close()
        for (const each of after)
          if (each.do === 'step') for (let time = 0; time < each.times; time += 1) pair.step(each.side)
          else if (each.do === 'connect' || each.do === 'disconnect') pair[each.do]()
        for (let time = 0; time < 2; time += 1) {
          pair.connect()
          await pair.settle()
        }
        expect(pair.two.heard).toEqual(sent)
        expect(pair.pair.map(({ channel, events }) => [channel.state, events.at(-1)])).toEqual([
          ['closed', 'close'],
          ['closed', 'close'],
        ])
        expect(pair.both.map(({ channels }) => channels.list())).toEqual([[], []])
        expect(pair.both[1].news.length).toBeLessThanOrEqual(1)
      }),
      { numRuns: 200, timeout: 300 },
    )
  })
})

describe('a label that is opened again as soon as it has closed', () => {
  const closing = fc.record({ do: fc.constant('close' as const), side: fc.constantFrom<Side>(0, 1) })
  const cycles = fc.array(fc.oneof({ weight: 4, arbitrary: command }, { weight: 2, arbitrary: closing }), {
    maxLength: 60,
    size: 'max',
  })

  it('is another channel, on which nothing of the last one arrives or counts as arrived', async () => {
    await fc.assert(
      fc.asyncProperty(cycles, fc.boolean(), async (commands, bothOpen) => {
        const stage = createChannelsStage()
        const opened: [Channel[], Channel[]] = [[], []]
        const sent = new Map<Channel, number>()
        const heard: string[][] = []
        const listen = (side: Side, channel: Channel): void => {
          if (opened[side].includes(channel)) return
          opened[side].push(channel)
          const messages: string[] = []
          heard.push(messages)
          channel.on('message', (data) => messages.push(String(data)))
          channel.on('close', () => open(side))
        }
        const open = (side: Side): void => {
          const last = stage.both[side].channels.list().at(-1)
          if (last?.state !== 'closing') listen(side, stage.openChannel(side)) // else when that has closed
        }
        const takeNews = () => {
          for (const side of [0, 1] as const) for (const channel of stage.both[side].news) listen(side, channel)
        }
        open(0)
        if (bothOpen) open(1)
        stage.connect()
        for (const each of commands) {
          takeNews()
          if (each.do === 'send' || each.do === 'close') {
            const channel = opened[each.side].at(-1)
            if (channel?.state !== 'open' && channel?.state !== 'connecting') continue
            if (each.do === 'close') channel.close()
            else {
              const count = sent.get(channel) ?? 0
              sent.set(channel, count + 1)
              channel.send(`${each.side} ${opened[each.side].indexOf(channel)} ${count}`).then(undefined, () => {})
            }
          } else if (each.do === 'step') for (let time = 0; time < each.times; time += 1) stage.step(each.side)
          else if (each.do !== 'read') stage[each.do]()
        }
        for (let time = 0; time < 2; time += 1) {
          stage.connect()
          await stage.settle()
          takeNews()
        }
        for (const messages of heard) {
          const source = messages[0]?.replace(/\d+$/, '')
          expect(messages).toEqual(messages.map((_, index) => `${source}${index}`))
        }
        expect(stage.warnings).toEqual([])
      }),
      { numRuns: 300, timeout: 300 },
    )
  })
})

const isSubsequence = (part: readonly string[], whole: readonly string[]): boolean => {
  let at = 0
  for (const each of whole) if (at < part.length && each === part[at]) at += 1
  return at === part.length
}

describe('what the other side has', () => {
  it('is not kept, and not sent again', async () => {
    const { connect, settle, beneath, one, said } = await createPair('one', {}, { maxMessageSize: 2 ** 18 })
    for (let time = 0; time < 10; time += 1) one.channel.send(new Uint8Array(2 ** 18 - 64))
    await settle()
    expect(said).toEqual([[], [[['chat', 4]], [['chat', 8]]]])
    // As if what both sides say when a connection is replaced were lost: only what is unconfirmed goes again.
    connect({ news: false })
    await settle()
    expect(beneath(0).map(({ sent }) => sent.length)).toEqual([2])
  })

  it('costs no message where there is little', async () => {
    const { settle, one, said } = await createPair('one')
    for (let time = 0; time < 100; time += 1) one.channel.send('hello')
    await settle()
    expect(said).toEqual([[], []])
  })

  it('is told once by each side for each connection after the first', async () => {
    const { connect, settle, one, said } = await createPair('one')
    one.channel.send('hello')
    await settle()
    connect()
    await settle()
    expect(said).toEqual([[[['chat', 0]]], [[['chat', 1]]]])
  })

  it('cannot be more than was sent', async () => {
    const { connect, settle, one, two, both } = await createPair('one')
    one.channel.send('one')
    both[0].channels.takeReceived([['chat', 1_000_000]])
    one.channel.send('two')
    connect()
    one.channel.send('three')
    await settle()
    expect(two.heard).toContain('text three')
  })
})

describe('a session', () => {
  it('has many channels at once, each with its own messages, across connections', async () => {
    const { connect, settle, openChannel, both } = createChannelsStage()
    const mine = Array.from({ length: 100 }, (_, index) => openChannel(0, `channel ${index}`))
    for (const channel of mine) channel.send(`first of ${channel.label}`)
    connect()
    await settle()
    const theirs = both[1].news.map(listenTo)
    for (const channel of mine) channel.send(`second of ${channel.label}`)
    connect()
    await settle()
    expect(theirs.map(({ channel, heard }) => [channel.label, ...heard])).toEqual(
      mine.map(({ label }) => [label, `text first of ${label}`, `text second of ${label}`]),
    )
    expect(both[1].news).toHaveLength(100)
  })

  it('tells the other side what a channel is for', async () => {
    const { connect, settle, openChannel, both, beneath } = createChannelsStage()
    openChannel(0, 'positions', { ordered: false, maxRetransmits: 0, protocol: 'game' })
    connect()
    await settle()
    expect(both[1].news.map(({ label, protocol }) => [label, protocol])).toEqual([['positions', 'game']])
    expect(beneath(1)).toMatchObject([{ ordered: false, maxRetransmits: 0 }])
  })

  it('raises no channel for one that both sides negotiate', async () => {
    const { both, beneath, one, two } = await createPair('negotiated')
    expect([both[0].news, both[1].news]).toEqual([[], []])
    expect([one.events, two.channel.state]).toEqual([['open'], 'open'])
    expect([0, 1].map((side) => beneath(side as Side).length)).toEqual([1, 1])
  })

  it('refuses an id twice, one channel too many, and a label that is closing', () => {
    const { openChannel, connect, end, both } = createChannelsStage()
    const options = { negotiated: true, id: 5 }
    openChannel(0, 'one', options)
    expect(() => openChannel(0, 'two', options)).toThrow(expect.objectContaining({ code: 'invalid-option' }) as Error)
    connect()
    openChannel(0, 'one').send('hello')
    openChannel(0, 'one').close()
    expect(() => openChannel(0, 'one')).toThrow(expect.objectContaining({ code: 'invalid-state' }) as Error)
    for (let index = both[0].channels.list().length; index < 1000; index += 1) openChannel(0, `many ${index}`)
    expect(() => openChannel(0, 'too many')).toThrow(expect.objectContaining({ code: 'buffer-full' }) as Error)
    end()
    expect(both[0].channels.list()).toEqual([])
  })

  it('takes back a channel that its connection refuses', () => {
    const { both } = createChannelsStage()
    const refusing = {
      createDataChannel: () => {
        throw new DOMException('The id is taken.', 'OperationError')
      },
    } as unknown as RTCPeerConnection
    both[0].channels.open(refusing, { readyState: 'open' })
    expect(() => both[0].channels.openChannel('chat')).toThrow(
      expect.objectContaining({ code: 'invalid-option' }) as Error,
    )
    expect(both[0].channels.list()).toEqual([])
  })

  it('closes the channels of the other side that are too many, with a warning', async () => {
    const { openChannel, connect, settle, beneath, both, warnings } = createChannelsStage()
    for (let index = 0; index < 600; index += 1) {
      openChannel(0, `of one ${index}`)
      openChannel(1, `of two ${index}`)
    }
    connect()
    await settle()
    expect(both.map(({ channels }) => channels.list().length)).toEqual([800, 800])
    expect(warnings.length).toBeGreaterThan(0)
    expect(beneath(0).filter(({ readyState }) => readyState === 'open').length).toBeLessThanOrEqual(1000)
  })

  it('gives a label to another channel of the other side when that comes before the closing of the first', async () => {
    const { one, two, both, beneath, announce, settle } = await createPair('one')
    const [first] = beneath(0)
    await announce(0, 'chat\n2')
    const second = listenTo(both[1].news[1]!)
    first?.send('the last of the first')
    beneath(0).at(-1)?.send('of the second')
    first?.close()
    await settle()
    expect([two.heard, two.channel.state]).toEqual([['text the last of the first'], 'closed'])
    expect([second.heard, second.channel.state]).toEqual([['text of the second'], 'open'])
    expect(both[1].channels.list()).toEqual([{ label: 'chat', state: 'open' }])
    expect(one.channel.state).toBe('closed')
  })
})
