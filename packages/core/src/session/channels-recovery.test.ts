import { describe, expect, it } from 'vitest'
import type { ChannelLoss } from '../channel/channel-handle.ts'
import type { ChannelOptions } from '../channel/channel-options.ts'
import { acceptAll, createStage, watch } from '../peer-stage.ts'
import type { FakeProfile } from '../testing/fake-profile.ts'

const connect = async (profile: FakeProfile, options?: ChannelOptions) => {
  const stage = createStage({ profiles: [profile] })
  const [alice, bob] = await stage.pair()
  const calls = acceptAll(bob)
  const caller = watch(alice.call('bob'))
  const chat = caller.session.openChannel('chat', options)
  await stage.clock.advance(200)
  const callee = calls[0]!
  const losses: ChannelLoss[] = []
  chat.on('lost', (loss) => losses.push(loss))
  chat.on('message', (data) => caller.messages.push(data))
  return { ...stage, caller, callee, chat, there: callee.session.openChannel('chat'), losses }
}

/** New addresses, and no signaling until both sides have given the RTCPeerConnection up. */
const replace = async (
  { fabric, network, clock, caller, callee }: Awaited<ReturnType<typeof connect>>,
  act: () => void,
) => {
  fabric.change()
  network.partition(true)
  const isReplaced = () => {
    act()
    return caller.session.getSnapshot().connection > 1
  }
  expect(await clock.runUntil(isReplaced, 60_000)).toBe(true)
  network.partition(false)
  const isBack = () => [caller, callee].every(({ status }) => status() === 'connected')
  expect(await clock.runUntil(isBack, 10_000)).toBe(true)
  await clock.advance(1000)
}

describe.each([['chromium'], ['firefox']] as const)('a channel whose connection is replaced (%s)', (profile) => {
  it('delivers everything that both sides go on saying, once and in order', async () => {
    const world = await connect(profile)
    const { chat, there, caller, callee } = world
    const said: string[] = []
    const long = 'x'.repeat(100_000)
    const act = () => {
      if (said.length >= 40) return
      said.push(`${said.length} ${long}`)
      chat.send(said.at(-1) ?? '')
      there.send(said.at(-1) ?? '')
    }
    act()
    await replace(world, act)
    act()
    await world.clock.advance(1000)
    expect(said).toHaveLength(40)
    expect(callee.messages).toEqual(said)
    expect(caller.messages).toEqual(said)
    expect([chat, there].map(({ state, lost }) => [state, lost])).toEqual([
      ['open', 0],
      ['open', 0],
    ])
    expect(await world.leftovers()).toEqual([])
  })

  it('tells both sides how many messages it could not keep', async () => {
    const world = await connect(profile, { resendWindow: 1000 })
    const theirs: ChannelLoss[] = []
    world.there.on('lost', (loss) => theirs.push(loss))
    let sent = 0
    await replace(world, () => {
      if (sent < 10) world.chat.send(`${(sent += 1)} ${'x'.repeat(300)}`)
    })
    expect(world.losses).toEqual([{ reason: 'unconfirmed', messages: expect.any(Number) as number }])
    const [{ messages }] = world.losses as [ChannelLoss]
    expect(messages).toBeGreaterThan(0)
    expect(theirs).toEqual([{ reason: 'skipped', messages }])
    expect(world.callee.messages).toHaveLength(10 - messages)
    expect(await world.leftovers()).toEqual([])
  })

  it('closes there too what was closed here meanwhile, behind the last message', async () => {
    const world = await connect(profile)
    let isClosed = false
    await replace(world, () => {
      if (isClosed) return
      isClosed = true
      world.chat.send('the last')
      world.chat.close()
    })
    expect(world.callee.messages).toEqual(['the last'])
    expect([world.chat.state, world.there.state]).toEqual(['closed', 'closed'])
    expect(await world.leftovers()).toEqual([])
  })
})
