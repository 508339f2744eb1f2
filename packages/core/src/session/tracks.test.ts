import { describe, expect, it, vi } from 'vitest'
import { acceptAll, createStage, watch, type Watched } from '../peer-stage.ts'
import { createFakeWebRtc } from '../testing/fake-web-rtc.ts'
import { FakeMediaStream, FakeMediaStreamTrack } from '../testing/fake-media.ts'
import { createTracks } from './tracks.ts'

const trackOf = (kind: 'audio' | 'video', id = kind as string) =>
  new FakeMediaStreamTrack(kind, id) as unknown as MediaStreamTrack
const streamOf = (id: string) => new FakeMediaStream(id) as unknown as MediaStream

/** What the other side tells of tracks, and which signals went by. */
const listenTo = ({ session }: Watched) => {
  const heard: string[] = []
  const signals: string[] = []
  const names = new Map<MediaStreamTrack, string>()
  session.on('track', ({ track, streams, muted }) => {
    const name = `${track.kind} ${streams.map(({ id }) => id).join('+')}`
    names.set(track, name)
    heard.push(`${muted ? 'muted ' : ''}${name}`)
  })
  session.on('track-removed', ({ track }) => heard.push(`no ${names.get(track)}`))
  session.on('mute', ({ track, muted }) => heard.push(`${names.get(track)} is ${muted ? 'muted' : 'loud'}`))
  session.on('signal', ({ direction, type }) => {
    if (direction === 'sent') signals.push(type)
  })
  return { heard, signals }
}

interface Acts {
  /** Before the first offer. */
  readonly caller?: (caller: Watched) => unknown
  /** Before the call is accepted. */
  readonly callee?: (callee: Watched) => unknown
}

/** Two sides of a call. */
const connect = async ({ caller: first, callee: second }: Acts = {}) => {
  const stage = createStage({ profiles: ['chromium', 'firefox'] })
  const [alice, bob] = await stage.pair()
  const calls: Watched[] = []
  bob.on('call', (session) => calls.push(watch(session)))
  const caller = watch(alice.call('bob'))
  const atCaller = listenTo(caller)
  first?.(caller)
  await stage.clock.runUntil(() => calls.length > 0, 1_000)
  const callee = calls[0] as Watched
  const atCallee = listenTo(callee)
  second?.(callee)
  callee.session.accept()
  await stage.clock.runUntil(() => [caller, callee].every(({ status }) => status() === 'connected'), 5_000)
  await stage.clock.advance(500)
  return { ...stage, caller, callee, atCaller, atCallee }
}

const transceiversOf = ({ session }: Watched) => session.peerConnection?.getTransceivers() ?? []

describe('tracks that come and go', () => {
  it('keep their streams, and are told of when they go and come again', async () => {
    const track = trackOf('video')
    const { caller, atCallee, clock, leftovers } = await connect()
    caller.session.addTrack(track, streamOf('camera'), streamOf('all'))
    await clock.advance(500)
    caller.session.removeTrack(track)
    await clock.advance(500)
    caller.session.addTrack(track, streamOf('camera'))
    await clock.advance(500)
    expect(atCallee.heard).toEqual(['video camera+all', 'no video camera+all', 'video camera'])
    expect(await leftovers()).toEqual([])
  })

  it('are told of again when the direction of their transceiver alone changes', async () => {
    const { caller, atCallee, clock, leftovers } = await connect()
    const transceiver = caller.session.addTransceiver(trackOf('video'), { streams: [streamOf('camera')] })
    await clock.advance(500)
    transceiver.setDirection('inactive')
    await clock.advance(500)
    transceiver.setDirection('sendonly')
    await clock.advance(500)
    expect(atCallee.heard).toEqual(['video camera', 'no video camera', 'video camera'])
    transceiver.stop()
    await clock.advance(500)
    expect(atCallee.heard.slice(3)).toEqual(['no video camera'])
    expect(await leftovers()).toEqual([])
  })

  it('are gone with their connection', async () => {
    const { caller, callee, atCallee, clock, leftovers } = await connect({
      caller: ({ session }) => session.addTrack(trackOf('audio'), streamOf('voice')),
    })
    await clock.advance(500)
    caller.session.hangup()
    await clock.advance(500)
    expect(callee.status()).toBe('ended')
    expect(atCallee.heard).toEqual(['audio voice', 'no audio voice'])
    expect(await leftovers()).toEqual([])
  })

  it('are replaced without a negotiation, by nothing too', async () => {
    const [front, back] = [trackOf('video', 'front'), trackOf('video', 'back')]
    const { caller, atCaller, clock, leftovers } = await connect({ caller: ({ session }) => session.addTrack(front) })
    await clock.advance(500)
    const before = [...atCaller.signals]
    const sent = () => transceiversOf(caller)[0]?.sender.track
    caller.session.replaceTrack(front, back)
    expect(sent()).toBe(back)
    caller.session.replaceTrack(back, null)
    expect(sent()).toBeNull()
    caller.session.replaceTrack(back, front)
    expect(sent()).toBe(front)
    await clock.advance(500)
    expect(atCaller.signals).toEqual(before)
    expect(await leftovers()).toEqual([])
  })
})

