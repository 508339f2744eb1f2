import { afterEach, describe, expect, it } from 'vitest'
import { createChannelsStage } from './session/channels-stage.ts'
import { messagesOf, readableOf, writableOf } from './streams.ts'

const createPair = async () => {
  const stage = createChannelsStage({ maxMessageSize: 2 ** 18 })
  const [one, two] = [stage.openChannel(0), stage.openChannel(1)]
  stage.connect()
  await stage.settle()
  end = stage.end
  return { ...stage, one, two }
}
let end = () => {}
afterEach(() => end())

const turn = () => new Promise((resolve) => setImmediate(resolve))

describe('writableOf', () => {
  it('sends each chunk as a message, and closes the channel behind the last', async () => {
    const { one, two, settle } = await createPair()
    const heard: unknown[] = []
    two.on('message', (data) => heard.push(data))
    const writer = writableOf(one).getWriter()
    for (const text of ['one', 'two', 'three']) void writer.write(text)
    const closing = writer.close()
    await settle()
    await closing
    expect([heard, one.state, two.state]).toEqual([['one', 'two', 'three'], 'closed', 'closed'])
  })

  it('writes no faster than the channel takes it', async () => {
    const { one, two, settle } = await createPair()
    two.on('message', () => {})
    const writer = writableOf(one).getWriter()
    let written = 0
    for (let time = 0; time < 20; time += 1) void writer.write(new Uint8Array(2 ** 17)).then(() => (written += 1))
    for (let time = 0; time < 20; time += 1) await turn()
    expect(written).toBe(8)
    await settle()
    expect(written).toBe(20)
  })

  it.each([
    ['before', true],
    ['meanwhile', false],
  ])('fails when the channel was closed %s', async (_, isBefore) => {
    const { one, two, settle } = await createPair()
    const close = async () => {
      two.close()
      await settle()
    }
    if (isBefore) await close()
    const writer = writableOf(one).getWriter()
    if (!isBefore) await close()
    await expect(writer.write('x')).rejects.toMatchObject({ code: 'closed' })
    await expect(writer.closed).rejects.toMatchObject({ code: 'closed' })
  })

  it('closes the channel when it is aborted', async () => {
    const { one, two, settle } = await createPair()
    await writableOf(one).abort('no more')
    await settle()
    expect([one.state, two.state]).toEqual(['closed', 'closed'])
  })
})

describe('readableOf', () => {
  it('reads what came before and after, and ends with the channel', async () => {
    const { one, two, settle } = await createPair()
    one.send('early')
    await settle()
    const reader = readableOf(two).getReader()
    one.send('late')
    one.close()
    await settle()
    const read = await Promise.all([reader.read(), reader.read(), reader.read()])
    expect(read.map(({ value }) => value)).toEqual(['early', 'late', undefined])
  })

  it('reads what came to a channel that has closed since', async () => {
    const { one, two, settle } = await createPair()
    one.send('early')
    one.close()
    await settle()
    expect(two.state).toBe('closed')
    const reader = readableOf(two).getReader()
    expect([(await reader.read()).value, (await reader.read()).done]).toEqual(['early', true])
  })

  it('fails when too much is not read, and says so', async () => {
    const { one, two, settle } = await createPair()
    const reader = readableOf(two, { maxUnread: 1000 }).getReader()
    for (let time = 0; time < 3; time += 1) one.send(new Uint8Array(400))
    await settle()
    await expect(reader.read()).rejects.toMatchObject({
      code: 'buffer-full',
      message: expect.stringMatching(/1000 bytes/) as string,
    })
    one.send('more')
    await settle()
  })

  it('leaves the channel open when it is cancelled', async () => {
    const { one, two, settle } = await createPair()
    const stream = readableOf(two)
    await stream.cancel()
    one.send('hello')
    await settle()
    expect([one.state, two.state]).toEqual(['open', 'open'])
  })

  it('can be cancelled at once when the channel has closed', async () => {
    const { one, settle } = await createPair()
    one.close()
    await settle()
    expect(one.state).toBe('closed')
    const errors: unknown[] = []
    const onError = (error: unknown) => errors.push(error)
    process.on('uncaughtException', onError)
    await readableOf(one).cancel()
    await turn()
    process.off('uncaughtException', onError)
    expect(errors).toEqual([])
  })

  it('can be piped from one channel to another', async () => {
    const { one, two, settle } = await createPair()
    const echo = readableOf(two)
      .pipeTo(writableOf(two))
      .catch(() => {})
    const heard: unknown[] = []
    one.on('message', (data) => heard.push(data))
    one.send('hello')
    await settle()
    expect(heard).toEqual(['hello'])
    one.close()
    await settle()
    await echo
    expect(two.state).toBe('closed')
  })
})

describe('messagesOf', () => {
  it('loops over the messages until the channel closes', async () => {
    const { one, two, settle } = await createPair()
    for (const text of ['one', 'two']) one.send(text)
    one.close()
    const heard: unknown[] = []
    const loop = (async () => {
      for await (const message of messagesOf(two)) heard.push(message)
    })()
    await settle()
    await loop
    expect(heard).toEqual(['one', 'two'])
  })

  it('stops listening when the loop is left', async () => {
    const { one, two, settle } = await createPair()
    for (const text of ['one', 'two']) one.send(text)
    await settle()
    for await (const message of messagesOf(two)) if (message === 'one') break
    let heard = 0
    two.on('message', () => (heard += 1))
    one.send('three')
    await settle()
    expect(heard).toBe(1)
  })
})
