import { describe, expect, it } from 'vitest'
import type { FakeProfile } from '../testing/fake-profile.ts'
import type { Interception, SentMessage } from '../testing/memory-network.ts'
import { chat, connect, makeTrack } from './scenarios.ts'
import { run, type World } from './world.ts'

/** What befalls one message while all others go through. */
const mishaps: readonly (readonly [name: string, interception: Interception])[] = [
  ['lost', 'drop'],
  ['doubled', 'double'],
  ['swapped with the next', 'swap'],
  ['late by 5 s', 5_000],
]
const profiles: readonly FakeProfile[] = ['chromium', 'firefox']
const pairs = profiles.flatMap((caller) =>
  profiles.flatMap((callee) => [
    { caller, callee, carrier: 'control channel', withoutControl: false },
    { caller, callee, carrier: 'network alone', withoutControl: true },
  ]),
)

/** A call with everything in it. */
const fullCall = async (world: World): Promise<void> => {
  const { caller, callee } = await connect(world)
  await chat(world, caller, callee)
  for (const side of [callee, caller]) {
    const [other] = [caller, callee].filter((one) => one !== side)
    await world.clock.advance(500)
    side.session.addTrack(makeTrack(side.participant, 0))
    await world.until(() => other?.tracks.length === 1, `the track of ${side.participant.name} arrives`, 20_000)
  }
  world.causes.add('hangup')
  callee.session.hangup('bye')
  await world.until(() => caller.ends.length > 0 && callee.ends.length > 0, 'both sides know of the end', 20_000)
}

/** What is the same whatever happens to a message. */
const resultOf = (world: World) =>
  world.records.map(({ participant, calls, ends, messages, tracks }) => ({
    name: participant.name,
    calls,
    ends,
    messages,
    tracks: tracks.length,
  }))

describe.each(pairs)(
  'a full call from $caller to $callee over the $carrier',
  ({ caller, callee, carrier, withoutControl }) => {
    const titles = `from ${caller} to ${callee} over the ${carrier} .*`
    const play = (mishap: string, decide: (message: SentMessage) => Interception, end: (world: World) => number) => {
      let sent = 0
      let took = 0
      const replay = `npx vitest run --project unit simulation/exhaustive -t '${titles}${mishap}'`
      return run({ seed: 1, profiles: [caller, callee], withoutControl, replay }, async (world) => {
        world.network.intercept(decide)
        await fullCall(world)
        sent = end(world)
        took = world.clock.now()
      }).then((world) => ({ result: resultOf(world), sent, took }))
    }

    it.each(mishaps)('comes to the same result with any one message %s', { timeout: 120_000 }, async (name, mishap) => {
      const plain = await play(
        name,
        () => undefined,
        ({ network }) => network.sent.length,
      )
      expect(plain.sent).toBeGreaterThan(withoutControl ? 16 : 6)
      for (let index = 0; index < plain.sent; index += 1) {
        const one = await play(
          name,
          (message) => (message.index === index ? mishap : undefined),
          () => 0,
        )
        expect(one.result, `message ${index} ${name}`).toEqual(plain.result)
        // One message costs the first resend, at most; a late one may have been needed after all.
        expect(one.took - plain.took, `ms that message ${index} ${name} costs`).toBeLessThan(5_500)
      }
    })
  },
)