describe('a track', () => {
  const isSent = (from: Watched, track: MediaStreamTrack) =>
    transceiversOf(from)
      .filter(({ sender }) => sender.track === track)
      .at(-1)
      ?.currentDirection?.startsWith('send')

  it('is sent although the other side only sends', async () => {
    const [camera, screen] = [trackOf('video', 'camera'), trackOf('video', 'screen')]
    const { caller, callee, clock, leftovers } = await connect({
      caller: ({ session }) => session.addTransceiver(screen, { direction: 'sendonly' }),
    })
    callee.session.addTrack(camera)
    await clock.advance(500)
    expect([isSent(caller, screen), isSent(callee, camera)]).toEqual([true, true])
    expect(await leftovers()).toEqual([])
  })

  it('can be added again when the other side has stopped what carried it, which is a warning', async () => {
    const [camera, screen] = [trackOf('video', 'camera'), trackOf('video', 'screen')]
    const { caller, callee, clock, leftovers } = await connect()
    const transceiver = caller.session.addTransceiver(screen)
    await clock.advance(500)
    const warnings: unknown[] = []
    callee.session.on('warning', (warning) => warnings.push(warning))
    callee.session.addTrack(camera)
    await clock.advance(500)
    expect(isSent(callee, camera)).toBe(true)
    transceiver.stop()
    await clock.advance(500)
    expect(warnings).toMatchObject([{ code: 'media-failed', message: expect.stringContaining('video') }])
    callee.session.addTrack(camera)
    await clock.advance(500)
    expect([isSent(callee, camera), warnings.length]).toEqual([true, 1])
    expect(await leftovers()).toEqual([])
  })

  it('is gone at the other side when it is removed while it is paused', async () => {
    const track = trackOf('video')
    const { caller, atCallee, clock, leftovers } = await connect({ caller: ({ session }) => session.addTrack(track) })
    caller.session.replaceTrack(track, null)
    caller.session.removeTrack(track)
    await clock.advance(500)
    expect(atCallee.heard).toEqual(['video ', 'no video '])
    expect(await leftovers()).toEqual([])
  })

  it('leaves a transceiver to the track that this is to send later', async () => {
    const [voice, music] = [trackOf('audio', 'voice'), trackOf('audio', 'music')]
    const { caller, clock, leftovers } = await connect()
    const later = caller.session.addTransceiver('audio')
    caller.session.addTrack(voice)
    later.replaceTrack(music)
    await clock.advance(500)
    expect([isSent(caller, voice), isSent(caller, music)]).toEqual([true, true])
    expect(await leftovers()).toEqual([])
  })

  it('is sent on the next connection too when the other side has a section on which it only sends', async () => {
    const [camera, screen] = [trackOf('video', 'camera'), trackOf('video', 'screen')]
    const stage = await connect({ caller: ({ session }) => session.addTrack(camera) })
    const { caller, callee, clock } = stage
    callee.session.addTransceiver(screen, { direction: 'sendonly' })
    await clock.advance(500)
    expect([isSent(caller, camera), isSent(callee, screen)]).toEqual([true, true])
    stage.breakLink(...[caller, callee].flatMap(({ session }) => session.peerConnection ?? []))
    const isReplaced = () => caller.session.getSnapshot().connection === 2 && caller.status() === 'connected'
    expect(await clock.runUntil(isReplaced, 60_000)).toBe(true)
    await clock.advance(1_000)
    expect([isSent(caller, camera), isSent(callee, screen)]).toEqual([true, true])
    expect(await stage.leftovers()).toEqual([])
  })
})

