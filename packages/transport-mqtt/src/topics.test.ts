import { describe, expect, it } from 'vitest'
import { levelOf, nameOf, topicsOf } from './topics.ts'

describe('topicsOf', () => {
  it('names what is short and plain as it is', () => {
    const self = { id: 'ann', instance: 'q7Rz0pXb2mC4dE5fG6hI-_' }
    expect(topicsOf('parley', { room: 'lobby', self })).toEqual({
      room: 'parley/lobby/',
      own: 'parley/lobby/ann/q7Rz0pXb2mC4dE5fG6hI-_',
      sender: 'ann',
      clientId: 'q7Rz0pXb2mC4dE5fG6hI-_',
      presences: 'parley/lobby/+/+',
      inbox: 'parley/lobby/ann/q7Rz0pXb2mC4dE5fG6hI-_/+',
    })
  })

  it('stays far below the 65,535 bytes of a topic with the longest room, ids and instance', () => {
    const long = '語'.repeat(128)
    const { own, sender } = topicsOf('parley', { room: long, self: { id: long, instance: long } })
    expect(`${own}/${sender}`).toMatch(/^[\w%/-]{4000,5000}$/)
  })
})

const oddNames = [
  ...['+', '#', '/', 'a/b', '$SYS', '$share/a/b', '.', 'a.b', '*', '>', '\u0000', ' ', '~', '%', '%2F', '%252F'],
  ...['é', 'e\u0301', '日本語', '👩‍👩‍👧', '__proto__', "!'()", 'x'.repeat(128), '語'.repeat(128)],
]

describe('levelOf', () => {
  it.each(oddNames)('writes "%s" so that nothing of it means something to a broker, and nameOf reads it', (name) => {
    expect(levelOf(name)).toMatch(/^[\w%!'()~-]+$/)
    expect(nameOf(levelOf(name))).toBe(name)
  })

  it('leaves alone what is plain', () => {
    expect(levelOf('Ann_-09')).toBe('Ann_-09')
  })

  it('makes no two names one', () => {
    expect(new Set(oddNames.map(levelOf)).size).toBe(oddNames.length)
  })
})

describe('nameOf', () => {
  it.each(['%61nn', '%2b', 'a b', 'a.b', '*', '%', '%E4', '%C0%AF', 'é', '+', 'x'.repeat(129)])(
    'finds no name in "%s", which levelOf never writes',
    (level) => {
      expect(nameOf(level)).toBe(undefined)
    },
  )
})
