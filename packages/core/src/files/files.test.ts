import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import type { Channel, ChannelLoss } from '../channel/channel-handle.ts'
import { acceptAll, createStage, letRing, watch } from '../peer-stage.ts'
import type { SessionSnapshot } from '../session/session-snapshot.ts'
import { abortOf, fileProtocol, write } from './file-protocol.ts'
import { receiveFiles, sendFile, type FileProgress, type IncomingFile, type SendFileOptions } from './index.ts'

const connect = async () => {
  const stage = createStage()
  const [alice, bob] = await stage.pair()
  const calls = acceptAll(bob)
  const caller = watch(alice.call('bob'))
  await stage.clock.advance(200)
  const callee = calls[0]!
  const files: IncomingFile[] = []
  const stop = receiveFiles(callee.session, (file) => files.push(file))
  return {
    ...stage,
    caller,
    callee,
    files,
    stop,
    /** Lets time pass until it is done; hashing takes real time, so there is no knowing how much. */
    until: async <Value>(work: PromiseLike<Value>): Promise<Value> => {
      let isDone = false
      const finish = () => (isDone = true)
      void work.then(finish, finish)
      while (!isDone) {
        await stage.clock.advance(1)
        await new Promise((resolve) => setImmediate(resolve))
      }
      return work
    },
    sendTo: (blob: Blob, options: Partial<SendFileOptions> = {}) => {
      const sent = sendFile(caller.session, blob, { name: 'notes.txt', clock: stage.clock, ...options })
      sent.catch(() => {})
      return sent
    },
    nextFile: async (): Promise<IncomingFile> => {
      const before = files.length
      await stage.clock.runUntil(() => files.length > before, 1000)
      return files[before]!
    },
  }
}

type World = Awaited<ReturnType<typeof connect>>

const blocks = (bytes: number) => Uint8Array.from({ length: bytes }, (_, index) => (index * 31 + (index >> 8)) % 256)
const failure = (reason: string) => ({ code: 'transfer-failed', reason })

