import { describe, expect, it, vi } from 'vitest'
import { createEmitter, type Warning } from './emitter.ts'

interface Events {
  readonly [type: string]: unknown
  readonly news: string
  readonly warning: Warning
}

const setUp = () => {
  const warnings: Warning[] = []
  const heard: string[] = []
  const emitter = createEmitter<Events>(['news', 'warning'], (warning) => warnings.push(warning))
  return { emitter, warnings, heard, hear: (name: string) => (text: string) => heard.push(`${name} ${text}`) }
}
/** Long enough for a rejected promise to be told. */
const settle = () => new Promise((resolve) => setImmediate(resolve))

describe('createEmitter', () => {
  it('tells every listener at once, in order', () => {
    const { emitter, heard, hear } = setUp()
    emitter.on('news', hear('first'))
    emitter.on('news', hear('second'))
    emitter.emit('news', 'a')
    expect(heard).toEqual(['first a', 'second a'])
  })

  it('ends one subscription, any number of times', () => {
    const { emitter, heard, hear } = setUp()
    const same = hear('same')
    const stop = emitter.on('news', same)
    emitter.on('news', same)
    stop()
    stop()
    emitter.emit('news', 'a')
    expect(heard).toEqual(['same a'])
  })

  it('tells those that were there when one ends or begins in the middle', () => {
    const { emitter, heard, hear } = setUp()
    const stop = emitter.on('news', () => {
      stop()
      emitter.on('news', hear('late'))
    })
    emitter.on('news', hear('steady'))
    emitter.emit('news', 'a')
    emitter.emit('news', 'b')
    expect(heard).toEqual(['steady a', 'steady b', 'late b'])
  })

  it.each([
    [
      'throws',
      () => {
        throw new Error('oops')
      },
    ],
    ['rejects', () => Promise.reject(new Error('oops'))],
  ])('isolates a listener that %s, and warns of it', async (_, listener) => {
    const { emitter, warnings, heard, hear } = setUp()
    emitter.on('news', listener)
    emitter.on('news', hear('next'))
    emitter.emit('news', 'a')
    await settle()
    expect(heard).toEqual(['next a'])
    expect(warnings).toEqual([
      { code: 'listener-failed', message: 'A "news" listener: Error: oops', error: new Error('oops') },
    ])
  })

  it('warns of no listener for warnings, which would never end', async () => {
    const { emitter, warnings } = setUp()
    emitter.on('warning', () => Promise.reject(new Error('oops')))
    emitter.emit('warning', { code: 'bad-message', message: '' })
    await settle()
    expect(warnings).toEqual([])
  })

  it('puts a warning on the console to which nobody listens', () => {
    const { emitter } = setUp()
    const shown = vi.spyOn(console, 'warn').mockImplementation(() => {})
    const warning = { code: 'bad-message', message: 'Nobody knows what this is.' } as const
    emitter.emit('warning', warning)
    expect(shown.mock.calls).toEqual([['Parley:', warning]])
    emitter.on('warning', () => {})
    emitter.emit('warning', warning)
    expect(shown).toHaveBeenCalledTimes(1)
    shown.mockRestore()
  })

  it('forgets every listener', () => {
    const { emitter, heard, hear } = setUp()
    const stop = emitter.on('news', hear('first'))
    emitter.clear()
    emitter.emit('news', 'a')
    stop()
    expect(heard).toEqual([])
  })
})
