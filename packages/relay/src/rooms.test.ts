import { describe, expect, it } from 'vitest'
import { resolveLimits } from './limits.ts'
import { createRooms } from './rooms.ts'

const peer = (id: string, room = 'lobby') => ({ room, id, instance: `${id}-1`, resume: 'secret' })
const frame = (bytes: number) => Buffer.alloc(bytes)

describe('createRooms()', () => {
  it('forgets a room with its last member', () => {
    const rooms = createRooms<string>(resolveLimits())
    const ann = rooms.enter(peer('ann'), 'link')
    if (ann) rooms.leave(ann)
    expect(rooms.counts()).toEqual({ rooms: 0, members: 0, held: 0 })
    if (ann) expect(rooms.leave(ann)).toBe(0)
  })

  it('takes names of the prototype like any others', () => {
    const rooms = createRooms<string>(resolveLimits())
    expect(rooms.find('__proto__', 'constructor')).toBeUndefined()
    rooms.enter(peer('constructor', '__proto__'), 'link')
    expect(rooms.find('__proto__', 'constructor')?.link).toBe('link')
    expect(rooms.find('__proto__', 'toString')).toBeUndefined()
  })

  it('holds no more ids than there may be connections', () => {
    const rooms = createRooms<string>(resolveLimits({ connections: 1 }))
    const [ann, bob] = [rooms.enter(peer('ann'), 'a'), rooms.enter(peer('bob'), 'b')]
    expect(ann && rooms.hold(ann, 0)).toBe(true)
    expect(bob && rooms.hold(bob, 0)).toBe(false)
    expect(bob?.link).toBe('b')
  })

  it('keeps no more bytes for all held ids than the limit says, and counts them back', () => {
    const rooms = createRooms<string>(resolveLimits({ heldBytes: 100 }))
    const [ann, bob] = [rooms.enter(peer('ann'), 'a'), rooms.enter(peer('bob'), 'b')]
    if (!ann || !bob) throw new Error('There is space for two.')
    for (const member of [ann, bob]) rooms.hold(member, 0)
    expect(rooms.keep(ann, frame(60))).toBe(true)
    expect(rooms.keep(bob, frame(60))).toBe(false)
    expect(rooms.resume(ann, 'again')).toHaveLength(1)
    expect(rooms.keep(bob, frame(60))).toBe(true)
    expect(rooms.leave(bob)).toBe(1)
    expect(rooms.counts()).toEqual({ rooms: 1, members: 1, held: 0 })
  })

  it('tells whose hold is over, the oldest first', () => {
    const rooms = createRooms<string>(resolveLimits({ holdTime: 10 }))
    const members = ['a', 'b', 'c'].map((id) => rooms.enter(peer(id), id))
    members.forEach((member, index) => member && rooms.hold(member, index))
    expect(rooms.expired(9)).toEqual([])
    expect(rooms.expired(11).map(({ id }) => id)).toEqual(['a', 'b'])
  })
})
