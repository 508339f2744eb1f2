import { createPeer, type Session, type SessionTrack } from '@parley-rtc/core'
import { adviseOn } from '@parley-rtc/core/advice'
import { broadcastChannelTransport } from '@parley-rtc/transport-broadcastchannel'
import { cuttable } from './cuttable.ts'
import { until } from './until.ts'

let rollbacks = 0
for (const name of ['setLocalDescription', 'setRemoteDescription'] as const) {
  const original = RTCPeerConnection.prototype[name]
  const counting = function (this: RTCPeerConnection, description: RTCSessionDescriptionInit) {
    if (description.type === 'rollback') rollbacks += 1
    return Reflect.apply(original, this, [description]) as Promise<void>
  }
  Object.assign(RTCPeerConnection.prototype, { [name]: counting })
}

/** A picture that changes, and a tone, without a camera and a microphone. */
const videoTrack = (): MediaStreamTrack => {
  const canvas = Object.assign(document.createElement('canvas'), { width: 32, height: 32 })
  const context = canvas.getContext('2d')
  setInterval(() => context?.fillRect(Math.random() * 32, Math.random() * 32, 4, 4), 100)
  return trackOf(canvas.captureStream(10))
}
let sound: AudioContext | undefined
const audioTrack = (): MediaStreamTrack => {
  sound ??= new AudioContext()
  return trackOf(sound.createMediaStreamDestination().stream)
}
const trackOf = (stream: MediaStream): MediaStreamTrack => {
  const [track] = stream.getTracks()
  if (!track) throw new Error('The stream has no track.')
  return track
}

/** One side of a call, with what it was told of media and how many offers it made. */
const follow = (session: Session) => {
  const tracks: SessionTrack[] = []
  const told: string[] = []
  const warnings: string[] = []
  const counts = { offers: 0, muted: 0 }
  session.on('track', (track) => {
    tracks.push(track)
    told.push(`${track.muted ? 'muted ' : ''}${track.track.kind}`)
  })
  session.on('track-removed', ({ track }) => told.push(`no ${track.kind}`))
  session.on('mute', ({ track, muted }) => told.push(`${track.kind} ${muted ? 'muted' : 'loud'}`))
  session.on('warning', ({ message }) => warnings.push(message))
  session.on('signal', ({ direction, type }) => {
    if (direction !== 'sent') return
    if (type === 'offer') counts.offers += 1
    if (type === 'muted') counts.muted += 1
  })
  return { session, tracks, told, warnings, counts }
}
type Side = ReturnType<typeof follow>

interface Acts {
  /** Before the first offer. */
  readonly caller?: (side: Side) => unknown
  /** Before the call is accepted. */
  readonly callee?: (side: Side) => unknown
}

const join = async () => {
  const { transport, cut } = cuttable(broadcastChannelTransport())
  const room = crypto.randomUUID()
  const [ann, bob] = [createPeer({ id: 'ann', room, transport }), createPeer({ id: 'bob', room, transport })]
  await Promise.all([ann.ready, bob.ready])
  return { ann, bob, cut, close: () => Promise.all([ann.close(), bob.close()]) }
}

const connect = async ({ caller: first, callee: second }: Acts = {}) => {
  const { ann, bob, ...rest } = await join()
  const ringing = new Promise<Side>((resolve) => bob.on('call', (session) => resolve(follow(session))))
  const caller = follow(ann.call('bob'))
  first?.(caller)
  const callee = await ringing
  second?.(callee)
  callee.session.accept()
  await until(() => areSettled(caller, callee))
  return { caller, callee, ...rest }
}

/** Connected, and nothing is being negotiated. */
const areSettled = (...sides: readonly Side[]): boolean => {
  const states = sides.map(({ session }) => session.getSnapshot())
  return (
    states.every(({ status }) => status === 'connected') &&
    states
      .map(({ negotiation }) => negotiation)
      .sort()
      .join() === 'stable.holdingFloor,stable.listening'
  )
}

const transceiversOf = ({ session }: Side): RTCRtpTransceiver[] => session.peerConnection?.getTransceivers() ?? []

/** Tracks that have arrived; a tone stays silent in Chromium until somebody clicks into the page. */
const arrived = ({ tracks }: Side): number =>
  tracks.filter(({ track }) => track.kind === 'audio' || !track.muted).length

