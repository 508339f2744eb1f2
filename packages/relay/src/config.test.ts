import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { createCommand, readConfig } from './config.ts'
import { defaultLimits } from './limits.ts'

afterEach(() => {
  vi.unstubAllEnvs()
})

const configFile = (text: string): string => {
  const folder = mkdtempSync(join(tmpdir(), 'parley-relay-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'config.json')
  writeFileSync(file, text)
  return file
}

/** Reads without ending the process, and throws what would have been printed. */
const read = (...argv: string[]) => {
  let printed = ''
  const keep = (text: string): void => void (printed += text)
  const command = createCommand().exitOverride().configureOutput({ writeErr: keep, writeOut: keep })
  try {
    return readConfig(argv, command)
  } catch {
    throw new Error(printed)
  }
}

describe('readConfig()', () => {
  it('serves this machine only, unless it is told otherwise', () => {
    expect(read()).toMatchObject({
      port: 8787,
      host: '127.0.0.1',
      path: '/',
      origins: 'loopback',
      trustProxy: 0,
      jwtAnyRoom: false,
      logLevel: 'info',
      limits: defaultLimits,
    })
    expect(read().metricsPort).toBeUndefined()
  })

  it('lets a flag beat the environment, the environment the file, and the file the default', () => {
    const file = configFile('{"port": 1, "rooms": 1, "peersPerRoom": 1, "origins": ["https://a.example", "null"]}')
    vi.stubEnv('PARLEY_RELAY_CONFIG', file)
    vi.stubEnv('PARLEY_RELAY_ROOMS', '2')
    vi.stubEnv('PARLEY_RELAY_PEERS_PER_ROOM', '2')
    const config = read('--peers-per-room', '3')
    expect(config.port).toBe(1)
    expect(config.origins).toEqual(['https://a.example', 'null'])
    expect(config.limits).toEqual({ ...defaultLimits, rooms: 2, peersPerRoom: 3 })
  })

  it('reads lists, switches and texts', () => {
    expect(read('--origins', 'https://a.example, https://b.example').origins).toEqual([
      'https://a.example',
      'https://b.example',
    ])
    expect(read('--origins', 'any').origins).toBe('any')
    expect(read('--jwt-any-room').jwtAnyRoom).toBe(true)
    vi.stubEnv('PARLEY_RELAY_JWT_ANY_ROOM', 'no')
    expect(read().jwtAnyRoom).toBe(false)
    vi.stubEnv('PARLEY_RELAY_JWT_ANY_ROOM', 'yes')
    expect(read().jwtAnyRoom).toBe(true)
    expect(read('--jwt-secret', 'x', '--jwt-issuer', 'us')).toMatchObject({ jwtSecret: 'x', jwtIssuer: 'us' })
  })

  it.each([
    [['--port', '99999'], 'A port is at most 65535.'],
    [['--port', ''], 'It must be a whole number from 0 on.'],
    [['--rooms', '0'], 'It must be a whole number from 1 on.'],
    [['--path', 'signal'], 'A path begins with a slash.'],
    [['--jwt-any-room', 'perhaps'], 'It must be yes or no.'],
    [['--log-level', 'loud'], 'Allowed choices are debug'],
    [['--what'], "unknown option '--what'"],
    [['--config', '/does/not/exist.json'], 'the file of --config cannot be read'],
  ])('says what is wrong with %j', (argv, message) => {
    expect(() => read(...argv)).toThrow(message)
  })

  it.each([
    ['{"prot": 1}', 'has an unknown key "prot"'],
    ['{"config": "x"}', 'has an unknown key "config"'],
    ['{"port": "a"}', 'port is "a". It must be a whole number from 0 on.'],
    ['[]', 'must hold one JSON object'],
    ['{', 'the file of --config cannot be read'],
  ])('says what is wrong with a file that holds %s', (text, message) => {
    expect(() => read('--config', configFile(text))).toThrow(message)
  })

  it('explains each option with its default, its unit and its variable', () => {
    const help = createCommand().helpInformation()
    for (const text of ['Listening:', 'Who may connect:', 'Limits:', '--hold-time <ms>', 'PARLEY_RELAY_HOLD_TIME'])
      expect(help).toContain(text)
    expect(help).toContain('(default: 30000')
  })
})
