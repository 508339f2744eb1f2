/** ms, each from the moment its wait begins. */
export const defaultDeadlines = {
  /** For a sign of life of the other instance: `unreachable`. Default 15 000. */
  reach: 15_000,
  /** For the person who is called: `unanswered`. Default 60 000. */
  answer: 60_000,
  /** From the answer to a connection: `failed`. Below 39 500, checks that would succeed are cut off (RFC 8863). */
  connect: 40_000,
  /** For a connected side without a word, until it is asked for one. Default 30 000. */
  probe: 30_000,
  /** For its answer: `snapshot.liveness` is `silent` from then on. Default 2 000. */
  silence: 2_000,
  /** For an interrupted connection to come back by itself, before ICE is restarted. Default 1 000. */
  grace: 1_000,
  /** For each of two restarts of ICE to bring it back. Default 6 000. */
  restart: 6_000,
  /** For another RTCPeerConnection in its place, the last step: `failed`. Default 15 000. */
  recover: 15_000,
  /** For the other side to confirm the end. Default 5 000. */
  end: 5_000,
}

/** How long a session waits for what, in ms. */
export type SessionDeadlines = Readonly<typeof defaultDeadlines>