describe('sendFile and receiveFiles', () => {
  it.each([0, 1, 2 ** 18, 2 ** 18 + 1, 3 * 2 ** 18])(
    'bring a file of %i bytes over, whole, with its name and type',
    async (size) => {
      const world = await connect()
      const data = blocks(size)
      const progress: FileProgress[][] = [[], []]
      const sent = world.sendTo(new Blob([data], { type: 'text/plain' }), {
        onProgress: (each) => progress[0]?.push(each),
      })
      const file = await world.nextFile()
      expect(file).toMatchObject({ name: 'notes.txt', size, type: 'text/plain' })
      const blob = await world.until(file.accept({ onProgress: (each) => progress[1]?.push(each) }))
      await world.until(sent)
      expect(blob.type).toBe('text/plain')
      expect(Buffer.from(await blob.arrayBuffer()).equals(data)).toBe(true)
      expect(progress[0]).toEqual(progress[1])
      expect(progress[0]?.map(({ bytes }) => bytes)).toEqual(
        Array.from({ length: Math.ceil(size / 2 ** 18) }, (_, index) => Math.min(size, (index + 1) * 2 ** 18)),
      )
      await world.clock.advance(100)
      expect([world.caller, world.callee].map(({ session }) => session.getSnapshot().channels)).toEqual([[], []])
      expect(await world.leftovers()).toEqual([])
    },
  )

  it('carry many files at once', async () => {
    const world = await connect()
    const sent = [1, 2, 3].map((count) => world.sendTo(new Blob([blocks(count * 100_000)]), { name: `file ${count}` }))
    await world.clock.runUntil(() => world.files.length === 3, 1000)
    const received = await world.until(Promise.all(world.files.map((file) => file.accept())))
    await world.until(Promise.all(sent))
    expect(received.map(({ size }) => size)).toEqual([100_000, 200_000, 300_000])
    expect(await world.leftovers()).toEqual([])
  })

  it('go on over another connection of the session', async () => {
    const world = await connect()
    const data = blocks(2 ** 22)
    const losses: ChannelLoss[] = []
    let isCut = false
    const cut = () => {
      if (isCut) return
      isCut = true
      // New addresses, and no signaling that would let a restart of ICE find them.
      world.fabric.change()
      world.network.partition(true)
    }
    world.callee.session.on('channel', (channel) => channel.on('lost', (loss) => losses.push(loss)))
    const sent = world.sendTo(new Blob([data]), { onProgress: cut })
    const receiving = (await world.nextFile()).accept()
    const isReplaced = () => world.caller.session.getSnapshot().connection === 2
    while (!isCut) await world.clock.advance(1)
    expect(await world.clock.runUntil(isReplaced, 40_000)).toBe(true)
    world.network.partition(false)
    const blob = await world.until(receiving)
    await world.until(sent)
    expect(Buffer.from(await blob.arrayBuffer()).equals(data)).toBe(true)
    expect([isReplaced(), losses]).toEqual([true, []])
    expect(await world.leftovers()).toEqual([])
  })

  it('write to a stream, and wait for it', async () => {
    const world = await connect()
    const written: number[] = []
    let open = () => {}
    const gate = new Promise<void>((resolve) => (open = resolve))
    let isClosed = false
    const stream = new WritableStream<Uint8Array>({
      write: async (chunk) => {
        written.push(chunk.length)
        await gate
      },
      close: () => void (isClosed = true),
    })
    const progress: number[] = []
    const blob = new Blob([blocks(2 ** 24)])
    let read = 0
    const slice = blob.slice.bind(blob)
    blob.slice = (...range) => {
      read = Math.max(read, Number(range[1]))
      return slice(...range)
    }
    const sent = world.sendTo(blob, { onProgress: ({ bytes }) => progress.push(bytes) })
    const received = (await world.nextFile()).pipeTo(stream)
    await world.until(
      new Promise<void>((resolve) => {
        let last = -1
        const look = () => (read > 2 ** 22 && read === last ? resolve() : ((last = read), setTimeout(look, 100)))
        look()
      }),
    )
    // 8 MiB ahead, and one block in hand.
    expect([written.length, progress.length, read]).toEqual([1, 0, 2 ** 23 + 2 ** 18])
    open()
    await world.until(Promise.all([received, sent]))
    expect([isClosed, written.reduce((sum, length) => sum + length)]).toEqual([true, 2 ** 24])
    expect(await world.leftovers()).toEqual([])
  })
})

describe('sendFile', () => {
  it('keeps no block once that is sent', async () => {
    setFlagsFromString('--expose-gc')
    const gc = runInNewContext('gc') as () => void
    const turn = () => new Promise((resolve) => setImmediate(resolve))
    const read: WeakRef<ArrayBuffer>[] = []
    const slice = (from: number, to: number) => ({
      arrayBuffer: async () => {
        await turn()
        const block = new ArrayBuffer(to - from)
        read.push(new WeakRef(block))
        return block
      },
    })
    const listeners: ((data: string) => void)[] = []
    let bytes = 0
    let kept = Infinity
    const answer = (message: Parameters<typeof write>[0]) => listeners.forEach((each) => each(write(message)))
    const channel = {
      protocol: fileProtocol,
      state: 'connecting',
      bufferedAmount: 0,
      close: () => {},
      on: (type: string, listener: (data: string) => void) => {
        if (type === 'message') listeners.push(listener)
        return () => {}
      },
      send: async (data: string | ArrayBuffer) => {
        await turn()
        if (typeof data !== 'string') answer({ say: 'got', bytes: (bytes += data.byteLength) })
        else if (data.includes('"offer"')) answer({ say: 'accept' })
        else {
          gc()
          kept = read.filter((block) => block.deref()).length
          answer({ say: 'done' })
        }
      },
    } as unknown as Channel
    const blob = { size: 40 * 2 ** 18, type: '', slice } as unknown as Blob
    const session = { openChannel: () => channel, getSnapshot: () => ({ channels: [] }) as unknown as SessionSnapshot }
    await sendFile(session, blob, { name: 'notes.txt' })
    expect(read).toHaveLength(40)
    // The last one is still in hand.
    expect(kept).toBeLessThanOrEqual(1)
  })
})

