import { alike, connect, descriptionOf, outcomeOf, until, withConnections, type TruthCase } from './truth-case.ts'

/** What data channels do. */
export const channelCases: readonly TruthCase[] = [
  {
    name: 'sends before the channel is open',
    expected: alike('InvalidStateError'),
    run: (stage) =>
      withConnections(stage, (first) => outcomeOf(stage, () => first.createDataChannel('truth').send('early'))),
  },
  {
    name: 'sends after it closed the channel',
    expected: { chromium: 'InvalidStateError', firefox: 'resolves' },
    run: (stage) =>
      withConnections(stage, async (first, second) => {
        const { near } = await connect(stage, first, second)
        near.close()
        await until(stage, () => near.readyState === 'closed')
        return outcomeOf(stage, () => near.send('late'))
      }),
  },
  {
    name: 'says how large a message may be',
    expected: { chromium: '262144', firefox: '1073741823' },
    run: (stage) =>
      withConnections(stage, async (first, second) => {
        await connect(stage, first, second)
        return String(first.sctp?.maxMessageSize)
      }),
  },
  {
    name: 'sends a message that is one byte too large',
    expected: { chromium: 'TypeError, open', firefox: 'too large to try' },
    run: (stage) =>
      withConnections(stage, async (first, second) => {
        const { near } = await connect(stage, first, second)
        const limit = first.sctp?.maxMessageSize ?? 0
        if (limit > 0x100_0000) return 'too large to try'
        return `${await outcomeOf(stage, () => near.send(new Uint8Array(limit + 1)))}, ${near.readyState}`
      }),
  },
  {
    name: 'sends 17 MiB at once',
    expected: { chromium: 'OperationError, open', firefox: 'resolves, open' },
    run: (stage) =>
      withConnections(stage, async (first, second) => {
        const { near } = await connect(stage, first, second)
        const chunk = new Uint8Array(65_536)
        const outcome = await outcomeOf(stage, () => {
          for (let sent = 0; sent < 17 * 16; sent += 1) near.send(chunk)
        })
        return `${outcome}, ${near.readyState}`
      }),
  },
  {
    name: 'announces a channel as open, then opens it, then brings its messages',
    expected: alike('datachannel open, open, text, 3 bytes'),
    run: (stage) =>
      withConnections(stage, async (first, second) => {
        const log: string[] = []
        second.addEventListener('datachannel', ({ channel }) => {
          channel.binaryType = 'arraybuffer'
          log.push(`datachannel ${channel.readyState}`)
          channel.addEventListener('open', () => log.push('open'))
          channel.addEventListener('message', ({ data }: MessageEvent<string | ArrayBuffer>) =>
            log.push(typeof data === 'string' ? data : `${data.byteLength} bytes`),
          )
        })
        const { near } = await connect(stage, first, second)
        near.send('text')
        near.send(new Uint8Array([1, 2, 3]))
        await until(stage, () => log.length === 4)
        return log.join(', ')
      }),
  },
  {
    name: 'opens a negotiated channel on both sides without an event',
    expected: alike('open open, 1 announced'),
    run: (stage) =>
      withConnections(stage, async (first, second) => {
        let announced = 0
        second.addEventListener('datachannel', () => (announced += 1))
        const near = first.createDataChannel('agreed', { negotiated: true, id: 0 })
        const far = second.createDataChannel('agreed', { negotiated: true, id: 0 })
        await connect(stage, first, second)
        await until(stage, () => near.readyState === 'open' && far.readyState === 'open')
        return `${near.readyState} ${far.readyState}, ${announced} announced`
      }),
  },
  {
    name: 'rolls its offer back for another one with data: its channels open with that one',
    expected: alike('open open'),
    run: (stage) =>
      withConnections(stage, async (first, second) => {
        const near = second.createDataChannel('agreed', { negotiated: true, id: 0 })
        const other = second.createDataChannel('announced')
        await second.setLocalDescription()
        await connect(stage, first, second)
        await until(stage, () => near.readyState === 'open' && other.readyState === 'open')
        return `${near.readyState} ${other.readyState}`
      }),
  },
  {
    name: 'answers, and nothing comes of the other side for six seconds: the connection and its channel',
    expected: { chromium: 'new, connecting', firefox: 'failed, closed' },
    run: (stage) =>
      withConnections(stage, async (first, second) => {
        first.createDataChannel('truth')
        const own = second.createDataChannel('truth')
        await first.setLocalDescription()
        await second.setRemoteDescription(descriptionOf(first))
        await second.setLocalDescription()
        await stage.wait(6000)
        return `${second.connectionState}, ${own.readyState}`
      }),
  },
  {
    name: 'creates a second channel with the same id',
    expected: alike('OperationError'),
    run: (stage) =>
      withConnections(stage, async (first) => {
        first.createDataChannel('one', { negotiated: true, id: 5 })
        return outcomeOf(stage, () => first.createDataChannel('two', { negotiated: true, id: 5 }))
      }),
  },
  {
    name: 'closes the connection: what the channel of the other side is told',
    expected: { chromium: 'closing, error, close while connected', firefox: 'closing, close while connected' },
    run: (stage) =>
      withConnections(stage, async (first, second) => {
        const { far } = await connect(stage, first, second)
        await until(stage, () => second.connectionState === 'connected')
        const log: string[] = []
        for (const type of ['closing', 'error', 'close']) far.addEventListener(type, () => log.push(type))
        first.close()
        await until(stage, () => log.includes('close'))
        return `${log.join(', ')} while ${second.connectionState}`
      }),
  },
  {
    name: 'closes the connection: its own channel',
    expected: alike('open at once, close in a later task'),
    run: (stage) =>
      withConnections(stage, async (first, second) => {
        const { near } = await connect(stage, first, second)
        let closed = false
        near.addEventListener('close', () => (closed = true))
        first.close()
        const atOnce = near.readyState
        await until(stage, () => closed)
        return `${atOnce} at once, close in a later task`
      }),
  },
  {
    name: 'gives binary messages as',
    expected: alike('arraybuffer'),
    run: (stage) => withConnections(stage, async (first) => first.createDataChannel('truth').binaryType),
  },
]
