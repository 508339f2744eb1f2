import type { StagedCheck } from './describe-transport.ts'
import type { Guest, Stage } from './transport-stage.ts'

const promises = {
  open: '`onOpen` is called when messages can be sent and will be received.',
  arrives: 'A message reaches every instance under the id that it is sent to.',
  whole: 'Text arrives as it was sent, character by character.',
  from: '`onMessage` names the sender by its id.',
  addressed: 'A message reaches nobody but the id that it is sent to.',
  echo: 'A message does not come back to the instance that sent it.',
  rooms: 'Rooms do not hear each other.',
  silence: 'Nothing is delivered after `close()` was called.',
  joins: 'Each join from one configured transport is a link of its own.',
  unreachable: '`onUnreachable` is called only for an id that surely nobody has.',
  noThrow: '`send()` never throws, whatever the text is.',
}

/** What a medium may take for syntax: wildcards, separators, escapes, keys of the prototype, other alphabets. */
const oddNames: readonly string[] = [
  ...['+', '#', '/', '//', 'a/b', 'a/+', 'a/#', '$SYS', '$share/a/b', '.', '..', 'a.b', '*', '>', 'a.*', 'a.>'],
  ...['%', '%2F', '%252F', 'a%', '?a=b&c', 'a:b', 'a,b', '["a"]', '{}', '"', "'", '\\', '\\n', '<b>', '=', '~', '-'],
  ...[' ', ' a', 'a ', 'a', 'A', '__proto__', 'constructor', 'null', 'undefined', '0', '00'],
  ...['\u00e9', 'e\u0301', '日本語', 'עברית', '👩‍👩‍👧', '\u{1f600}'.repeat(64), '語'.repeat(128), 'x'.repeat(128)],
  `${'x'.repeat(127)}y`,
]

/** Texts that a careless transport changes, splits or loses. */
const oddTexts: readonly string[] = [
  ...['{"a":1}', 'line\nbreak\r\nand\ttab', '\u0000 and \u007f', 'grüße, 日本語, עברית', '👩‍👩‍👧 \u{1f600}', ' '],
  ...['', '"quoted" \\ \\u0000', 'true', '%00 + # /', 'é'.repeat(1000)],
  'sixty-four kibibytes of base64 and more '.repeat(1639).slice(0, 65_536),
]