describe('a transfer that fails', () => {
  it('is rejected by the receiver, with a message', async () => {
    const world = await connect()
    const sent = world.sendTo(new Blob(['x']))
    const file = await world.nextFile()
    file.reject('no room')
    await expect(world.until(sent)).rejects.toMatchObject({
      ...failure('rejected'),
      message: expect.stringMatching(/"notes.txt".*no room/) as string,
    })
    expect(() => file.reject()).toThrow(expect.objectContaining({ code: 'invalid-state' }) as Error)
    await expect(file.accept()).rejects.toMatchObject({ code: 'invalid-state' })
    expect(await world.leftovers()).toEqual([])
  })

  it.each(['before it is accepted', 'in the middle'])('is broken off by the sender %s', async (when) => {
    const world = await connect()
    const abort = new AbortController()
    const sent = world.sendTo(new Blob([blocks(2 ** 21)]), {
      signal: abort.signal,
      onProgress: () => abort.abort(new Error('enough')),
    })
    const file = await world.nextFile()
    if (when === 'before it is accepted') abort.abort(new Error('enough'))
    await world.clock.advance(when === 'before it is accepted' ? 100 : 0)
    await expect(world.until(file.accept())).rejects.toMatchObject(failure('aborted'))
    await expect(sent).rejects.toThrow('enough')
    expect(await world.leftovers()).toEqual([])
  })

  it('is broken off by the receiver, and the stream that it writes to is aborted', async () => {
    const world = await connect()
    const sent = world.sendTo(new Blob([blocks(2 ** 21)]))
    const file = await world.nextFile()
    const abort = new AbortController()
    const aborted: unknown[] = []
    const stream = new WritableStream<Uint8Array>({ abort: (reason) => void aborted.push(String(reason)) })
    const received = file.pipeTo(stream, { signal: abort.signal, onProgress: () => abort.abort(new Error('enough')) })
    await expect(world.until(received)).rejects.toThrow('enough')
    await expect(world.until(sent)).rejects.toMatchObject(failure('aborted'))
    expect(aborted).toEqual(['Error: enough'])
    expect(await world.leftovers()).toEqual([])
  })

  it('is broken off by a callback or a stream that throws', async () => {
    const fail = () => {
      throw new Error('oops')
    }
    const stream = new WritableStream<Uint8Array>({ write: fail })
    for (const way of ['progress there', 'progress here', 'stream']) {
      const world = await connect()
      const sent = world.sendTo(new Blob([blocks(2 ** 21)]), way === 'progress here' ? { onProgress: fail } : {})
      const file = await world.nextFile()
      const received =
        way === 'stream' ? file.pipeTo(stream) : file.accept(way === 'progress there' ? { onProgress: fail } : {})
      const [atSender, atReceiver] = await world.until(Promise.allSettled([sent, received]))
      const [own, other] = way === 'progress here' ? [atSender, atReceiver] : [atReceiver, atSender]
      expect(own).toMatchObject({ status: 'rejected', reason: { message: 'oops' } })
      expect(other).toMatchObject({ status: 'rejected', reason: failure('aborted') })
      expect(await world.leftovers()).toEqual([])
    }
  })

  it('ends with its session, on both sides', async () => {
    const world = await connect()
    const sent = world.sendTo(new Blob([blocks(2 ** 21)]))
    const received = (await world.nextFile()).accept({ onProgress: () => world.caller.session.hangup() })
    const ends = await world.until(Promise.allSettled([sent, received]))
    expect(ends).toMatchObject([{ reason: { code: 'closed' } }, { reason: { code: 'closed' } }])
    expect(await world.leftovers()).toEqual([])
  })

  it('says so where the file cannot be read any more', async () => {
    const world = await connect()
    const blob = new Blob([blocks(2 ** 21)])
    blob.slice = () =>
      ({ arrayBuffer: () => Promise.reject(new DOMException('It is gone.', 'NotReadableError')) }) as unknown as Blob
    const sent = world.sendTo(blob)
    const received = (await world.nextFile()).accept()
    await expect(world.until(sent)).rejects.toMatchObject({ name: 'NotReadableError' })
    await expect(world.until(received)).rejects.toMatchObject(failure('aborted'))
    expect(await world.leftovers()).toEqual([])
  })

  it.each([
    ['nobody receives files', (world: World) => world.stop()],
    [
      'the receiver comes too late',
      (world: World) => {
        world.stop()
        world.callee.session.on('channel', () => receiveFiles(world.callee.session, () => expect.fail('It was told.')))
      },
    ],
    ['the receiver never decides', () => {}],
  ])('is given up after its deadline when %s', async (_, prepare) => {
    const world = await connect()
    prepare(world)
    const sent = world.sendTo(new Blob(['x']))
    let isOver = false
    sent.catch(() => (isOver = true))
    await world.clock.advance(59_900)
    expect(isOver).toBe(false)
    await world.clock.advance(200)
    await expect(sent).rejects.toMatchObject({
      ...failure('unanswered'),
      message: expect.stringMatching(/"notes.txt".*receiveFiles.*60000 ms/) as string,
    })
    await world.clock.advance(100)
    expect([world.caller, world.callee].map(({ session }) => session.getSnapshot().channels)).toEqual([[], []])
    // Who decides after that is told that the sender is gone.
    for (const file of world.files) await expect(world.until(file.accept())).rejects.toMatchObject(failure('aborted'))
    expect(await world.leftovers()).toEqual([])
  })

  it('has its deadline from the offer on, and only for the answer', async () => {
    const world = await connect()
    const data = blocks(2 ** 24)
    const sent = world.sendTo(new Blob([data]), { deadline: 1000 })
    const file = await world.nextFile()
    await world.clock.advance(900)
    let open = () => {}
    const gate = new Promise<void>((resolve) => (open = resolve))
    const received = file.pipeTo(new WritableStream<Uint8Array>({ write: () => gate }))
    await world.clock.advance(5000)
    open()
    await world.until(Promise.all([received, sent]))
    expect(await world.leftovers()).toEqual([])
  })

  it('has no deadline running while its session is not connected', async () => {
    const stage = createStage()
    const [alice, bob] = await stage.pair()
    const calls = letRing(bob)
    const { session } = watch(alice.call('bob'))
    const sent = sendFile(session, new Blob([]), { name: 'notes.txt', deadline: 1000, clock: stage.clock })
    await stage.clock.advance(10_000)
    const callee = calls[0]!.session
    receiveFiles(callee, (file) => file.reject('but heard'))
    callee.accept()
    sent.catch(() => {})
    await stage.clock.advance(500)
    await expect(sent).rejects.toMatchObject(failure('rejected'))
    expect(await stage.leftovers()).toEqual([])
  })

  it.each([
    [
      'throws',
      () => {
        throw new Error('secret')
      },
    ],
    ['rejects', () => Promise.reject(new Error('secret'))],
  ])('is rejected at once by a receiver that %s, who is warned', async (_, onFile) => {
    const world = await connect()
    world.stop()
    const warnings: unknown[] = []
    world.callee.session.on('warning', (warning) => warnings.push(warning))
    receiveFiles(world.callee.session, onFile)
    const sent = world.sendTo(new Blob(['x']))
    await world.clock.advance(200)
    const error: unknown = await sent.catch((reason: unknown) => reason)
    expect(error).toMatchObject(failure('rejected'))
    expect(String(error)).not.toContain('secret')
    expect(warnings).toEqual([
      { code: 'listener-failed', message: 'A "channel" listener: Error: secret', error: new Error('secret') },
    ])
    expect(await world.leftovers()).toEqual([])
  })

  it.each(['accepts', 'rejects'])('keeps the answer of a receiver that %s and then throws', async (answer) => {
    const world = await connect()
    world.stop()
    const warnings: unknown[] = []
    world.callee.session.on('warning', ({ error }) => warnings.push(error))
    let received: Promise<Blob> | undefined
    receiveFiles(world.callee.session, (file) => {
      if (answer === 'accepts') received = file.accept()
      else file.reject('no room')
      throw new Error('oops')
    })
    const sent = world.sendTo(new Blob(['x']))
    const [end] = await world.until(Promise.allSettled([sent]))
    if (answer === 'accepts') expect([end.status, (await received)?.size]).toEqual(['fulfilled', 1])
    else expect(end).toMatchObject({ reason: { message: expect.stringContaining('no room') as string } })
    expect(warnings).toEqual([new Error('oops')])
    expect(await world.leftovers()).toEqual([])
  })

  it('waits for a receiver that decides later', async () => {
    const world = await connect()
    world.stop()
    let decide = () => {}
    receiveFiles(world.callee.session, async (file) => {
      await new Promise<void>((resolve) => (decide = resolve))
      await file.accept()
    })
    const sent = world.sendTo(new Blob(['x']))
    await world.clock.advance(30_000)
    decide()
    await expect(world.until(sent)).resolves.toBeUndefined()
    expect(await world.leftovers()).toEqual([])
  })

  it.each([
    ['bytes', [new Uint8Array(3), { name: 'x' }], /File or a Blob.*new Blob.*this is Uint8Array/],
    ['a path', ['notes.txt', { name: 'x' }], /File or a Blob.*this is a text of 9/],
    ['nothing', [undefined, { name: 'x' }], /File or a Blob.*this is Undefined/],
    ['no options', [new Blob()], /a Blob needs a `name`.*this is Undefined/],
    ['no name', [new Blob(), {}], /`name`.*this is Undefined/],
    ['a File without a name', [new File([], '')], /`name`.*a text of 0/],
    ['a name that is no text', [new Blob(), { name: 5 }], /`name`.*this is 5/],
    ['an empty name', [new Blob(), { name: '' }], /1 to 1024.*a text of 0/],
    ['a long name', [new Blob(), { name: 'x'.repeat(1025) }], /1 to 1024.*a text of 1025/],
    ['a deadline of 0', [new Blob(), { name: 'x', deadline: 0 }], /`deadline`.*this is 0/],
    ['an endless deadline', [new Blob(), { name: 'x', deadline: Infinity }], /2147483647; this is Infinity/],
    ['a deadline that is no number', [new Blob(), { name: 'x', deadline: '5' }], /`deadline`.*a text of 1/],
  ])('is refused with %s, in a sentence that helps', async (_, wrong, sentence) => {
    const world = await connect()
    const [blob, options] = wrong as unknown as [Blob, SendFileOptions]
    await expect(sendFile(world.caller.session, blob, options)).rejects.toMatchObject({
      code: 'invalid-option',
      message: expect.stringMatching(sentence) as string,
    })
    expect(world.caller.session.getSnapshot().channels).toEqual([])
    expect(await world.leftovers()).toEqual([])
  })

  it('goes by the name of a File', async () => {
    const world = await connect()
    const sent = sendFile(world.caller.session, new File(['x'], 'own.txt'), { clock: world.clock })
    await world.clock.advance(100)
    expect(world.files).toMatchObject([{ name: 'own.txt' }])
    await world.until(Promise.all([world.files[0]?.accept(), sent]))
    expect(await world.leftovers()).toEqual([])
  })

  it.each([
    ['a channel', 0, false],
    ['an open channel', 100, false],
    ['another transfer', 0, true],
    ['a transfer that is offered already', 100, true],
  ])('is refused under the label of %s, which it leaves alone', async (_, age, isTransfer) => {
    const world = await connect()
    const first = isTransfer ? world.sendTo(new Blob(['x']), { label: 'taken' }) : undefined
    const channel = world.caller.session.openChannel('taken')
    if (age > 0) await world.clock.advance(age)
    await expect(world.until(world.sendTo(new Blob(['y']), { label: 'taken' }))).rejects.toMatchObject({
      code: 'invalid-option',
      message: expect.stringMatching(/the label "taken"/) as string,
    })
    await world.clock.advance(100)
    expect([channel.state, world.files.length]).toEqual(['open', isTransfer ? 1 : 0])
    await world.until(Promise.all([world.files[0]?.accept(), first]))
    expect(await world.leftovers()).toEqual([])
  })

  it('is refused at once with a signal that is aborted', async () => {
    const world = await connect()
    await expect(world.sendTo(new Blob(), { signal: AbortSignal.abort(new Error('no')) })).rejects.toThrow('no')
    expect(world.caller.session.getSnapshot().channels).toEqual([])
    expect(await world.leftovers()).toEqual([])
  })
})