describe('muting', () => {
  it('is told to the other side, and nothing is when nothing was ever muted', async () => {
    const track = trackOf('audio')
    const { caller, atCaller, atCallee, clock, leftovers } = await connect()
    caller.session.addTrack(track, streamOf('voice'))
    await clock.advance(500)
    expect(atCaller.signals).not.toContain('muted')
    caller.session.setMuted(track, true)
    caller.session.setMuted(track, true)
    expect(track.enabled).toBe(false)
    await clock.advance(500)
    caller.session.setMuted(track, false)
    expect(track.enabled).toBe(true)
    await clock.advance(500)
    expect(atCallee.heard).toEqual(['audio voice', 'audio voice is muted', 'audio voice is loud'])
    expect(atCaller.signals.filter((type) => type === 'muted')).toHaveLength(2)
    expect(await leftovers()).toEqual([])
  })

  it('is known with the track when it was muted before it could be told', async () => {
    const addMuted = ({ session }: Watched) => {
      const track = trackOf('audio')
      session.addTrack(track, streamOf(session.getSnapshot().role))
      session.setMuted(track, true)
    }
    const both = await connect({ caller: addMuted, callee: addMuted })
    // The caller's track can come before the word of it.
    expect(both.atCaller.heard.join()).toMatch(/^muted audio callee$|^audio callee,audio callee is muted$/)
    expect(both.atCallee.heard.join()).toMatch(/^muted audio caller$|^audio caller,audio caller is muted$/)
    expect(await both.leftovers()).toEqual([])
  })

  it('stays with what takes the place of a muted track', async () => {
    const [inner, outer] = [trackOf('audio', 'inner'), trackOf('audio', 'outer')]
    const { caller, atCallee, clock, leftovers } = await connect({ caller: ({ session }) => session.addTrack(inner) })
    await clock.advance(500)
    caller.session.setMuted(inner, true)
    caller.session.replaceTrack(inner, outer)
    expect(outer.enabled).toBe(false)
    caller.session.setMuted(outer, false)
    await clock.advance(500)
    expect(atCallee.heard).toEqual(['audio ', 'audio  is muted', 'audio  is loud'])
    caller.session.setMuted(outer, true)
    caller.session.removeTrack(outer)
    await clock.advance(500)
    expect(atCallee.heard.slice(3)).toEqual(['audio  is muted', 'no audio '])
    expect(await leftovers()).toEqual([])
  })
})

describe('a transceiver of the callee', () => {
  it.each([
    ['takes a free section of the offer', {}, 1],
    ['makes a section of its own for encodings', { sendEncodings: [{ rid: 'h' }, { rid: 'l' }] }, 2],
  ] as [string, RTCRtpTransceiverInit, number][])('%s', async (_, init, sections) => {
    const track = trackOf('video')
    const { caller, callee, atCaller, atCallee, leftovers } = await connect({
      caller: ({ session }) => session.addTransceiver('video', { direction: 'recvonly' }),
      callee: ({ session }) =>
        session.addTransceiver(track, { direction: 'sendonly', streams: [streamOf('camera')], ...init }),
    })
    expect(atCaller.heard).toEqual(['video camera'])
    expect(transceiversOf(caller)).toHaveLength(sections)
    expect(transceiversOf(callee).filter(({ sender }) => sender.track === track)).toHaveLength(1)
    const offers = [...atCaller.signals, ...atCallee.signals].filter((type) => type === 'offer')
    expect(offers).toHaveLength(sections)
    expect(await leftovers()).toEqual([])
  })

  it('leaves a section to the track that was added', async () => {
    const { callee, leftovers } = await connect({
      caller: ({ session }) => session.addTransceiver('video'),
      callee: ({ session }) => {
        session.addTransceiver('video', { direction: 'recvonly' })
        session.addTrack(trackOf('video'))
      },
    })
    expect(transceiversOf(callee).map(({ sender, direction }) => [sender.track?.id, direction])).toEqual([
      ['video', 'sendrecv'],
      [undefined, 'recvonly'],
    ])
    expect(await leftovers()).toEqual([])
  })
})

