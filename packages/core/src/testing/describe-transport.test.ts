import { describe, expect, it } from 'vitest'
import type { PeerAddress, SignalingJoin, SignalingTransport } from '../signaling/transport.ts'
import { describeTransport, transportChecks } from './describe-transport.ts'

/** What a variant of the transport does differently. */
interface Flaws {
  readonly echo?: boolean
  readonly from?: (self: PeerAddress) => string
  readonly text?: (text: string) => string
  readonly room?: (room: string) => string
  readonly inbox?: (id: string) => string
  readonly firstOnly?: boolean
  readonly afterClose?: boolean
  readonly throwsAfterClose?: boolean
  readonly neverLeft?: boolean
  readonly forgetsTheEarlier?: boolean
  readonly tellsItself?: boolean
  readonly alwaysUnreachable?: boolean
  readonly closesTwice?: boolean
  readonly staysLost?: boolean
  readonly sharesJoins?: boolean
  readonly closeHangs?: boolean
  readonly closeRejectsAgain?: boolean
  /** The code with which it refuses a second instance of an id. */
  readonly refusesWith?: string
}

interface Member {
  readonly join: SignalingJoin
  open: boolean
  closed: boolean
}

/** A medium in memory, small enough to be seen to be right. */
const createMedium = (flaws: Flaws = {}) => {
  const members: Member[] = []
  const roomOf = ({ join }: Member): string => flaws.room?.(join.room) ?? join.room
  const inboxOf = (id: string): string => flaws.inbox?.(id) ?? id
  const others = (member: Member): Member[] =>
    members.filter((other) => other.open && roomOf(other) === roomOf(member) && (flaws.tellsItself || other !== member))

  const enter = (member: Member): void => {
    if (member.closed) return
    const { id } = member.join.self
    if (flaws.refusesWith !== undefined && others(member).some(({ join }) => join.self.id === id)) {
      member.join.onClose(Object.assign(new Error('Taken'), { code: flaws.refusesWith }))
      return
    }
    member.open = true
    member.join.onOpen()
    for (const other of others(member)) {
      if (!flaws.forgetsTheEarlier) member.join.onPresence({ type: 'joined', peer: other.join.self })
      other.join.onPresence({ type: 'joined', peer: member.join.self })
    }
  }
  const leave = (member: Member): void => {
    member.open = false
    if (flaws.neverLeft) return
    for (const other of others(member)) other.join.onPresence({ type: 'left', peer: member.join.self })
  }
  const deliver = (sender: Member, to: string, text: string): void => {
    const isReceiver = (member: Member): boolean =>
      roomOf(member) === roomOf(sender) &&
      inboxOf(member.join.self.id) === inboxOf(to) &&
      (member.open || (flaws.afterClose === true && member.closed)) &&
      (flaws.echo === true || member !== sender)
    const receivers = members.filter(isReceiver)
    for (const member of flaws.firstOnly ? receivers.slice(0, 1) : receivers) {
      member.join.onMessage(flaws.from?.(sender.join.self) ?? sender.join.self.id, flaws.text?.(text) ?? text)
    }
    if (receivers.length === 0 || flaws.alwaysUnreachable) sender.join.onUnreachable(to)
  }

  const transport = (): SignalingTransport => {
    let first: Member | undefined
    return (join) => {
      const member: Member = { join, open: false, closed: false }
      const sending = flaws.sharesJoins ? (first ??= member) : member
      members.push(member)
      queueMicrotask(() => enter(member))
      return {
        send: (to, text) => {
          if (member.closed && flaws.throwsAfterClose) throw new Error('The socket is closed')
          queueMicrotask(() => {
            if (sending.open) deliver(sending, to, text)
          })
        },
        close: () => {
          if (member.closed && flaws.closeRejectsAgain) return Promise.reject(new Error('Not in the room'))
          member.closed = true
          if (member.open) leave(member)
          return flaws.closeHangs ? new Promise(() => {}) : Promise.resolve()
        },
      }
    }
  }
  const disconnect = ({ instance }: PeerAddress): void => {
    for (const member of members) {
      if (member.join.self.instance !== instance) continue
      leave(member)
      member.join.onClose(new Error('The cable was pulled'))
      if (flaws.closesTwice) member.join.onClose()
      if (!flaws.staysLost) queueMicrotask(() => enter(member))
    }
  }
  return { transport, disconnect }
}

/** Why the checks refuse a transport with these flaws, by the name of the check. */
const refusals = async (flaws: Flaws, exclusiveIds = false): Promise<Record<string, string>> => {
  const found: Record<string, string> = {}
  for (const check of transportChecks({ ...createMedium(flaws), deadline: 50, exclusiveIds })) {
    await check.run().catch((error: unknown) => (found[check.name] = String(error)))
  }
  return found
}

describeTransport('a medium in memory', createMedium(), { describe, it })

