import type { StagedCheck } from './describe-transport.ts'
import type { Guest, Stage } from './transport-stage.ts'

const promises = {
  taken: 'Who comes under an id that is taken is told `onClose` with an error whose code is `id-taken`.',
  open: '`onOpen` is called when messages can be sent and will be received.',
  joined: '`onPresence` tells everybody who enters as joined, and after `onOpen` those who are there already.',
  left: '`onPresence` tells as left whoever closed its link, with the same id and instance that had joined.',
  stays: '`onPresence` tells only those as left who left: another instance of the same id stays.',
  rooms: 'Rooms do not know of each other.',
  idempotent: '`close()` is idempotent: the second call resolves like the first.',
  noThrow: '`send()` never throws, whatever state the link is in.',
  closing: 'A link may be closed before it is open, and leaves nothing behind.',
  lost: '`onClose` is called once when the link is lost.',
  back: 'A lost link is tried again, and `onOpen` is called again.',
  retold: 'After each `onOpen`, also after a reconnect, those who are there are told as joined.',
  received: 'Messages sent after `onOpen` are received.',
}

/** Joining, presence, leaving and coming back. */
export const connectionChecks: readonly StagedCheck[] = [
  {
    name: 'tells those who were there before and those who come later',
    play: async (stage) => {
      const first = stage.join('first')
      await stage.until(() => first.opens() === 1, promises.open)
      const second = stage.join('second')
      await meet(stage, [first, second])
    },
  },
  {
    name: 'tells all of each other when many join at once',
    play: async (stage) => {
      await meet(
        stage,
        Array.from({ length: 8 }, (_, index) => stage.join(`peer ${index}`)),
      )
    },
  },
  {
    name: 'tells the instance that left, and keeps the other one of that id',
    ids: 'shared',
    play: async (stage) => {
      const watcher = stage.join('watcher')
      const leaver = stage.join('twin')
      const stayer = stage.join('twin')
      await meet(stage, [watcher, leaver, stayer])
      await leaver.close()
      await stage.until(() => !watcher.sees(leaver) && !stayer.sees(leaver), promises.left)
      const later = stage.join('later')
      await meet(stage, [watcher, stayer, later])
      stage.hold(!later.sees(leaver), promises.left, 'a newcomer is told of a peer that left')
      stage.hold(watcher.sees(stayer), promises.stays)
    },
  },
  {
    name: 'refuses another instance under an id that is there, and lets it in when it left',
    ids: 'exclusive',
    play: async (stage) => {
      const [watcher, holder] = [stage.join('watcher'), stage.join('taken')]
      await meet(stage, [watcher, holder])
      const refused = stage.join('taken')
      await stage.until(() => refused.refusals().length > 0, promises.taken)
      stage.hold(refused.opens() === 0 && refused.refusals()[0] === 'id-taken', promises.taken, refused.refusals())
      stage.hold(watcher.sees(holder) && !watcher.sees(refused), promises.stays)
      await holder.close()
      const next = stage.join('taken')
      await meet(stage, [watcher, next])
      await stage.until(() => !watcher.sees(holder), promises.left)
    },
  },
  {
    name: 'tells a reloaded peer as another instance',
    play: async (stage) => {
      const watcher = stage.join('watcher')
      const before = stage.join('reloaded')
      await meet(stage, [watcher, before])
      await before.close()
      const after = stage.join('reloaded')
      await meet(stage, [watcher, after])
      await stage.until(() => !watcher.sees(before), promises.left)
      stage.hold(watcher.sees(after), promises.stays)
    },
  },
  {
    name: 'keeps the presence of two rooms apart',
    play: async (stage) => {
      const elsewhere = stage.join('peer', { room: `${stage.room} too` })
      const guests = [stage.join('watcher'), stage.join('peer')]
      await stage.until(() => elsewhere.opens() === 1, promises.open)
      await meet(stage, guests)
      const neighbour = stage.join('neighbour', { room: elsewhere.room })
      await meet(stage, [elsewhere, neighbour])
      for (const guest of guests) stage.hold(guest.seen() === 1, promises.rooms, `${guest.seen()} others in the room`)
      stage.hold(elsewhere.seen() === 1, promises.rooms, `${elsewhere.seen()} others in the room`)
    },
  },
  {
    name: 'closes twice, and sends at any time, without a throw',
    play: async (stage) => {
      const peer = stage.join('peer')
      harmless(stage, peer, 'before onOpen')
      await stage.until(() => peer.opens() === 1, promises.open)
      harmless(stage, peer, 'after onOpen')
      const closed = Promise.all([peer.close(), peer.close()]).then(() => peer.close())
      const refused = closed.then(
        () => undefined,
        (error: unknown) => error,
      )
      harmless(stage, peer, 'while it closes')
      const error = await refused
      stage.hold(error === undefined, promises.idempotent, error)
      harmless(stage, peer, 'after close()')
    },
  },
  {
    name: 'closes before it is open',
    play: async (stage) => {
      const watcher = stage.join('watcher')
      await stage.until(() => watcher.opens() === 1, promises.open)
      const hasty = stage.join('hasty')
      await hasty.close().catch((error: unknown) => stage.hold(false, promises.closing, error))
      const later = stage.join('later')
      await meet(stage, [watcher, later])
      await stage.until(
        () => watcher.seen() === 1 && later.seen() === 1,
        promises.closing,
        () => 'it is still told',
      )
    },
  },
  {
    name: 'comes back after a lost link, and tells again who is there',
    reconnects: true,
    play: async (stage, { disconnect }) => {
      const lost = stage.join('lost')
      const other = stage.join('other')
      await meet(stage, [lost, other])
      await disconnect?.(lost.self, lost.room)
      await stage.until(() => lost.closes() === 1, promises.lost)
      harmless(stage, lost, 'on a lost link')
      await stage.until(() => lost.opens() === 2, promises.back)
      await stage.until(() => lost.sees(other), promises.retold)
      await stage.until(() => other.sees(lost), promises.joined)
      lost.send('other', 'back again')
      other.send('lost', 'welcome back')
      const has = (guest: Guest, text: string): boolean => guest.messages.some((message) => message.text === text)
      await stage.until(() => has(other, 'back again') && has(lost, 'welcome back'), promises.received)
      stage.hold(lost.closes() === 1, promises.lost, `${lost.closes()} × onClose`)
    },
  },
]

/** Waits until all see all. */
const meet = async (stage: Stage, guests: readonly Guest[]): Promise<void> => {
  for (const guest of guests) {
    await stage.until(
      () => guest.opens() > 0,
      promises.open,
      () => `${guest.self.id} is not open`,
    )
    for (const other of guests) {
      if (other === guest) continue
      await stage.until(
        () => guest.sees(other),
        promises.joined,
        () => `${guest.self.id} is not told of ${other.self.id}`,
      )
    }
  }
}

const harmless = (stage: Stage, guest: Guest, when: string): void => {
  try {
    guest.send('nobody', 'into the void')
  } catch (error) {
    stage.hold(false, promises.noThrow, `${String(error)}, ${when}`)
  }
}