describe('another RTCPeerConnection', () => {
  const open = () => {
    const { RTCPeerConnection } = createFakeWebRtc()
    const warn = vi.fn()
    const told = vi.fn()
    return { RTCPeerConnection, warn, told, tracks: createTracks(told, warn) }
  }

  it('gets all that is in the session, as it is now', () => {
    const { RTCPeerConnection, tracks } = open()
    const [first, paused, removed] = [trackOf('audio'), trackOf('video', 'paused'), trackOf('video', 'removed')]
    tracks.open(new RTCPeerConnection(), false)
    for (const track of [first, paused, removed]) tracks.add(track)
    tracks.replace(paused, null)
    tracks.remove(removed)
    const place = tracks.addTransceiver('audio', { direction: 'recvonly' })
    place.setDirection('sendrecv')
    const gone = tracks.addTransceiver('audio')
    gone.stop()
    tracks.close()
    expect(place.current).toBeUndefined()

    const next = new RTCPeerConnection()
    tracks.open(next, false)
    expect(next.getTransceivers().map(({ sender, direction }) => [sender.track, direction])).toEqual([
      [first, 'sendrecv'],
      [null, 'sendrecv'],
      [null, 'sendrecv'],
    ])
    expect(place.current).toBe(next.getTransceivers()[2])
    tracks.replace(paused, removed)
    expect(next.getTransceivers()[1]?.sender.track).toBe(removed)
    next.close()
  })

  it('keeps the place of what is paused, and gives another to what was added behind it', () => {
    const { RTCPeerConnection, tracks } = open()
    const [paused, other] = [trackOf('video', 'paused'), trackOf('video', 'other')]
    tracks.open(new RTCPeerConnection(), false)
    for (const track of [paused, other]) tracks.add(track)
    tracks.replace(paused, null)
    tracks.close()
    const next = new RTCPeerConnection()
    tracks.open(next, false)
    expect(next.getTransceivers().map(({ sender }) => sender.track)).toEqual([null, other])
    tracks.replace(paused, paused)
    expect(next.getTransceivers().map(({ sender }) => sender.track)).toEqual([paused, other])
    next.close()
  })

  it('lets the other side know that nothing is muted any more', async () => {
    const { RTCPeerConnection, tracks, told } = open()
    const voice = trackOf('audio', 'voice')
    tracks.add(voice)
    const negotiate = async () => {
      const pc = new RTCPeerConnection()
      tracks.open(pc, false)
      await pc.setLocalDescription()
      return pc
    }
    const pc = await negotiate()
    tracks.setMuted(voice, true)
    tracks.close()
    tracks.setMuted(voice, false)
    const next = await negotiate()
    told.mockClear()
    tracks.setMuted(voice, false)
    expect(told).toHaveBeenCalledExactlyOnceWith([])
    for (const each of [pc, next]) each.close()
  })

  it('goes on without what it refuses, and says so', () => {
    const { RTCPeerConnection, tracks, warn } = open()
    tracks.addTransceiver('video')
    const pc = new RTCPeerConnection()
    const refuse = vi.spyOn(pc, 'addTransceiver').mockImplementation(() => {
      throw new TypeError('No such encoding.')
    })
    tracks.open(pc, false)
    expect(refuse).toHaveBeenCalledOnce()
    expect(warn).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ code: 'media-failed', message: expect.stringContaining('No such encoding.') }),
    )
    expect(() => tracks.addTransceiver('video')).toThrow(/The browser refuses this video: .*No such encoding/)
    tracks.close()
    refuse.mockRestore()
    tracks.open(pc, false)
    expect(pc.getTransceivers()).toEqual([])
    pc.close()
  })
})