describe('the other side of a transfer', () => {
  const offer = write({ say: 'offer', file: { name: 'x', size: 4, type: '' } })

  it.each([
    ['no offer', ['hello'], 'invalid'],
    ['bytes without an offer', [new ArrayBuffer(1)], 'invalid'],
    ['an offer of a negative size', [offer.replace('4', '-1')], 'invalid'],
    ['an offer without a name', [offer.replace('"x"', '""')], 'invalid'],
    ['more than it offered', [offer, new ArrayBuffer(5)], 'invalid'],
    ['less than it offered', [offer, new ArrayBuffer(3), write({ say: 'end', digest: '' })], 'damaged'],
    ['another digest', [offer, new ArrayBuffer(4), write({ say: 'end', digest: '0'.repeat(64) })], 'damaged'],
    ['what makes no sense', [offer, write({ say: 'done' })], 'invalid'],
    ['what cannot be read', [offer, '{'], 'invalid'],
  ])('is told when it sends %s', async (_, messages, reason) => {
    const world = await connect()
    const channel = world.caller.session.openChannel('file', { protocol: fileProtocol })
    const heard: string[] = []
    channel.on('message', (data) => heard.push(String(data)))
    for (const message of messages) channel.send(message)
    await world.clock.advance(100)
    for (const file of world.files) await expect(world.until(file.accept())).rejects.toMatchObject(failure(reason))
    await world.clock.advance(100)
    expect(JSON.parse(heard.at(-1) ?? '')).toMatchObject({ say: 'abort', reason })
    expect(channel.state).toBe('closed')
    expect(await world.leftovers()).toEqual([])
  })

  it.each(['{', write({ say: 'got', bytes: 5 }), '{"say":"abort","reason":"nothing","note":""}', new ArrayBuffer(1)])(
    'ends the transfer with an answer that makes no sense (%s)',
    async (answer) => {
      const world = await connect()
      world.stop()
      world.callee.session.on('channel', (channel) => channel.send(answer))
      await expect(world.until(world.sendTo(new Blob(['x'])))).rejects.toMatchObject(failure('invalid'))
      expect(await world.leftovers()).toEqual([])
    },
  )

  it('reads no more than 1024 characters of why', () => {
    expect(abortOf('aborted', 'x'.repeat(5000)).length).toBeLessThan(1100)
  })
})

it('leaves other channels alone', async () => {
  const world = await connect()
  world.caller.session.openChannel('chat').send('hello')
  await world.clock.advance(100)
  expect([world.files, world.callee.messages]).toEqual([[], ['hello']])
  expect(await world.leftovers()).toEqual([])
})
