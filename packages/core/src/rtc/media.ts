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
  const free = pc.getTransceivers().find((each) => each.receiver.track.kind === kind && !isTaken(each))
  if (!free) return
  free.direction = direction
  if (streams.length > 0) free.sender.setStreams(...streams)
  return free
}

/** Stops sending, and offers so. */
export const removeTrack = (pc: RTCPeerConnection, sender: RTCRtpSender): void => pc.removeTrack(sender)

/** Whether media is negotiated on it, in either direction. */
export const carriesMedia = (pc: RTCPeerConnection): boolean => pc.getTransceivers().length > 0
