import type { RelayLimits } from './limits.ts'

/** One id in one room. `Link` is what reaches whoever has it. */
export interface Member<Link> {
  readonly room: Room<Link>
  readonly id: string
  readonly instance: string
  /** What proves that somebody who comes again is the same: 256 random bits. */
  readonly resume: string
  /** Undefined while the id is held for a peer that was lost. */
  link: Link | undefined
  hold: Hold | undefined
}

export interface Room<Link> {
  readonly name: string
  readonly members: Map<string, Member<Link>>
}

/** What waits for a lost peer. */
export interface Hold {
  readonly until: number
  readonly frames: Buffer[]
  bytes: number
}

/** Who is where, and whose id is held. Knows no sockets and no time but what it is given. */
export interface Rooms<Link> {
  readonly find: (room: string, id: string) => Member<Link> | undefined
  /** Undefined when the room is full, or there are too many rooms. */
  readonly enter: (
    peer: { readonly room: string; readonly id: string; readonly instance: string; readonly resume: string },
    link: Link,
  ) => Member<Link> | undefined
  /** Takes the link away and keeps the id. False when too many are held: then nothing changes. */
  readonly hold: (member: Member<Link>, now: number) => boolean
  /** Gives a member, held or alive, another link; returns the frames that waited. */
  readonly resume: (member: Member<Link>, link: Link) => readonly Buffer[]
  /** Keeps a frame for a held id; false when there is no space for it. */
  readonly keep: (member: Member<Link>, frame: Buffer) => boolean
  /** Removes a member; returns how many frames waited for it. */
  readonly leave: (member: Member<Link>) => number
  /** Those whose hold is over at `now`, the oldest first. */
  readonly expired: (now: number) => Member<Link>[]
  readonly counts: () => { readonly rooms: number; readonly members: number; readonly held: number }
}

export const createRooms = <Link>(limits: RelayLimits): Rooms<Link> => {
  // Maps, so that a room called `__proto__` is a room like any other.
  const rooms = new Map<string, Room<Link>>()
  // Every hold lasts equally long, so the order of insertion is the order in which they end.
  const held = new Set<Member<Link>>()
  let members = 0
  let heldBytes = 0

  const release = (member: Member<Link>): readonly Buffer[] => {
    const { hold } = member
    if (!hold) return []
    member.hold = undefined
    held.delete(member)
    heldBytes -= hold.bytes
    return hold.frames
  }

  return {
    find: (room, id) => rooms.get(room)?.members.get(id),
    enter: ({ room: name, id, instance, resume }, link) => {
      const room = rooms.get(name) ?? { name, members: new Map<string, Member<Link>>() }
      if (room.members.size >= limits.peersPerRoom) return undefined
      if (room.members.size === 0 && rooms.size >= limits.rooms) return undefined
      rooms.set(name, room)
      const member: Member<Link> = { room, id, instance, resume, link, hold: undefined }
      room.members.set(id, member)
      members++
      return member
    },
    hold: (member, now) => {
      if (held.size >= limits.connections) return false
      member.link = undefined
      member.hold = { until: now + limits.holdTime, frames: [], bytes: 0 }
      held.add(member)
      return true
    },
    resume: (member, link) => {
      member.link = link
      return release(member)
    },
    keep: ({ hold }, frame) => {
      if (!hold || hold.frames.length >= limits.holdFrames) return false
      if (hold.bytes + frame.length > limits.holdBytes || heldBytes + frame.length > limits.heldBytes) return false
      hold.bytes += frame.length
      heldBytes += frame.length
      hold.frames.push(frame)
      return true
    },
    leave: (member) => {
      const { room, id } = member
      if (room.members.get(id) !== member) return 0
      member.link = undefined
      room.members.delete(id)
      members--
      if (room.members.size === 0) rooms.delete(room.name)
      return release(member).length
    },
    expired: (now) => {
      const over: Member<Link>[] = []
      for (const member of held) {
        if (member.hold && member.hold.until > now) break
        over.push(member)
      }
      return over
    },
    counts: () => ({ rooms: rooms.size, members, held: held.size }),
  }
}
