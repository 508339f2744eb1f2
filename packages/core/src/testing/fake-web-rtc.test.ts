import { describe, expect, it } from 'vitest'
import { createFakeWebRtc, type FakeWebRtc, type FakeWebRtcOptions } from './fake-web-rtc.ts'
import type { FakeProfile } from './fake-profile.ts'
import { createVirtualClock, type VirtualClock } from './virtual-clock.ts'

interface Pair {
  readonly clock: VirtualClock
  readonly rtc: FakeWebRtc
  readonly caller: RTCPeerConnection
  readonly callee: RTCPeerConnection
  readonly near: RTCDataChannel
  /** What `callee` was told about its connection, with the time. */
  readonly states: string[]
  readonly received: unknown[]
  readonly negotiate: () => Promise<void>
}

/** Two connections whose candidates flow by themselves, whether or not anything was negotiated. */
const createPair = (options: FakeWebRtcOptions & { calleeProfile?: FakeProfile; trickle?: boolean } = {}): Pair => {
  const clock = createVirtualClock()
  const rtc = createFakeWebRtc({ clock, ...options })
  const { profile = 'chromium', calleeProfile = profile, trickle = true } = options
  const other = createFakeWebRtc({ clock, profile: calleeProfile, fabric: rtc.fabric })
  const caller = new rtc.RTCPeerConnection()
  const callee = calleeProfile === profile ? new rtc.RTCPeerConnection() : new other.RTCPeerConnection()
  const states: string[] = []
  const received: unknown[] = []
  callee.addEventListener('connectionstatechange', () => states.push(`${callee.connectionState} @${clock.now()}`))
  callee.addEventListener('datachannel', ({ channel }) => {
    channel.addEventListener('message', ({ data }: MessageEvent<unknown>) => received.push(data))
  })
  const near = caller.createDataChannel('chat')

  const send = (from: RTCPeerConnection, to: RTCPeerConnection): void => {
    from.addEventListener('icecandidate', ({ candidate }) => {
      const add = (): void => {
        if (to.remoteDescription === null) clock.setTimeout(add, 1)
        else void to.addIceCandidate(candidate)
      }
      if (trickle) add()
    })
  }
  send(caller, callee)
  send(callee, caller)

  const negotiate = async (): Promise<void> => {
    await caller.setLocalDescription()
    await callee.setRemoteDescription(caller.localDescription as RTCSessionDescriptionInit)
    await callee.setLocalDescription()
    await caller.setRemoteDescription(callee.localDescription as RTCSessionDescriptionInit)
  }
  return { clock, rtc, caller, callee, near, states, received, negotiate }
}

const connectedPair = async (options: Parameters<typeof createPair>[0] = {}): Promise<Pair> => {
  const pair = createPair(options)
  void pair.negotiate()
  await pair.clock.advance(1000)
  pair.states.length = 0
  return pair
}

