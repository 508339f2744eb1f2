import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { runRelay, warningsOf } from './command.ts'
import { readConfig } from './config.ts'
import { connect, join } from './test-client.ts'

interface Line {
  readonly msg: string
  readonly [field: string]: unknown
}

/** Runs the command in this process, with signals, exit and log of the test. */
const run = async (...argv: string[]) => {
  const lines: Line[] = []
  const signals = new Map<string, () => void>()
  let exited = (_code: number): void => {}
  const exitCode = new Promise<number>((resolve) => (exited = resolve))
  await runRelay({
    argv,
    on: (signal, listener) => void signals.set(signal, listener),
    exit: exited,
    log: { write: (line) => void lines.push(JSON.parse(line) as Line) },
  })
  const signal = (name: 'SIGTERM' | 'SIGINT') => signals.get(name)?.()
  const url = String(lines.find(({ msg }) => msg.startsWith('listening'))?.url)
  onTestFinished(async () => {
    if (!url.startsWith('ws:')) return
    signal('SIGTERM')
    signal('SIGTERM')
    await exitCode
  })
  return { lines, signal, exitCode, url, text: () => lines.map(({ msg }) => msg).join('\n') }
}

const jwtSecret = ['--jwt-secret', 'a secret of at least 32 bytes, really']

describe('parley-relay', () => {
  it('says where it listens, lets this machine in, and stops at a signal', async () => {
    const { url, signal, exitCode, text } = await run('--port', '0')
    expect(text()).toBe(`listening on ${url}`)
    const ann = await join(url, { id: 'ann' })
    ann.socket.close(1000)
    await ann.closed
    signal('SIGTERM')
    expect(await exitCode).toBe(0)
  })

  it('stops at once at the second signal', async () => {
    const { url, signal, exitCode } = await run('--port', '0')
    const ann = await join(url, { id: 'ann' })
    signal('SIGINT')
    await ann.takeSaid('drain')
    signal('SIGTERM')
    expect((await ann.closed)[0]).toBe(1012)
    expect(await exitCode).toBe(1)
  })

  it('writes no id, room, token or payload into the log', async () => {
    const { url, lines, text } = await run('--port', '0', '--log-level', 'debug')
    const ann = await join(url, { id: 'secret-ann', room: 'secret-room', token: 'secret-token' })
    const bob = await join(url, { id: 'secret-bob', room: 'secret-room' })
    ann.send('secret-bob', 'secret-payload')
    ann.send('secret-eve', 'secret-payload')
    await bob.take((frame) => frame.startsWith('secret-ann'))
    ann.socket.close(1000)
    await ann.closed
    await vi.waitFor(() => expect(text()).toContain('ended'))
    expect(text()).toContain('joined')
    expect(JSON.stringify(lines)).not.toContain('secret')
    const [first, second] = lines.filter(({ msg }) => msg === 'joined')
    expect(first?.room).toBe(second?.room)
    expect(first?.id).not.toBe(second?.id)
  })

  it('checks tokens when it is told how', async () => {
    const { url } = await run('--port', '0', ...jwtSecret)
    const client = connect(url)
    await client.opened
    client.hello({ id: 'ann', token: 'x' })
    expect((await client.closed)[0]).toBe(4401)
  })

  it('says why it cannot start', async () => {
    const { url } = await run('--port', '0')
    const taken = await run('--port', new URL(url).port)
    expect(taken.text()).toContain('cannot listen on 127.0.0.1')
    expect(await taken.exitCode).toBe(1)
    for (const [argv, reason] of [
      [['--origins', 'app.example'], 'An origin is a scheme, a host and a port'],
      [['--jwt-secret', 'short'], 'A secret needs at least 32 bytes'],
      [['--byte-burst', '1'], 'must let one frame through'],
    ] as const) {
      const failed = await run(...argv)
      expect(failed.text()).toContain(reason)
      expect(await failed.exitCode).toBe(1)
    }
  })
})

describe('warningsOf()', () => {
  const warn = (...argv: string[]) => warningsOf(readConfig(argv)).join('\n')

  it('says nothing of a relay that serves this machine only', () => {
    expect(warn()).toBe('')
    expect(warn('--host', '::1', '--origins', 'any')).toBe('')
  })

  it('says when everybody may come, or nobody can', () => {
    expect(warn('--host', '0.0.0.0')).toMatch(/^EVERYBODY who reaches 0\.0\.0\.0 .*\nonly pages of this machine/)
    expect(warn('--host', '::', '--origins', 'any', ...jwtSecret)).toMatch(/^EVERY web page/)
    expect(warn('--host', '0.0.0.0', '--origins', 'https://a.example', ...jwtSecret)).toBe('')
  })
})
