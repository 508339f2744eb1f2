import { alike, descriptionOf, exchange, outcomeOf, ufragOf, withConnections, type TruthCase } from './truth-case.ts'

/** An offer with a data section, of a connection that keeps it pending. */
const offerData = async (connection: RTCPeerConnection): Promise<RTCSessionDescriptionInit> => {
  connection.createDataChannel('truth')
  await connection.setLocalDescription()
  return descriptionOf(connection)
}

const remove = (sdp: string | undefined, attribute: string): string =>
  (sdp ?? '').replace(new RegExp(`^a=${attribute}:.*\r\n`, 'gm'), '')

const setWithout =
  (attribute: string): TruthCase['run'] =>
  (stage) =>
    withConnections(stage, async (first, second) => {
      const { sdp } = await offerData(first)
      return outcomeOf(stage, () => second.setRemoteDescription({ type: 'offer', sdp: remove(sdp, attribute) }))
    })

const setRemote =
  (description: { type: string; sdp: string }): TruthCase['run'] =>
  (stage) =>
    withConnections(stage, (first) =>
      outcomeOf(stage, () => first.setRemoteDescription(description as RTCSessionDescriptionInit)),
    )

/** Which descriptions are taken, and what they leave behind. */
export const descriptionCases: readonly TruthCase[] = [
  {
    name: 'sets an answer a second time, in stable',
    expected: alike('InvalidStateError, stable'),
    run: (stage) =>
      withConnections(stage, async (first, second) => {
        first.createDataChannel('truth')
        await exchange(first, second)
        const answer = descriptionOf(second)
        return `${await outcomeOf(stage, () => first.setRemoteDescription(answer))}, ${first.signalingState}`
      }),
  },
  {
    name: 'sets an answer after its offer was rolled back',
    expected: alike('InvalidStateError'),
    run: (stage) =>
      withConnections(stage, async (first, second) => {
        await second.setRemoteDescription(await offerData(first))
        await second.setLocalDescription()
        await first.setLocalDescription({ type: 'rollback' })
        return outcomeOf(stage, () => first.setRemoteDescription(descriptionOf(second)))
      }),
  },
  {
    name: 'sets an answer to the first offer on the offer after a rollback, with data only',
    expected: alike('InvalidAccessError'),
    run: (stage) =>
      withConnections(stage, async (first, second) => {
        await second.setRemoteDescription(await offerData(first))
        await second.setLocalDescription()
        await first.setLocalDescription({ type: 'rollback' })
        await first.setLocalDescription()
        return outcomeOf(stage, () => first.setRemoteDescription(descriptionOf(second)))
      }),
  },
  {
    name: 'sets an offer again, in stable',
    expected: alike('resolves, have-remote-offer'),
    run: (stage) =>
      withConnections(stage, async (first, second) => {
        const offer = await offerData(first)
        await second.setRemoteDescription(offer)
        await second.setLocalDescription()
        return `${await outcomeOf(stage, () => second.setRemoteDescription(offer))}, ${second.signalingState}`
      }),
  },
  {
    name: 'sets an answer that was made for the offer of another connection',
    expected: alike('resolves, stable'),
    run: (stage) =>
      withConnections(stage, async (first, second) => {
        const other = new stage.RTCPeerConnection()
        await second.setRemoteDescription(await offerData(other))
        await second.setLocalDescription()
        other.close()
        await offerData(first)
        const outcome = await outcomeOf(stage, () => first.setRemoteDescription(descriptionOf(second)))
        return `${outcome}, ${first.signalingState}`
      }),
  },
  {
    name: 'sets an offer while its own is pending, which rolls it back',
    expected: alike('resolves: stable have-remote-offer'),
    run: (stage) =>
      withConnections(stage, async (first, second) => {
        await offerData(first)
        const states: string[] = []
        first.addEventListener('signalingstatechange', () => states.push(first.signalingState))
        const offer = await offerData(second)
        return `${await outcomeOf(stage, () => first.setRemoteDescription(offer))}: ${states.join(' ')}`
      }),
  },
  { name: 'sets garbage', expected: alike('OperationError'), run: setRemote({ type: 'offer', sdp: 'garbage' }) },
  { name: 'sets nothing', expected: alike('OperationError'), run: setRemote({ type: 'offer', sdp: '' }) },
  { name: 'sets an unknown type', expected: alike('TypeError'), run: setRemote({ type: 'question', sdp: '' }) },
  { name: 'sets an offer without fingerprint', expected: alike('InvalidAccessError'), run: setWithout('fingerprint') },
  { name: 'sets an offer without ufrag', expected: alike('InvalidAccessError'), run: setWithout('ice-ufrag') },
  {
    name: 'sets an offer with 1 MB of unknown attributes',
    expected: alike('resolves'),
    run: (stage) =>
      withConnections(stage, async (first, second) => {
        const { sdp } = await offerData(first)
        const ballast = `a=x-unknown:${'x'.repeat(80)}\r\n`.repeat(10_700)
        try {
          await second.setRemoteDescription({ type: 'offer', sdp: `${sdp ?? ''}${ballast}` })
          return 'resolves'
        } catch (error) {
          return String(error)
        }
      }),
  },
  {
    name: 'rolls back in stable',
    expected: alike('InvalidStateError'),
    run: (stage) =>
      withConnections(stage, (first) => outcomeOf(stage, () => first.setLocalDescription({ type: 'rollback' }))),
  },
  {
    name: 'makes an answer in stable',
    expected: alike('InvalidStateError'),
    run: (stage) => withConnections(stage, (first) => outcomeOf(stage, () => first.createAnswer())),
  },
  {
    name: 'makes an offer while one of the other side waits',
    expected: alike('InvalidStateError'),
    run: (stage) =>
      withConnections(stage, async (first, second) => {
        await second.setRemoteDescription(await offerData(first))
        return outcomeOf(stage, () => second.createOffer())
      }),
  },
  {
    name: 'sets the older one of two offers that it made',
    expected: { chromium: 'resolves', firefox: 'InvalidModificationError' },
    run: (stage) =>
      withConnections(stage, async (first) => {
        first.createDataChannel('truth')
        const older = await first.createOffer()
        await first.createOffer()
        return outcomeOf(stage, () => first.setLocalDescription(older))
      }),
  },
  {
    name: 'sets an offer as its own that another connection made',
    expected: alike('InvalidModificationError'),
    run: (stage) =>
      withConnections(stage, async (first, second) => {
        first.createDataChannel('truth')
        const offer = await offerData(second)
        return outcomeOf(stage, () => first.setLocalDescription(offer))
      }),
  },
  {
    name: 'offers again after a rollback of its first offer, with data only',
    expected: { chromium: '0 sections', firefox: '1 sections' },
    run: (stage) =>
      withConnections(stage, async (first) => {
        await offerData(first)
        await first.setLocalDescription({ type: 'rollback' })
        const { sdp } = await first.createOffer()
        return `${sdp?.match(/^m=/gm)?.length ?? 0} sections`
      }),
  },
  {
    name: 'rolls its data offer back for an offer of audio, answers, and offers again',
    expected: { chromium: '1 sections', firefox: '2 sections' },
    run: (stage) =>
      withConnections(stage, async (first, second) => {
        await offerData(first)
        second.addTransceiver('audio')
        await exchange(second, first)
        const { sdp } = await first.createOffer()
        return `${sdp?.match(/^m=/gm)?.length ?? 0} sections`
      }),
  },
  {
    name: 'offers again after a rollback of its first offer, with media',
    expected: { chromium: 'another ufrag', firefox: 'the same ufrag' },
    run: (stage) =>
      withConnections(stage, async (first) => {
        first.addTransceiver('audio')
        await first.setLocalDescription()
        const before = ufragOf(first.localDescription)
        await first.setLocalDescription({ type: 'rollback' })
        const after = ufragOf(await first.createOffer())
        return after === before ? 'the same ufrag' : 'another ufrag'
      }),
  },
  {
    name: 'offers an ICE restart, rolls it back and offers it again',
    expected: alike('old ufrag in between, another one each time'),
    run: (stage) =>
      withConnections(stage, async (first, second) => {
        first.createDataChannel('truth')
        await exchange(first, second)
        const old = ufragOf(first.localDescription)
        first.restartIce()
        await first.setLocalDescription()
        const restarted = ufragOf(first.localDescription)
        await first.setLocalDescription({ type: 'rollback' })
        const between = ufragOf(first.localDescription)
        await first.setLocalDescription()
        const again = ufragOf(first.localDescription)
        const inBetween = between === old ? 'old ufrag in between' : 'lost ufrag'
        return `${inBetween}, ${new Set([old, restarted, again]).size === 3 ? 'another one each time' : 'one twice'}`
      }),
  },
]
