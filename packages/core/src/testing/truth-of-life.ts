import {
  alike,
  connect,
  descriptionOf,
  exchange,
  outcomeOf,
  ufragOf,
  until,
  withConnections,
  type TruthCase,
} from './truth-case.ts'

/** Calls a method of a closed connection. */
const afterClose = (name: string, act: (connection: RTCPeerConnection) => unknown, outcome: string): TruthCase => ({
  name: `calls ${name} after close`,
  expected: alike(outcome),
  run: (stage) =>
    withConnections(stage, async (first) => {
      first.close()
      return outcomeOf(stage, () => act(first))
    }),
})

/** What happens around events and the end of a connection. */
export const lifeCases: readonly TruthCase[] = [
  {
    name: 'closes while a local description is being set',
    expected: alike('never settles'),
    run: (stage) =>
      withConnections(stage, async (first) => {
        first.createDataChannel('truth')
        const setting = first.setLocalDescription()
        first.close()
        return outcomeOf(stage, () => setting)
      }),
  },
  {
    name: 'closes while a remote description is being set',
    expected: alike('never settles'),
    run: (stage) =>
      withConnections(stage, async (first, second) => {
        first.createDataChannel('truth')
        await first.setLocalDescription()
        const setting = second.setRemoteDescription(descriptionOf(first))
        second.close()
        return outcomeOf(stage, () => setting)
      }),
  },
  afterClose('createOffer', (connection) => connection.createOffer(), 'InvalidStateError'),
  afterClose('createAnswer', (connection) => connection.createAnswer(), 'InvalidStateError'),
  afterClose('setLocalDescription', (connection) => connection.setLocalDescription(), 'InvalidStateError'),
  afterClose(
    'setRemoteDescription',
    (connection) => connection.setRemoteDescription({ type: 'offer', sdp: '' }),
    'InvalidStateError',
  ),
  afterClose('addIceCandidate', (connection) => connection.addIceCandidate({ candidate: '' }), 'InvalidStateError'),
  afterClose('createDataChannel', (connection) => connection.createDataChannel('late'), 'InvalidStateError'),
  afterClose('addTransceiver', (connection) => connection.addTransceiver('audio'), 'InvalidStateError'),
  afterClose('setConfiguration', (connection) => connection.setConfiguration({}), 'InvalidStateError'),
  afterClose('restartIce', (connection) => connection.restartIce(), 'resolves'),
  afterClose('getStats', (connection) => connection.getStats(), 'resolves'),
  afterClose('close', (connection) => connection.close(), 'resolves'),
  {
    name: 'reads its description after close',
    expected: { chromium: 'resolves', firefox: 'InvalidStateError' },
    run: (stage) =>
      withConnections(stage, async (first) => {
        first.createDataChannel('truth')
        await first.setLocalDescription()
        first.close()
        return outcomeOf(stage, () => first.localDescription)
      }),
  },
  {
    name: 'needs one negotiation for two changes in one task',
    expected: alike('1 event'),
    run: (stage) =>
      withConnections(stage, async (first) => {
        let events = 0
        first.addEventListener('negotiationneeded', () => (events += 1))
        first.createDataChannel('truth')
        first.addTransceiver('audio')
        await stage.wait(200)
        return `${events} event`
      }),
  },
  {
    name: 'needs another negotiation for a change during one',
    expected: alike('none while it lasts, then 1'),
    run: (stage) =>
      withConnections(stage, async (first, second) => {
        first.createDataChannel('truth')
        await first.setLocalDescription()
        let events = 0
        first.addEventListener('negotiationneeded', () => (events += 1))
        first.addTransceiver('audio')
        await stage.wait(200)
        const during = events
        await second.setRemoteDescription(descriptionOf(first))
        await second.setLocalDescription()
        await first.setRemoteDescription(descriptionOf(second))
        await stage.wait(200)
        return `${during === 0 ? 'none' : during} while it lasts, then ${events}`
      }),
  },
  {
    name: 'restarts ICE before anything was negotiated',
    expected: { chromium: '1 events', firefox: '0 events' },
    run: (stage) =>
      withConnections(stage, async (first) => {
        let events = 0
        first.addEventListener('negotiationneeded', () => (events += 1))
        first.restartIce()
        await stage.wait(200)
        return `${events} events`
      }),
  },
  {
    name: 'restarts ICE on one side: both get new credentials in one exchange',
    expected: alike('needed, both new, then not needed'),
    run: (stage) =>
      withConnections(stage, async (first, second) => {
        first.createDataChannel('truth')
        await exchange(first, second)
        await stage.wait(100)
        let events = 0
        first.addEventListener('negotiationneeded', () => (events += 1))
        const before = [ufragOf(first.localDescription), ufragOf(second.localDescription)]
        first.restartIce()
        await until(stage, () => events === 1)
        await exchange(first, second)
        await stage.wait(200)
        const after = [ufragOf(first.localDescription), ufragOf(second.localDescription)]
        const areNew = after.every((ufrag) => !before.includes(ufrag))
        return `needed, ${areNew ? 'both new' : 'not both new'}, then ${events === 1 ? 'not ' : ''}needed`
      }),
  },
  {
    name: 'restarts ICE while connected: the states stay',
    expected: alike('no change, connected'),
    run: (stage) =>
      withConnections(stage, async (first, second) => {
        await connect(stage, first, second)
        await until(stage, () => first.connectionState === 'connected' && second.connectionState === 'connected')
        const states: string[] = []
        for (const connection of [first, second]) {
          connection.addEventListener('connectionstatechange', () => states.push(connection.connectionState))
        }
        first.restartIce()
        await exchange(first, second)
        await stage.wait(500)
        return `${states.join(' ') || 'no change'}, ${first.connectionState}`
      }),
  },
  {
    name: 'connects: the states on the way',
    expected: alike('checking connected / connecting connected'),
    run: (stage) =>
      withConnections(stage, async (first, second) => {
        const ice: string[] = []
        const whole: string[] = []
        second.addEventListener('iceconnectionstatechange', () => ice.push(second.iceConnectionState))
        second.addEventListener('connectionstatechange', () => whole.push(second.connectionState))
        await connect(stage, first, second)
        await until(stage, () => second.connectionState === 'connected')
        return `${ice.join(' ')} / ${whole.join(' ')}`
      }),
  },
  {
    name: 'gathers candidates: what the last events carry',
    expected: { chromium: 'candidates, null at complete', firefox: 'candidates, empty at gathering, null at complete' },
    run: (stage) =>
      withConnections(stage, async (first) => {
        const log: string[] = []
        first.addEventListener('icecandidate', ({ candidate }) => {
          if (candidate === null) log.push(`null at ${first.iceGatheringState}`)
          else if (candidate.candidate === '') log.push(`empty at ${first.iceGatheringState}`)
          else if (log.length === 0) log.push('candidates')
        })
        first.createDataChannel('truth')
        await first.setLocalDescription()
        await until(stage, () => log.at(-1)?.startsWith('null') ?? false)
        return log.join(', ')
      }),
  },
  {
    name: 'sets an offer with a track: the order of what is told',
    expected: alike('have-remote-offer, track audio of mid 0, resolved'),
    run: (stage) =>
      withConnections(stage, async (first, second) => {
        const log: string[] = []
        second.addEventListener('signalingstatechange', () => log.push(second.signalingState))
        second.addEventListener('track', ({ track, transceiver }) =>
          log.push(`track ${track.kind} of mid ${String(transceiver.mid)}`),
        )
        first.addTransceiver('audio')
        await first.setLocalDescription()
        await second.setRemoteDescription(descriptionOf(first))
        log.push('resolved')
        return log.join(', ')
      }),
  },
  {
    name: 'adds a track again when the other side has stopped the transceiver that sent it',
    expected: alike('sendrecv'),
    run: (stage) =>
      withConnections(stage, async (first, second) => {
        const transceiver = first.addTransceiver('audio')
        const { receiver } = first.addTransceiver('audio')
        await exchange(first, second)
        const { sender } = second.getTransceivers()[0] ?? {}
        await sender?.replaceTrack(receiver.track)
        transceiver.stop()
        await exchange(first, second)
        second.addTrack(receiver.track)
        return String(second.getTransceivers().at(-1)?.direction)
      }),
  },
  {
    name: 'answers media that it has no track for: the directions',
    expected: alike('sendonly, recvonly, then 0 events'),
    run: (stage) =>
      withConnections(stage, async (first, second) => {
        const { currentDirection: none } = first.addTransceiver('audio')
        await exchange(first, second)
        let events = 0
        for (const connection of [first, second]) connection.addEventListener('negotiationneeded', () => (events += 1))
        await stage.wait(200)
        const directions = [first, second].map((connection) => connection.getTransceivers()[0]?.currentDirection)
        return none === null ? `${directions.join(', ')}, then ${events} events` : 'a direction before it was agreed on'
      }),
  },
]
