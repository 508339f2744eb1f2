/** What arrived of a stream of numbered messages. */
export interface Numbers {
  /** How many were sent, and how many came. */
  readonly sent: number
  readonly received: number
  /** Those that came more than once, too early or not at all. */
  readonly wrong: readonly string[]
}

/** Something that happened, in ms since 1970. */
export interface Happening {
  readonly at: number
  readonly what: string
}

/** One that arrived: when it was sent and when it came, ms since 1970. */
interface Arrival {
  readonly sentAt: number
  readonly at: number
}

/** ms since 1970, in fractions; the same for all browsers of a machine. */
export const now = (): number => performance.timeOrigin + performance.now()

/** Sends the numbers from 0 every 10 ms, each with its time, and checks those that come. */
export const createNumbers = (send: (text: string) => void) => {
  const arrivals: Arrival[] = []
  const wrong: string[] = []
  let sent = 0
  let received = 0
  const timer = setInterval(() => {
    send(`${sent} ${now()}`)
    sent += 1
  }, 10)
  return {
    take: (text: string): void => {
      const [number, sentAt] = text.split(' ').map(Number)
      if (number === received) received += 1
      else wrong.push(`${number} in place of ${received}`)
      arrivals.push({ sentAt: sentAt ?? Number.NaN, at: now() })
    },
    stop: (): void => clearInterval(timer),
    view: (): Numbers => ({ sent, received, wrong }),
    /** When the first one came that was sent after this moment. */
    heardSince: (moment: number): number | undefined => arrivals.find(({ sentAt }) => sentAt > moment)?.at,
  }
}
