import { alike, descriptionOf, exchange, outcomeOf, withConnections, type TruthCase } from './truth-case.ts'

const LINE = 'candidate:1 1 udp 2122260223 127.0.0.1 50000 typ host'

/** Adds a candidate before, or after, a remote description. */
const add =
  (candidate: RTCIceCandidateInit | null, when: 'before' | 'after' = 'after'): TruthCase['run'] =>
  (stage) =>
    withConnections(stage, async (first, second) => {
      if (when === 'after') {
        first.createDataChannel('truth')
        await exchange(first, second)
      }
      return outcomeOf(stage, () => first.addIceCandidate(candidate))
    })

/** Which candidates are taken. */
export const candidateCases: readonly TruthCase[] = [
  {
    name: 'adds a candidate before a remote description',
    expected: alike('InvalidStateError'),
    run: add({ candidate: LINE, sdpMid: '0' }, 'before'),
  },
  {
    name: 'adds null before a remote description',
    expected: { chromium: 'resolves', firefox: 'InvalidStateError' },
    run: add(null, 'before'),
  },
  {
    name: 'adds an empty candidate before a remote description',
    expected: { chromium: 'resolves', firefox: 'InvalidStateError' },
    run: add({ candidate: '', sdpMid: '0' }, 'before'),
  },
  { name: 'adds null', expected: alike('resolves'), run: add(null) },
  { name: 'adds an empty object', expected: alike('resolves'), run: add({}) },
  { name: 'adds an empty candidate', expected: alike('resolves'), run: add({ candidate: '' }) },
  {
    name: 'adds an empty candidate of a section',
    expected: alike('resolves'),
    run: add({ candidate: '', sdpMid: '0' }),
  },
  {
    name: 'adds an empty candidate of an unknown section',
    expected: { chromium: 'resolves', firefox: 'OperationError' },
    run: add({ candidate: '', sdpMid: '9' }),
  },
  {
    name: 'adds an empty candidate of an unknown generation',
    expected: { chromium: 'resolves', firefox: 'OperationError' },
    run: add({ candidate: '', sdpMid: '0', usernameFragment: 'ZZZZ' }),
  },
  {
    name: 'adds a candidate without generation, by mid',
    expected: alike('resolves'),
    run: add({ candidate: LINE, sdpMid: '0' }),
  },
  {
    name: 'adds a candidate without generation, by index',
    expected: alike('resolves'),
    run: add({ candidate: LINE, sdpMLineIndex: 0 }),
  },
  {
    name: 'adds a candidate twice',
    expected: alike('resolves'),
    run: (stage) =>
      withConnections(stage, async (first, second) => {
        first.createDataChannel('truth')
        await exchange(first, second)
        await first.addIceCandidate({ candidate: LINE, sdpMid: '0' })
        return outcomeOf(stage, () => first.addIceCandidate({ candidate: LINE, sdpMid: '0' }))
      }),
  },
  {
    name: 'adds a candidate of an unknown generation',
    expected: { chromium: 'resolves', firefox: 'OperationError' },
    run: add({ candidate: LINE, sdpMid: '0', usernameFragment: 'ZZZZ' }),
  },
  {
    name: 'adds a candidate that names an unknown generation only in its line',
    expected: alike('resolves'),
    run: add({ candidate: `${LINE} ufrag ZZZZ`, sdpMid: '0' }),
  },
  {
    name: 'adds a candidate of the generation before an ICE restart',
    expected: { chromium: 'resolves', firefox: 'OperationError' },
    run: (stage) =>
      withConnections(stage, async (first, second) => {
        first.createDataChannel('truth')
        await exchange(first, second)
        const ufrag = /a=ice-ufrag:(\S+)/.exec(descriptionOf(first).sdp ?? '')?.[1] ?? ''
        first.restartIce()
        await exchange(first, second)
        return outcomeOf(stage, () => second.addIceCandidate({ candidate: LINE, sdpMid: '0', usernameFragment: ufrag }))
      }),
  },
  {
    name: 'adds a candidate while the description before it is still being set',
    expected: alike('resolves'),
    run: (stage) =>
      withConnections(stage, async (first, second) => {
        first.createDataChannel('truth')
        await first.setLocalDescription()
        const setting = second.setRemoteDescription(descriptionOf(first))
        const outcome = await outcomeOf(stage, () => second.addIceCandidate({ candidate: LINE, sdpMid: '0' }))
        await setting
        return outcome
      }),
  },
  {
    name: 'adds a candidate of an unknown mid',
    expected: alike('OperationError'),
    run: add({ candidate: LINE, sdpMid: '9' }),
  },
  {
    name: 'adds a candidate of an unknown index',
    expected: alike('OperationError'),
    run: add({ candidate: LINE, sdpMLineIndex: 9 }),
  },
  {
    name: 'adds a candidate without mid and index',
    expected: alike('TypeError'),
    run: add({ candidate: LINE }),
  },
  {
    name: 'adds a candidate that cannot be read',
    expected: { chromium: 'OperationError', firefox: 'resolves' },
    run: add({ candidate: 'candidate:garbage', sdpMid: '0' }),
  },
  {
    name: 'adds text that is no candidate at all',
    expected: alike('OperationError'),
    run: add({ candidate: 'garbage', sdpMid: '0' }),
  },
]
