/** Numbers in [0, 1), like `Math.random`. */
export type Random = () => number

/**
 * Random numbers that are the same for the same seed, in every runtime.
 *
 * The generator is mulberry32: 32 bits of state, which is plenty to shuffle a test and worthless as a secret.
 */
export const createRandom = (seed: number): Random => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000
  }
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** Text of the characters that ICE credentials are made of (RFC 8839, section 5.4: ice-char). */
export const randomText = (random: Random, length: number): string => {
  let text = ''
  while (text.length < length) text += alphabet.charAt(Math.floor(random() * alphabet.length))
  return text
}
