import type { RelayLimits } from './limits.ts'

/** The token buckets of one connection (frames and bytes), and how often it was told to slow down. */
export interface Rate {
  messages: number
  bytes: number
  filledAt: number
  /** Ends the time in which a client that was told is not told again. */
  quietUntil: number
  droppedSinceTold: number
  timesTold: number
  firstToldAt: number
}

export const createRate = (limits: RelayLimits, now: number): Rate => ({
  messages: limits.messageBurst,
  bytes: limits.byteBurst,
  filledAt: now,
  quietUntil: 0,
  droppedSinceTold: 0,
  timesTold: 0,
  firstToldAt: 0,
})

/** Takes one frame out of the buckets; false when they do not hold it. */
export const take = (rate: Rate, frameBytes: number, now: number, limits: RelayLimits): boolean => {
  if (now > rate.filledAt) fill(rate, now, limits)
  if (rate.messages < 1 || rate.bytes < frameBytes) return false
  rate.messages -= 1
  rate.bytes -= frameBytes
  return true
}

const fill = (rate: Rate, now: number, limits: RelayLimits): void => {
  const seconds = (now - rate.filledAt) / 1000
  rate.messages = Math.min(limits.messageBurst, rate.messages + seconds * limits.messagesPerSecond)
  rate.bytes = Math.min(limits.byteBurst, rate.bytes + seconds * limits.bytesPerSecond)
  rate.filledAt = now
}

/**
 * What to do about a frame that was over the rate: drop it in silence, say how many ms to wait, or close. A client is
 * told at most once in the time it was told to wait, unless it sends another full burst meanwhile.
 */
export const overRate = (
  rate: Rate,
  frameBytes: number,
  now: number,
  limits: RelayLimits,
): 'drop' | 'close' | number => {
  rate.droppedSinceTold++
  if (now < rate.quietUntil && rate.droppedSinceTold < limits.messageBurst) return 'drop'
  if (now - rate.firstToldAt > tellWindow || rate.timesTold === 0) {
    rate.firstToldAt = now
    rate.timesTold = 0
  }
  rate.timesTold++
  if (rate.timesTold >= limits.slowDowns) return 'close'
  const missing = Math.max(
    (1 - rate.messages) / limits.messagesPerSecond,
    (frameBytes - rate.bytes) / limits.bytesPerSecond,
  )
  const retryAfter = Math.max(shortestWait, Math.ceil(missing * 1000))
  rate.droppedSinceTold = 0
  rate.quietUntil = now + retryAfter
  return retryAfter
}

const tellWindow = 10_000

/** Shorter and a client that heeds it would be over the rate again with its next few frames. */
const shortestWait = 1_000