/** What tests reach through `window.e2e`. */
const driver = {
  /** Both sides add twelve transceivers at once, to a call whose transport lives, or died before. */
  storm: async (transport: 'alive' | 'dead') => {
    const { caller, callee, cut, close } = await connect()
    const sides = [caller, callee] as const
    await until(() => sides.every(({ session }) => session.getSnapshot().signaling === 'control'))
    if (transport === 'dead') cut('told')
    const before = sides.map(({ counts }) => counts.offers)
    rollbacks = 0
    for (let each = 0; each < 12; each += 1)
      for (const { session } of sides) session.addTransceiver(each % 2 ? videoTrack() : audioTrack())
    await until(() => sides.every((side) => arrived(side) === 12) && areSettled(...sides))
    const offers = sides.map(({ counts }, index) => counts.offers - (before[index] ?? 0))
    const result = {
      offers,
      rollbacks,
      arrived: sides.map(arrived),
      warnings: sides.flatMap(({ warnings }) => warnings),
    }
    await close()
    return result
  },

  /** Tracks are added before the first offer and before the answer. */
  tracksFromTheStart: async () => {
    const add = ({ session }: Side) => {
      for (let each = 0; each < 6; each += 1) session.addTrack(each % 2 ? videoTrack() : audioTrack())
    }
    const { caller, callee, close } = await connect({ caller: add, callee: add })
    await until(() => arrived(caller) === 6 && arrived(callee) === 6)
    const result = {
      offers: [caller, callee].map(({ counts }) => counts.offers),
      sections: [caller, callee].map((side) => transceiversOf(side).length),
    }
    await close()
    return result
  },

  /** The caller asks for a picture, and the callee has a transceiver for one. */
  transceiverOfCallee: async (init: RTCRtpTransceiverInit = {}) => {
    const track = videoTrack()
    const stream = new MediaStream([track])
    const { caller, callee, close } = await connect({
      caller: ({ session }) => session.addTransceiver('video', { direction: 'recvonly' }),
      callee: ({ session }) => session.addTransceiver(track, { ...init, direction: 'sendonly', streams: [stream] }),
    })
    await until(() => arrived(caller) === 1 && areSettled(caller, callee))
    const result = {
      offers: [caller, callee].map(({ counts }) => counts.offers),
      sections: [caller, callee].map((side) => transceiversOf(side).length),
      keepsStream: caller.tracks.map(({ streams }) => streams.map(({ id }) => id === stream.id)),
      bitrates: transceiversOf(callee).map(({ sender }) => sender.getParameters().encodings[0]?.maxBitrate),
    }
    await close()
    return result
  },

  /** A track is added, muted, replaced, paused, removed, and added again. */
  comeAndGo: async () => {
    const { caller, callee, close } = await connect()
    const { session } = caller
    const [first, second] = [videoTrack(), videoTrack()]
    session.addTrack(first)
    await until(() => arrived(callee) === 1 && areSettled(caller, callee))
    const offersBefore = caller.counts.offers
    session.setMuted(first, true)
    await until(() => callee.told.at(-1) === 'video muted')
    const isMuted = callee.tracks[0]?.muted
    session.replaceTrack(first, second)
    first.stop()
    const staysMuted = !second.enabled
    session.setMuted(second, false)
    await until(() => callee.told.at(-1) === 'video loud')
    session.replaceTrack(second, null)
    session.replaceTrack(second, second)
    const offersMeanwhile = caller.counts.offers - offersBefore
    session.removeTrack(second)
    await until(() => callee.told.at(-1) === 'no video')
    session.addTrack(second)
    await until(() => callee.told.at(-1) === 'video' && areSettled(caller, callee))
    const transceiver = session.addTransceiver('audio', { direction: 'sendonly' })
    transceiver.replaceTrack(audioTrack())
    await until(() => callee.told.at(-1) === 'audio' && areSettled(caller, callee))
    transceiver.setDirection('inactive')
    await until(() => callee.told.at(-1) === 'no audio' && areSettled(caller, callee))
    transceiver.setDirection('sendonly')
    await until(() => callee.told.at(-1) === 'audio' && areSettled(caller, callee))
    transceiver.stop()
    await until(() => callee.told.at(-1) === 'no audio' && areSettled(caller, callee))
    const { told } = callee
    const messages = [caller.counts.muted, callee.counts.muted]
    const result = { told: [...told], isMuted, staysMuted, offersMeanwhile, messages, warnings: caller.warnings }
    await close()
    return result
  },

  /** Both call at once, so that one of them gets another RTCPeerConnection. */
  replaced: async () => {
    const { ann, bob, close } = await join()
    const sides = [follow(ann.call('bob')), follow(bob.call('ann'))] as const
    const ended = videoTrack()
    ended.stop()
    for (const { session } of sides) {
      const [voice, picture] = [audioTrack(), videoTrack()]
      session.addTrack(voice)
      session.setMuted(voice, true)
      session.addTransceiver(picture)
      session.addTransceiver('video', { direction: 'recvonly' })
    }
    const names = (side: Side) => side.tracks.filter(({ track }) => track.readyState === 'live')
    const isThere = (side: Side) =>
      names(side).length === 2 && names(side).some(({ track, muted }) => track.kind === 'audio' && muted)
    await until(() => sides.every(isThere) && areSettled(...sides))
    const result = sides.map((side) => ({
      role: side.session.getSnapshot().role,
      tracks: names(side).map(({ track: { kind, muted: silent }, muted }) => ({ kind, muted, silent })),
    }))
    await close()
    return result
  },

  /** Each side takes another codec only. */
  noCommonCodec: async () => {
    const codecs = RTCRtpReceiver.getCapabilities('video')?.codecs ?? []
    const addWith = ({ session }: Side, mimeType: string) => {
      session.addTrack(videoTrack())
      const [transceiver] = session.peerConnection?.getTransceivers() ?? []
      transceiver?.setCodecPreferences(codecs.filter((codec) => codec.mimeType === mimeType))
    }
    const { caller, callee, close } = await connect()
    addWith(callee, 'video/VP9')
    addWith(caller, 'video/VP8')
    await until(() => caller.warnings.length > 0 && callee.warnings.length > 0 && areSettled(caller, callee))
    const report = await caller.session.report()
    const result = {
      status: caller.session.getSnapshot().status,
      warnings: [caller, callee].map(({ warnings }) => warnings),
      advice: adviseOn(report),
    }
    await close()
    return result
  },

  /** The reports of both sides, while they are connected and after. */
  reports: async () => {
    const { caller, callee, close } = await connect()
    const both = () => Promise.all([caller, callee].map(({ session }) => session.report()))
    caller.session.openChannel('chat').send('hello')
    const during = await both()
    caller.session.hangup()
    await until(() => [caller, callee].every(({ session }) => session.getSnapshot().status === 'ended'))
    const after = await both()
    await close()
    return { during, after }
  },
}

/** The driver of the page `media`. */
export type MediaDriver = typeof driver

Object.assign(window, { e2e: driver })
document.documentElement.setAttribute('data-ready', '')