describe('transportChecks', () => {
  it('finds nothing against a transport that keeps the contract', async () => {
    expect(await refusals({})).toEqual({})
  })

  it.each<[string, Flaws, string, string]>([
    ['echoes', { echo: true }, 'brings a message to every instance under an id', 'does not come back to the instance'],
    [
      'names a wrong sender',
      { from: ({ instance }) => instance },
      'brings text unchanged, with the id of its sender',
      '`onMessage` names the sender by its id. Seen: {"from":',
    ],
    [
      'cuts long text',
      { text: (text) => text.slice(0, 65_000) },
      'brings text unchanged, with the id of its sender',
      'Text arrives as it was sent, character by character. Seen: {"from":"sender"',
    ],
    [
      'trims text',
      { text: (text) => text.trim() },
      'brings text unchanged, with the id of its sender',
      'Text arrives as it was sent',
    ],
    ['leaks messages', { room: () => 'all' }, 'keeps the messages of two rooms apart', 'Rooms do not hear each other'],
    [
      'leaks presence',
      { room: () => 'all' },
      'keeps the presence of two rooms apart',
      'Rooms do not know of each other',
    ],
    [
      'takes a slash in a room for a separator',
      { room: (room) => room.split('/')[0] ?? '' },
      'keeps rooms apart, whatever characters they are made of',
      'Rooms do not hear each other',
    ],
    [
      'compares ids without case',
      { inbox: (id) => id.toLowerCase() },
      'keeps ids apart, whatever characters they are made of',
      'A message reaches nobody but the id that it is sent to',
    ],
    [
      'cuts long ids',
      { inbox: (id) => id.slice(0, 120) },
      'keeps ids apart, whatever characters they are made of',
      'A message reaches nobody but the id that it is sent to',
    ],
    [
      'serves one instance of an id',
      { firstOnly: true },
      'brings a message to every instance under an id',
      'A message reaches every instance under the id',
    ],
    [
      'delivers after close()',
      { afterClose: true },
      'delivers nothing after close()',
      'Nothing is delivered after `close()` was called. Seen: onMessage("a", "on its way")',
    ],
    [
      'throws on send() after close()',
      { throwsAfterClose: true },
      'closes twice, and sends at any time, without a throw',
      '`send()` never throws, whatever state the link is in. Seen: Error: The socket is closed, while it closes',
    ],
    [
      'never tells who left',
      { neverLeft: true },
      'tells the instance that left, and keeps the other one of that id',
      '`onPresence` tells as left whoever closed its link',
    ],
    [
      'does not tell who was there before',
      { forgetsTheEarlier: true },
      'tells those who were there before and those who come later',
      'second is not told of first',
    ],
    [
      'tells a peer of itself',
      { tellsItself: true },
      'tells those who were there before and those who come later',
      '`onPresence` tells of others, never of the peer itself',
    ],
    [
      'calls those who are there unreachable',
      { alwaysUnreachable: true },
      'reports an id as unreachable only when nobody has it',
      '`onUnreachable` is called only for an id that surely nobody has. Seen: ["b","a"]',
    ],
    [
      'calls onClose twice',
      { closesTwice: true },
      'comes back after a lost link, and tells again who is there',
      '`onClose` is called at most once for each `onOpen`. Seen: 1 × onOpen, 2 × onClose',
    ],
    [
      'does not come back',
      { staysLost: true },
      'comes back after a lost link, and tells again who is there',
      'A lost link is tried again',
    ],
    [
      'mixes the joins of one configured transport',
      { sharesJoins: true },
      'serves two joins from one configured transport',
      'Each join from one configured transport is a link of its own',
    ],
    [
      'never ends to close',
      { closeHangs: true },
      'tells those who were there before and those who come later',
      '`close()` resolves when the room is left',
    ],
    [
      'rejects the second close()',
      { closeRejectsAgain: true },
      'closes twice, and sends at any time, without a throw',
      '`close()` is idempotent',
    ],
  ])('refuses a transport that %s', async (_flaw, flaws, check, promise) => {
    const found = await refusals(flaws)
    expect(found[check]).toContain('The transport breaks this promise: ')
    expect(found[check]).toContain(promise)
  })

  it('takes a medium that lets one instance in under an id, and holds it to its refusal', async () => {
    expect(await refusals({ refusesWith: 'id-taken' }, true)).toEqual({})
    const name = 'refuses another instance under an id that is there, and lets it in when it left'
    const promise = 'is told `onClose` with an error whose code is `id-taken`'
    expect((await refusals({}, true))[name]).toContain(promise)
    expect((await refusals({ refusesWith: 'EBUSY' }, true))[name]).toContain(`${promise}. Seen: ["EBUSY"]`)
  })

  it('leaves the reconnect out when no link can be cut', () => {
    const { transport, disconnect } = createMedium()
    expect(transportChecks({ transport, disconnect })).toHaveLength(transportChecks({ transport }).length + 1)
  })

  it('runs setup and teardown around each check, also around one that fails', async () => {
    const steps: string[] = []
    const [check] = transportChecks({
      transport: () => {
        throw new Error('no such medium')
      },
      setup: () => steps.push('setup'),
      teardown: () => steps.push('teardown'),
    })
    await expect(check?.run()).rejects.toThrow('no such medium')
    expect(steps).toEqual(['setup', 'teardown'])
  })

  it('asks for a runner when there is none', () => {
    expect(() => describeTransport('x', createMedium())).toThrow('pass them, as in { describe, it }')
  })
})
