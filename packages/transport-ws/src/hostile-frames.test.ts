import { describe, expect, it } from 'vitest'
import { createStage, peer } from './test-stage.ts'

describe('hostile frames', () => {
  const nested = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
  const frames: unknown[] = [
    ...['', 'no line feed', '\n', '\nnot json', '\nnull', '\n7', '\n"text"', '\n[]', '\n{}', `\n${nested}`],
    ...['\n{"type":"unknown"}', '\n{"type":"joined"}', '\n{"type":"left","peer":7}', '\n{"type":{"a":1}}'],
    ...['\n{"type":"joined","peer":{"id":1,"instance":"x"}}', '\n{"type":"joined","peer":null}'],
    ...['\n{"type":"left","peer":{"instance":["x"],"id":"bob"}}', '\n{"type":"joined","peer":[]}'],
    ...[null, undefined, 7, {}, new ArrayBuffer(8), new Blob(['\n'])],
  ]

  it.each(frames)('change nothing before the welcome (%#)', async (frame) => {
    const { socket, calls, welcome } = await createStage()
    socket().open()
    expect(() => socket().deliver(frame)).not.toThrow()
    expect(() => socket().deliver('bob\nhello')).not.toThrow()
    expect(calls).toEqual([])
    welcome()
    expect(calls).toEqual(['open'])
  })

  it.each(frames)('change nothing after it (%#)', async (frame) => {
    const { socket, calls, welcome } = await createStage()
    welcome(peer('bob'))
    expect(() => socket().deliver(frame)).not.toThrow()
    expect(calls).toEqual(['open', 'joined bob bob-1'])
  })

  it.each([undefined, null, 'peers', 7, { length: 1 }, [null, 7, 'x', [], { id: 'a' }, { instance: 'b' }]])(
    'may hold a list of peers that is none: %j',
    async (peers) => {
      const { socket, say, calls } = await createStage()
      socket().open()
      expect(() => say({ type: 'welcome', peers })).not.toThrow()
      expect(calls).toEqual(['open'])
    },
  )

  it('do not open the room twice', async () => {
    const { welcome, calls } = await createStage()
    welcome()
    welcome(peer('bob'))
    expect(calls).toEqual(['open'])
  })

  it('may name keys of the prototype, which are names like others', async () => {
    const { welcome, socket, calls } = await createStage()
    welcome(peer('__proto__', 'constructor'))
    socket().deliver('\n{"type":"joined","peer":{"__proto__":{"polluted":1},"id":"toString","instance":"__proto__"}}')
    socket().deliver('\n{"type":"left","peer":{"id":"__proto__","instance":"constructor"}}')
    expect(calls.slice(1)).toEqual([
      'joined __proto__ constructor',
      'joined toString __proto__',
      'left __proto__ constructor',
    ])
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  })

  it.each(['1e999', '"soon"', '-5', 'null', '{}'])('do not make it wait for ever: %s', async (ms) => {
    const { clock, welcome, socket, sockets, link } = await createStage()
    welcome()
    socket().deliver(`\n{"type":"slow-down","retryAfter":${ms}}`)
    socket().deliver(`\n{"type":"drain","after":${ms}}`)
    for (let waited = 0; waited < 60_000; waited += 10_000) {
      await clock.advance(10_000)
      socket().deliver('\n')
    }
    link.send('bob', 'hello')
    expect(socket().sent.at(-1)).toBe('bob\nhello')
    socket().end(1012)
    await clock.advance(60_000)
    expect(sockets.length).toBeGreaterThan(1)
  })
})
