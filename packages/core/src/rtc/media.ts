/** Gives a track to a connection, and returns the transceiver that sends it: one that is free, or a new one. */
export const addTrack = (
  pc: RTCPeerConnection,
  track: MediaStreamTrack,
  streams: readonly MediaStream[],
): RTCRtpTransceiver | undefined => {
  const sender = pc.addTrack(track, ...streams)
  return pc.getTransceivers().find((transceiver) => transceiver.sender === sender)
}

/** Makes a transceiver, which is one more media section in the next offer. */
export const addTransceiver = (
  pc: RTCPeerConnection,
  trackOrKind: MediaStreamTrack | string,
  init: RTCRtpTransceiverInit,
): RTCRtpTransceiver => pc.addTransceiver(trackOrKind, init)

/** Takes a transceiver of this kind that the other side's offer made, if one is left. */
export const takeOffered = (
  pc: RTCPeerConnection,
  kind: string,
  isTaken: (transceiver: RTCRtpTransceiver) => boolean,
  { direction = 'sendrecv', streams = [] }: RTCRtpTransceiverInit,
): RTCRtpTransceiver | undefined => {
  const fits = ({ mid }: RTCRtpTransceiver) => {
    const offered = offeredDirection(pc, mid)
    const isHeard = offered.includes('recv') || !direction.startsWith('send')
    return isHeard && (direction.includes('recv') || !offered.startsWith('send'))
  }
  const free = pc.getTransceivers().find((each) => each.receiver.track.kind === kind && !isTaken(each) && fits(each))
  if (!free) return
  free.direction = direction
  if (streams.length > 0) free.sender.setStreams(...streams)
  return free
}

/** Whether addTrack could take a transceiver of this kind to which the other side does not listen. */
export const isDeaf = (pc: RTCPeerConnection, kind: string): boolean =>
  pc
    .getTransceivers()
    .some(
      ({ mid, sender, receiver }) =>
        receiver.track.kind === kind && sender.track === null && !offeredDirection(pc, mid).includes('recv'),
    )

/** What the other side wants of a section, in the last description that it made; anything, before that. */
const offeredDirection = ({ remoteDescription }: RTCPeerConnection, mid: string | null): string => {
  const section = remoteDescription?.sdp.split(/^m=/m).find((each) => each.split(/\r?\n/).includes(`a=mid:${mid}`))
  return /^a=(sendrecv|sendonly|recvonly|inactive)/m.exec(section ?? '')?.[1] ?? 'sendrecv'
}

/** Stops sending, and offers so. */
export const removeTrack = (pc: RTCPeerConnection, transceiver: RTCRtpTransceiver): void => {
  const { sender, direction } = transceiver
  if (sender.track) return pc.removeTrack(sender)
  // Without a track that does nothing (W3C webrtc-pc, 5.1).
  if (direction === 'sendrecv') transceiver.direction = 'recvonly'
  else if (direction === 'sendonly') transceiver.direction = 'inactive'
}

/** Whether media is negotiated on it, in either direction. */
export const carriesMedia = (pc: RTCPeerConnection): boolean => pc.getTransceivers().length > 0
