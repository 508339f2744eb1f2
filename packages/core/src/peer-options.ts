import { longestWait, systemClock } from './clock.ts'
import { assertKnown } from './assert-known.ts'
import { ParleyError } from './errors.ts'
import { assertName, randomName } from './name.ts'
import type { PeerOptions } from './peer-handle.ts'
import { resolveConstructor } from './rtc/peer-connection.ts'
import { defaultDeadlines } from './session/deadlines.ts'

/** ms. */
const allDeadlines = { join: 40_000, ...defaultDeadlines }

const names = ['id', 'room', 'transport', 'rtc', 'maxSessions', 'deadlines', 'clock', 'random']
const rtcNames = ['configuration', 'RTCPeerConnection']

/** What a peer is made with, checked and complete. */
export const resolvePeerOptions = (options: PeerOptions) => {
  assertKnown('options of createPeer', options, names)
  assertKnown('options of `rtc`', options.rtc ?? {}, rtcNames)
  assertKnown('deadlines', options.deadlines ?? {}, Object.keys(allDeadlines))
  const { id = randomName(), room, clock = systemClock, random = Math.random, maxSessions = 256 } = options
  assertName('id of a peer', id, 'invalid-id')
  assertName('room', room, 'invalid-room')
  const rtc = { ...options.rtc, RTCPeerConnection: resolveConstructor(options.rtc?.RTCPeerConnection) }
  const deadlines = { ...allDeadlines, ...options.deadlines }
  const wrong = Object.entries(deadlines).find(([, ms]) => typeof ms !== 'number' || !(ms >= 0 && ms <= longestWait))
  if (wrong)
    throw new ParleyError('invalid-option', `A deadline is ms, from 0 to ${longestWait}; not ${wrong.join(': ')}.`)
  return { id, room, clock, random, maxSessions, rtc, deadlines }
}
