/**
 * Whether a text can be an id or a room: 1 to 128 UTF-16 code units, no control character, and no half of a surrogate
 * pair. The same rule as in core: a line feed cannot be part of an id, so the first one ends the address of a frame.
 */
export const isName = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= 128 && /^[^\p{Cc}\p{Cs}]+$/u.test(value)

/** The most bytes that a name takes in UTF-8: three for each code unit (a pair of them takes four). */
export const maxNameBytes = 3 * 128

/** Whether a text can be the instance of a peer. */
export const isInstance = (value: unknown): value is string =>
  typeof value === 'string' && /^[\w.~-]{1,64}$/.test(value)