describe('createFakeWebRtc', () => {
  it.each([
    ['chromium', 'chromium'],
    ['firefox', 'firefox'],
    ['chromium', 'firefox'],
    ['firefox', 'chromium'],
  ] as const)('connects %s with %s', async (profile, calleeProfile) => {
    const { clock, near, caller, callee, states, received, negotiate } = createPair({ profile, calleeProfile })
    void negotiate()
    expect(await clock.runUntil(() => near.readyState === 'open', 100)).toBe(true)
    near.send('hello')
    near.send(new Uint8Array([1, 2]).subarray(1))
    expect(received).toEqual([])
    await clock.advance(10)
    expect(received).toEqual(['hello', new Uint8Array([2]).buffer])
    expect(near.bufferedAmount).toBe(0)
    expect(states.map((state) => state.split(' ')[0])).toEqual(['connecting', 'connected'])
    caller.close()
    callee.close()
    await clock.advance(100)
    expect(clock.pending).toBe(0)
  })

  it('does not connect without a single candidate, and then fails nothing', async () => {
    const { clock, caller, callee, negotiate } = createPair({ trickle: false })
    void negotiate()
    await clock.advance(60_000)
    expect([caller.connectionState, callee.connectionState]).toEqual(['new', 'new'])
  })

  it('connects with the candidates inside descriptions that were gathered completely', async () => {
    const { clock, caller, callee, near } = createPair({ trickle: false })
    void caller.setLocalDescription()
    await clock.runUntil(() => caller.iceGatheringState === 'complete', 100)
    expect(caller.localDescription?.sdp).toMatch(/a=candidate:.*\r\n.*\r\na=end-of-candidates/)
    void (async () => {
      await callee.setRemoteDescription(caller.localDescription as RTCSessionDescriptionInit)
      await callee.setLocalDescription()
      await caller.setRemoteDescription(callee.localDescription as RTCSessionDescriptionInit)
    })()
    expect(await clock.runUntil(() => near.readyState === 'open', 100)).toBe(true)
  })

  it('fails after 15 seconds of checking when the other side never answers', async () => {
    const { clock, rtc, caller, callee, states, negotiate } = createPair()
    void negotiate()
    await clock.runUntil(() => callee.signalingState === 'stable' && callee.iceConnectionState === 'checking', 100)
    caller.close()
    await clock.advance(16_000)
    expect(states.map((state) => state.split(' ')[0])).toEqual(['connecting', 'failed'])
    callee.close()
    expect(rtc.open).toBe(0)
  })

  it('counts how many connections are open', () => {
    const { rtc, caller, callee } = createPair()
    expect([rtc.open, rtc.connections.length]).toEqual([2, 2])
    caller.close()
    caller.close()
    expect([rtc.open, rtc.connections.length]).toEqual([1, 2])
    callee.close()
    expect(rtc.open).toBe(0)
  })

  it('does the same for the same seed', async () => {
    const run = async (): Promise<string> => {
      const { caller, callee } = await connectedPair()
      return `${caller.localDescription?.sdp ?? ''}${callee.localDescription?.sdp ?? ''}`
    }
    expect(await run()).toBe(await run())
  })

  it.each([
    ['chromium', 5000],
    ['firefox', 8600],
  ] as const)('lets %s notice a closed connection late, but its channels at once', async (profile, ms) => {
    const { clock, caller, callee, near, states } = await connectedPair({ profile })
    const start = clock.now()
    let closedAt = 0
    near.addEventListener('close', () => (closedAt = clock.now()))
    callee.close()
    await clock.advance(ms)
    expect(closedAt - start).toBeLessThanOrEqual(5)
    expect(caller.connectionState).toBe('disconnected')
    await clock.advance(9999)
    expect(caller.connectionState).toBe('disconnected')
    await clock.advance(1)
    expect(caller.connectionState).toBe('failed')
    expect(states).toEqual([])
  })

  it('brings what was sent just before a close', async () => {
    const { clock, caller, near, received } = await connectedPair()
    near.send('last words')
    caller.close()
    await clock.advance(10)
    expect(received).toEqual(['last words'])
  })

  it('holds data up while the link is broken, and brings it when it heals', async () => {
    const { clock, rtc, near, states, received } = await connectedPair()
    rtc.breakLink()
    near.send('waits')
    await clock.advance(4999)
    expect(states).toEqual([])
    await clock.advance(1)
    expect(states).toEqual(['disconnected @6000'])
    expect([received, near.bufferedAmount]).toEqual([[], 5])
    rtc.healLink()
    await clock.advance(100)
    expect(received).toEqual(['waits'])
    expect(states.at(-1)).toMatch(/^connected/)
  })

  it('forgets a short break', async () => {
    const { clock, rtc, states } = await connectedPair()
    rtc.breakLink()
    await clock.advance(3000)
    rtc.healLink()
    await clock.advance(30_000)
    expect(states).toEqual([])
  })

  it('needs an ICE restart after it failed, also when the link is back', async () => {
    const { clock, rtc, caller, states, near, received, negotiate } = await connectedPair()
    rtc.breakLink()
    await clock.advance(20_000)
    rtc.healLink()
    await clock.advance(20_000)
    expect(states).toEqual(['disconnected @6000', 'failed @16000'])
    caller.restartIce()
    void negotiate()
    expect(await clock.runUntil(() => caller.connectionState === 'connected', 100)).toBe(true)
    near.send('the same channel')
    await clock.advance(10)
    expect(received).toEqual(['the same channel'])
  })

  it('needs an ICE restart after the network changed', async () => {
    const { clock, rtc, caller, states, negotiate } = await connectedPair()
    rtc.changeNetwork()
    await clock.advance(7000)
    rtc.healLink()
    await clock.advance(1000)
    expect(states).toEqual(['disconnected @6000'])
    caller.restartIce()
    void negotiate()
    await clock.advance(100)
    expect(states.slice(1).map((state) => state.split(' ')[0])).toEqual(['connecting', 'connected'])
  })

  it('breaks the paths of single connections', async () => {
    const { clock, rtc, caller, callee } = await connectedPair()
    rtc.breakLink(caller)
    await clock.advance(6000)
    expect(callee.connectionState).toBe('disconnected')
    const [first, second] = [new rtc.RTCPeerConnection(), new rtc.RTCPeerConnection()]
    const channel = first.createDataChannel('new')
    first.onicecandidate = ({ candidate }) => void (second.remoteDescription && second.addIceCandidate(candidate))
    void (async () => {
      await first.setLocalDescription()
      await second.setRemoteDescription(first.localDescription as RTCSessionDescriptionInit)
      await second.setLocalDescription()
      await first.setRemoteDescription(second.localDescription as RTCSessionDescriptionInit)
    })()
    expect(await clock.runUntil(() => channel.readyState === 'open', 1000)).toBe(true)
    expect(caller.connectionState).not.toBe('connected')
  })

  it('asks the link option', async () => {
    let isUp = false
    const { clock, caller, states, negotiate } = createPair({ link: () => isUp })
    void negotiate()
    await clock.advance(5000)
    expect(caller.connectionState).toBe('connecting')
    isUp = true
    await clock.advance(1000)
    expect(caller.connectionState).toBe('connected')
    isUp = false
    await clock.advance(6000)
    expect(states.at(-1)).toMatch(/^disconnected/)
  })

  it('loses candidates of unknown generations in chromium and counts them', async () => {
    const { clock, rtc, callee } = await connectedPair()
    const before = { ...rtc.counters }
    const candidate = 'candidate:1 1 udp 1 192.0.2.9 9 typ host ufrag ZZZZ'
    void callee.addIceCandidate({ candidate, sdpMid: '0' })
    await clock.advance(10)
    expect(rtc.counters.candidatesLost).toBe(before.candidatesLost + 1)
    expect(rtc.counters.candidatesApplied).toBe(before.candidatesApplied)
  })

  it('does not connect by the candidates of another generation', async () => {
    const { clock, rtc, caller, callee, negotiate } = createPair({ trickle: false })
    void negotiate()
    await clock.advance(100)
    const candidate = { candidate: 'candidate:1 1 udp 1 192.0.2.9 9 typ host', sdpMid: '0' }
    void callee.addIceCandidate({ ...candidate, usernameFragment: 'ZZZZ' })
    await clock.advance(1000)
    expect([caller.connectionState, rtc.counters.candidatesLost]).toEqual(['new', 1])
    void callee.addIceCandidate(candidate)
    await clock.advance(1000)
    expect(caller.connectionState).toBe('connected')
  })

  it('brings tracks with their streams to the other side, and takes them away again', async () => {
    const { clock, caller, callee, negotiate } = createPair()
    const track = { kind: 'audio', id: 'microphone' } as MediaStreamTrack
    const stream = { id: 'stage' } as MediaStream
    const came: RTCTrackEvent[] = []
    callee.addEventListener('track', (event) => came.push(event))
    const sender = caller.addTrack(track, stream)
    void negotiate()
    await clock.advance(100)
    expect(came.map((event) => [event.track.kind, event.track.muted, event.streams[0]?.id])).toEqual([
      ['audio', false, 'stage'],
    ])
    expect(came[0]?.streams[0]?.getTracks()).toEqual([came[0]?.track])
    expect([caller.getSenders().length, callee.getReceivers().length]).toEqual([1, 1])

    let needed = 0
    caller.addEventListener('negotiationneeded', () => (needed += 1))
    caller.removeTrack(sender)
    await clock.advance(10)
    expect(needed).toBe(1)
    void negotiate()
    await clock.advance(100)
    expect([came.length, came[0]?.track.muted]).toEqual([1, true])
    expect(caller.getTransceivers()[0]?.currentDirection).toBe('inactive')
  })

  it('lets the remote offer use the transceiver of addTrack, but not of addTransceiver', async () => {
    const { clock, caller, callee, negotiate } = createPair()
    callee.addTransceiver('audio')
    const sender = callee.addTrack({ kind: 'audio', id: 'b' } as MediaStreamTrack)
    expect(callee.getTransceivers().length).toBe(1)
    callee.addTrack({ kind: 'video', id: 'v' } as MediaStreamTrack)
    caller.addTransceiver('video')
    void negotiate()
    await clock.advance(100)
    expect(callee.getTransceivers().map(({ mid }) => mid)).toEqual([null, '0'])
    expect(caller.getTransceivers()[0]?.currentDirection).toBe('sendrecv')
    expect(sender.track?.id).toBe('b')
  })

  it('closes a channel on both sides when one side closes it', async () => {
    const { clock, callee, near, negotiate } = createPair()
    const closed: string[] = []
    callee.addEventListener('datachannel', ({ channel }) => {
      channel.onclose = () => closed.push('far')
    })
    near.onclose = () => closed.push('near')
    void negotiate()
    await clock.advance(100)
    near.close()
    expect(near.readyState).toBe('closing')
    await clock.advance(10)
    expect(closed).toEqual(['far', 'near'])
  })

  it('needs one negotiation after the other in chromium once a rollback lost the data section (crbug.com/1032987)', async () => {
    const { clock, caller, callee, near } = createPair()
    callee.addTransceiver('audio')
    let needed = 0
    caller.addEventListener('negotiationneeded', () => (needed += 1))
    const answerAndOffer = async (): Promise<void> => {
      await caller.setLocalDescription()
      await callee.setLocalDescription()
      await caller.setRemoteDescription(callee.localDescription as RTCSessionDescriptionInit)
      await caller.setLocalDescription()
      await callee.setRemoteDescription(caller.localDescription as RTCSessionDescriptionInit)
    }
    void answerAndOffer()
    await clock.advance(1000)
    expect([caller.connectionState, near.readyState, needed]).toEqual(['connected', 'connecting', 1])
    void (async () => {
      await caller.setLocalDescription()
      await callee.setRemoteDescription(caller.localDescription as RTCSessionDescriptionInit)
      await callee.setLocalDescription()
      await caller.setRemoteDescription(callee.localDescription as RTCSessionDescriptionInit)
    })()
    await clock.advance(1000)
    expect([near.readyState, needed]).toEqual(['connecting', 2])
  })
})
