import type { PeerCounters } from '../peer-handle.ts'
import type { Counts, SessionReport } from '../session/report.ts'

/** The commonest reasons for which a call does not connect, or not as it should. */
export type AdviceCause =
  | 'callee-absent'
  | 'codecs'
  | 'expired-credentials'
  | 'negotiation-failed'
  | 'no-turn'
  | 'other-side-closed'
  | 'permission'
  | 'relay-unreachable'
  | 'signaling-lost'
  | 'transport-refused'
  | 'udp-blocked'
  | 'unanswered'
  | 'version'

/** What is wrong, as far as can be told. */
export interface Advice {
  /** For code, and for docs/troubleshooting.md, which has a section for each. */
  readonly cause: AdviceCause
  /** What happened and what to do, for people. */
  readonly sentence: string
}

/** What went wrong: the report of a session, or an error of `peer.ready`, `createPeer` or `getUserMedia`. */
export type Problem = SessionReport | Error

/**
 * Says what is the matter, and what to do; `undefined` when it is none of the common causes, or nothing is wrong. A
 * report is judged best after the end of its session. `peer` tells what only it knows: messages of another version.
 */
export const adviseOn = (problem: Problem, peer?: { readonly counters: PeerCounters }): Advice | undefined =>
  'phases' in problem ? adviseOnReport(problem, peer) : adviseOnError(problem)

const adviseOnError = ({ name, message, code }: Error & { readonly code?: unknown }): Advice | undefined => {
  // DOMExceptions of getUserMedia and getDisplayMedia (W3C mediacapture-main, 10.2).
  if (name === 'NotAllowedError' || name === 'SecurityError')
    return advice(
      'permission',
      'The browser may not use camera, microphone or screen here: the person, the system or the policy of the page ' +
        'said no. Ask again after a click, and say where browsers let one change their mind.',
    )
  if (code === 'incompatible')
    return advice(
      'version',
      `The server of the transport speaks another version of its protocol (${message}). Update the older of the two.`,
    )
  if (typeof code === 'string' && /^(transport-failed|unauthorized|id-taken|room-full)$/.test(code))
    return advice(
      'transport-refused',
      `This peer could not join its room: ${message} Check the address of the transport, its token, this page's ` +
        'origin on the list of the server, and whether somebody else is there under this id.',
    )
  return
}

const adviseOnReport = (report: SessionReport, peer?: { readonly counters: PeerCounters }): Advice | undefined => {
  const { end, snapshot, warnings } = report
  const reason = end?.reason
  const name = `"${snapshot.remoteId}"`
  if (reason === 'incompatible' || (reason === 'unreachable' && peer?.counters['unknown-version']))
    return advice(
      'version',
      `${name} runs a version of Parley that does not understand this one. Update the older side; a page that is ` +
        'open for days needs to be loaded again.',
    )
  if (reason === 'unauthorized')
    return advice('transport-refused', `${name} could not read the signaling: both sides need the same secret.`)
  if (reason === 'unreachable' && snapshot.signaling === 'none')
    return advice(
      'signaling-lost',
      `This peer has no link to its room, so ${name} was never asked. Is the server of the transport up, and is its ` +
        'address right? `peer.signaling` tells how the link is, and a `warning` of the peer what is the matter with it.',
    )
  if (reason === 'unreachable')
    return advice(
      'callee-absent',
      `${name} gave no sign of life. Is it in the same room, under this very id, over the same server? ` +
        '`peer.peers` tells who is there.',
    )
  if (end?.by === 'remote' && (reason === 'hangup' || reason === 'closed' || reason === 'replaced'))
    return advice(
      'other-side-closed',
      reason === 'hangup'
        ? `${name} hung up.`
        : `${name} closed its page, or loaded it again. Call again when it is back: the peer tells \`peer-joined\`.`,
    )
  if (reason === 'unanswered')
    return advice(
      'unanswered',
      `${name} was there, and nobody took the call or refused it. Does its page listen for \`call\` from the moment at ` +
        'which it joins, and does each listener call `accept()` or `reject()`?',
    )
  if (reason === 'failed' && end?.by === 'local' && warnings['negotiation-failed'])
    return advice(
      'negotiation-failed',
      'What was given for the connection cannot be used: `rtc.configuration` is refused by the browser, or its function ' +
        'failed. The `warning` `negotiation-failed` of the session and the `cause` of its error say what was wrong.',
    )
  if (reason === 'failed') return adviseOnPath(report)
  if (warnings['no-codec'])
    return advice(
      'codecs',
      'The two sides have no codec in common for what this one sends, so it is not sent. Leave ' +
        '`setCodecPreferences` out, or keep VP8 and Opus among the preferred: each browser has them.',
    )
  return
}

/** ICE found no way, or lost the one it had. */
const adviseOnPath = ({ connection, candidateTypes, iceErrors }: SessionReport): Advice | undefined => {
  if (!connection || connection.ice === 'connected' || connection.ice === 'completed') return
  const { sent, received } = candidateTypes
  const hasRelay = has(sent, 'relay')
  if (!hasRelay && iceErrors['401'])
    return advice(
      'expired-credentials',
      'The TURN server refused the credentials: they have expired, or are wrong. Give `rtc.configuration` as a ' +
        'function that fetches new ones, with their `expiresAt`.',
    )
  if (!hasRelay && connection.iceTransportPolicy === 'relay')
    return advice(
      'relay-unreachable',
      'Only relays are allowed (`iceTransportPolicy: "relay"`), and none was given or could be reached. Check the ' +
        'address of the TURN server, its port in the firewall, and add `turns:` on port 443.',
    )
  if (!hasRelay && iceErrors['701'] && !has(sent, 'srflx'))
    return advice(
      'udp-blocked',
      'No server for ICE answered, so this network seems to block UDP. Add a TURN server over TLS, such as ' +
        '`turns:turn.example:443?transport=tcp`; without one nothing leaves such a network.',
    )
  if (!hasRelay && !has(received, 'relay'))
    return advice(
      'no-turn',
      'There is no direct path between the two networks, and no TURN server was there to go around. Add ' +
        'one to `rtc.configuration.iceServers`; between two strict firewalls nothing else helps.',
    )
  return
}

/** The step that failed: the state of the session before it began to end; that of its negotiation if that was newer. */
export const lastStepOf = ({ phases }: Pick<SessionReport, 'phases'>): string | undefined => {
  const end = phases.findIndex(({ name }) => name === 'ending' || name === 'ended')
  return end < 0 ? undefined : phases[end - 1]?.name
}

const advice = (cause: AdviceCause, sentence: string): Advice => ({ cause, sentence: sentence.trim() })

const has = (counts: Counts, type: string): boolean => Object.keys(counts).some((key) => key.startsWith(type))