/** What arrives, where, from whom, and what must not. */
export const deliveryChecks: readonly StagedCheck[] = [
  {
    name: 'brings text unchanged, with the id of its sender',
    play: async (stage) => {
      const [sender, receiver] = await open(stage, [stage.join('sender'), stage.join('receiver')])
      for (const text of oddTexts) {
        sender.send('receiver', text)
        await stage.until(
          () => heard(receiver, text),
          promises.whole,
          () => receiver.messages.at(-1) ?? 'nothing arrived',
        )
      }
      const stranger = receiver.messages.find(({ from }) => from !== 'sender')
      stage.hold(!stranger, promises.from, stranger)
    },
  },
  {
    name: 'brings a message to the addressed id only, and not back to its sender',
    play: async (stage) => {
      const [a, b, c] = await open(stage, [stage.join('a'), stage.join('b'), stage.join('c')])
      a.send('b', 'for b')
      await stage.until(() => heard(b, 'for b'), promises.arrives)
      b.send('a', 'for a')
      b.send('c', 'for c')
      await stage.until(() => heard(a, 'for a') && heard(c, 'for c'), promises.arrives)
      stage.hold(!heard(a, 'for b') && !heard(b, 'for a') && !heard(b, 'for c'), promises.echo)
      onlyHeard(stage, c, ['for c'], promises.addressed)
      onlyHeard(stage, a, ['for a'], promises.addressed)
    },
  },
  {
    name: 'brings a message to every instance under an id',
    ids: 'shared',
    play: async (stage) => {
      const [sender, one, two] = await open(stage, [stage.join('sender'), stage.join('twin'), stage.join('twin')])
      sender.send('twin', 'for both')
      await stage.until(() => heard(one, 'for both') && heard(two, 'for both'), promises.arrives)
      one.send('twin', 'for my twin')
      await stage.until(() => heard(two, 'for my twin'), promises.arrives)
      two.send('sender', 'done')
      two.send('twin', 'done')
      await stage.until(() => heard(sender, 'done') && heard(one, 'done'), promises.arrives)
      stage.hold(!heard(one, 'for my twin') && !heard(two, 'done'), promises.echo)
    },
  },
  {
    name: 'keeps the messages of two rooms apart',
    play: async (stage) => {
      const room = `${stage.room} too`
      const [a, b] = await open(stage, [stage.join('a'), stage.join('b')])
      const [elsewhereA, elsewhereB] = await open(stage, [stage.join('a', { room }), stage.join('b', { room })])
      a.send('b', 'here')
      await stage.until(() => heard(b, 'here'), promises.arrives)
      elsewhereA.send('b', 'there')
      await stage.until(() => heard(elsewhereB, 'there'), promises.arrives)
      b.send('a', 'marker')
      await stage.until(() => heard(a, 'marker'), promises.arrives)
      onlyHeard(stage, b, ['here'], promises.rooms)
      onlyHeard(stage, elsewhereB, ['there'], promises.rooms)
      onlyHeard(stage, elsewhereA, [], promises.rooms)
    },
  },
  {
    name: 'keeps ids apart, whatever characters they are made of',
    play: async (stage) => {
      const hub = stage.join('hub')
      const guests = await open(
        stage,
        oddNames.map((name) => stage.join(name)),
      )
      await open(stage, [hub])
      // A medium may bring nothing to whom it has not seen yet.
      for (const guest of guests)
        await stage.until(
          () => hub.sees(guest) && guest.sees(hub),
          promises.arrives,
          () => `presence does not tell the id ${guest.self.id}`,
        )
      for (const guest of guests) hub.send(guest.self.id, guest.self.id)
      for (const guest of guests) guest.send('hub', guest.self.id)
      for (const guest of guests) {
        const { id } = guest.self
        await stage.until(
          () => heard(guest, id),
          promises.arrives,
          () => `nothing arrived at the id ${id}`,
        )
        await stage.until(
          () => heard(hub, id),
          promises.arrives,
          () => `nothing arrived from the id ${id}`,
        )
        onlyHeard(stage, guest, [id], promises.addressed)
      }
      const stranger = hub.messages.find(({ from, text }) => from !== text)
      stage.hold(!stranger, promises.from, stranger)
    },
  },
  {
    name: 'keeps rooms apart, whatever characters they are made of',
    play: async (stage) => {
      const suffix = stage.room.slice('check '.length)
      const rooms = oddNames.map((name) => (name.length > 64 ? name : `${name}/${suffix}`))
      const left = rooms.map((room) => stage.join('left', { room }))
      const right = rooms.map((room) => stage.join('right', { room }))
      await open(stage, [...left, ...right])
      for (const guest of left) guest.send('right', suffix + guest.room)
      for (const guest of right) {
        const text = suffix + guest.room
        await stage.until(
          () => heard(guest, text),
          promises.arrives,
          () => `nothing arrived in the room ${guest.room}`,
        )
        // Rooms without the suffix are shared with whoever else runs these checks on the same medium now.
        const ours = guest.messages.filter((message) => message.text.startsWith(suffix) && message.text !== text)
        stage.hold(ours.length === 0, promises.rooms, ours[0])
      }
    },
  },
  {
    name: 'delivers nothing after close()',
    play: async (stage) => {
      const [sender, leaver, stayer] = await open(stage, [stage.join('a'), stage.join('leaver'), stage.join('stayer')])
      const sendBoth = (text: string): void => {
        for (const { self } of [leaver, stayer]) sender.send(self.id, text)
      }
      sendBoth('before')
      await stage.until(() => heard(leaver, 'before') && heard(stayer, 'before'), promises.arrives)
      sendBoth('on its way')
      const left = leaver.close()
      sendBoth('too late')
      const passed = stage.until(() => heard(stayer, 'on its way') && heard(stayer, 'too late'), promises.arrives)
      await Promise.all([left, passed])
      sendBoth('much too late')
      await stage.until(() => heard(stayer, 'much too late'), promises.arrives)
      await open(stage, [sender, stage.join('leaver')])
      onlyHeard(stage, leaver, ['before'], promises.silence)
    },
  },
  {
    name: 'serves two joins from one configured transport',
    play: async (stage, { transport }) => {
      const shared = { transport: transport() }
      const room = `${stage.room} too`
      const [a, b] = await open(stage, [stage.join('a', shared), stage.join('b', shared)])
      const [elsewhere] = await open(stage, [stage.join('b', { ...shared, room })])
      a.send('b', 'hello')
      await stage.until(() => heard(b, 'hello'), promises.joins)
      await elsewhere.close()
      b.send('a', 'still here')
      await stage.until(
        () => heard(a, 'still here'),
        promises.joins,
        () => 'closing one join broke another',
      )
      onlyHeard(stage, elsewhere, [], promises.joins)
      onlyHeard(stage, a, ['still here'], promises.joins)
    },
  },
  {
    name: 'reports an id as unreachable only when nobody has it',
    play: async (stage) => {
      const [a, b] = await open(stage, [stage.join('a'), stage.join('b')])
      a.send('absent', 'anybody?')
      a.send('b', 'hello')
      await stage.until(() => heard(b, 'hello'), promises.arrives)
      b.send('a', 'hello')
      await stage.until(() => heard(a, 'hello'), promises.arrives)
      const wrong = [...a.unreachable.filter((id) => id !== 'absent'), ...b.unreachable]
      stage.hold(wrong.length === 0, promises.unreachable, wrong)
    },
  },
  {
    name: 'survives text that is not well-formed',
    play: async (stage) => {
      const [a, b] = await open(stage, [stage.join('a'), stage.join('b')])
      try {
        a.send('b', 'half a pair: \ud83d')
      } catch (error) {
        stage.hold(false, promises.noThrow, error)
      }
      a.send('b', 'next')
      await stage.until(() => heard(b, 'next'), promises.arrives)
    },
  },
]

const heard = (guest: Guest, text: string): boolean => guest.messages.some((message) => message.text === text)

/** Doubled messages are allowed by the contract, foreign ones are not. */
const onlyHeard = (stage: Stage, guest: Guest, texts: readonly string[], promise: string): void => {
  const foreign = guest.messages.find(({ text }) => !texts.includes(text))
  stage.hold(!foreign, promise, foreign && { at: guest.self.id, ...foreign })
}

/** Waits until all guests of a room are open and see each other, so that messages may be expected to arrive. */
const open = async <Guests extends readonly Guest[]>(stage: Stage, guests: readonly [...Guests]): Promise<Guests> => {
  for (const guest of guests) {
    await stage.until(
      () => guest.opens() > 0,
      promises.open,
      () => `${guest.self.id} is not open`,
    )
    for (const other of guests) {
      if (other === guest || other.room !== guest.room) continue
      await stage.until(
        () => guest.sees(other),
        promises.open,
        () => `${guest.self.id} does not see ${other.self.id}`,
      )
    }
  }
  return guests as readonly Guest[] as Guests
}
