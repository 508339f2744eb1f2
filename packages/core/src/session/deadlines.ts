/** ms, each from the moment its wait begins. */
export const defaultDeadlines = {
  /** For a sign of life of the other instance: `unreachable`. Default 15 000. */
  reach: 15_000,
  /** For the person who is called: `unanswered`. Default 60 000. */
  answer: 60_000,
  /** From the answer to a connection: `failed`. Below 39 500, checks that would succeed are cut off (RFC 8863). */
  connect: 40_000,
  /** For an interrupted connection to come back: `failed`. Default 15 000. */
  recover: 15_000,
  /** For the other side to confirm the end. Default 5 000. */
  end: 5_000,
}

export type SessionDeadlines = Readonly<typeof defaultDeadlines>