describe('mistakes', () => {
  const track = trackOf('audio', 'mine')
  const ended = trackOf('audio', 'over')
  ended.stop()
  const mistakes: [string, (tracks: ReturnType<typeof createTracks>) => unknown, RegExp][] = [
    ['a track that has ended', (tracks) => tracks.add(ended), /"over" has ended/],
    ['a track that is there', (tracks) => tracks.add(track), /"mine" is added already/],
    ['the removal of an unknown one', (tracks) => tracks.remove(trackOf('audio')), /no such track/],
    ['the muting of an unknown one', (tracks) => tracks.setMuted(trackOf('audio'), true), /no such track/],
    ['the replacement of an unknown one', (tracks) => tracks.replace(ended, null), /no such track/],
    ['a replacement that has ended', (tracks) => tracks.replace(track, ended), /"over" has ended/],
    ['another kind as replacement', (tracks) => tracks.replace(track, trackOf('video')), /video cannot take .* audio/],
    ['a kind that is none', (tracks) => tracks.addTransceiver('text'), /"text" is no kind/],
    ['the removal of a transceiver', (tracks) => (tracks.addTransceiver(ended2), tracks.remove(ended2)), /stop that/],
  ]
  const ended2 = trackOf('audio', 'of a transceiver')

  it.each(mistakes)('throw at once: %s', (_, act, message) => {
    const tracks = createTracks(
      () => {},
      () => {},
    )
    tracks.add(track)
    expect(() => act(tracks)).toThrow(message)
    expect(() => act(tracks)).toThrow(expect.objectContaining({ code: 'invalid-option' }))
  })
})

describe('both call at once', () => {
  it('carries tracks, transceivers and what is muted over to the connection that stands', async () => {
    const stage = createStage()
    const [alice, bob] = await stage.pair()
    acceptAll(alice)
    const both = [watch(alice.call('bob')), watch(bob.call('alice'))] as const
    const { heard } = listenTo(both[0])
    const [voice, camera] = [trackOf('audio'), trackOf('video')]
    both[0].session.addTransceiver('video', { direction: 'recvonly' })
    both[1].session.addTrack(voice, streamOf('voice'))
    both[1].session.addTransceiver(camera, { streams: [streamOf('camera')], direction: 'sendonly' })
    both[1].session.setMuted(voice, true)
    await stage.clock.runUntil(() => both.every(({ status }) => status() === 'connected'), 5_000)
    await stage.clock.advance(1_000)
    expect(both[1].session.getSnapshot().role).toBe('callee')
    expect(heard.filter((line) => !line.startsWith('no ')).sort()).toEqual([
      'audio voice',
      'audio voice is muted',
      'video camera',
    ])
    expect(
      transceiversOf(both[0])
        .map(({ receiver }) => receiver.track.kind)
        .sort(),
    ).toEqual(['audio', 'video'])
    expect(await stage.leftovers()).toEqual([])
  })
})

describe('a connection that is lost for good', () => {
  it('is replaced by one with the same tracks, streams and mutes, on both sides', async () => {
    const [voice, camera] = [trackOf('audio'), trackOf('video')]
    const stage = await connect({
      caller: ({ session }) => session.addTrack(voice, streamOf('voice')),
      callee: ({ session }) => session.addTransceiver(camera, { streams: [streamOf('camera')] }),
    })
    const { caller, callee, atCaller, atCallee, clock } = stage
    caller.session.setMuted(voice, true)
    await clock.advance(500)
    for (const { heard } of [atCaller, atCallee]) heard.length = 0
    stage.breakLink(...[caller, callee].flatMap(({ session }) => session.peerConnection ?? []))
    const isReplaced = () => caller.session.getSnapshot().connection === 2 && caller.status() === 'connected'
    expect(await clock.runUntil(isReplaced, 60_000)).toBe(true)
    await clock.advance(1_000)
    expect(atCaller.heard).toEqual(['no video camera', 'video camera'])
    expect(atCallee.heard.join()).toMatch(/^no audio voice,(muted audio voice|audio voice,audio voice is muted)$/)
    expect(await stage.leftovers()).toEqual([])
  })
})
