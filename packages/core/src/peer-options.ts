import { longestWait, systemClock } from './clock.ts'
import { ParleyError } from './errors.ts'
import { assertName, randomName } from './name.ts'
import type { PeerOptions } from './peer-handle.ts'
import { resolveConstructor } from './rtc/peer-connection.ts'
import { defaultDeadlines } from './session/deadlines.ts'

/** ms. */
const allDeadlines = { join: 40_000, ...defaultDeadlines }

/** What a peer is made with, checked and complete. */
export const resolvePeerOptions = (options: PeerOptions) => {
  const { id = randomName(), room, clock = systemClock, random = Math.random, maxSessions = 256 } = options
  assertName('id of a peer', id, 'invalid-id')
  assertName('room', room, 'invalid-room')
  const rtc = { ...options.rtc, RTCPeerConnection: resolveConstructor(options.rtc?.RTCPeerConnection) }
  const deadlines = { ...allDeadlines, ...options.deadlines }
  const isWrong = ([name, ms]: [string, number]) => !(name in allDeadlines && ms >= 0 && ms <= longestWait)
  const wrong = Object.entries(deadlines).find(isWrong)
  if (wrong)
    throw new ParleyError(
      'invalid-option',
      `The deadlines are ms by these names: ${Object.keys(allDeadlines).join(', ')}; not ${wrong.join(': ')}.`,
    )
  return { id, room, clock, random, maxSessions, rtc, deadlines }
}
