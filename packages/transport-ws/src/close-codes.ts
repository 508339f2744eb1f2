/** RFC 6455, section 7.4.1: the code of a connection that ended without a close frame. */
export const lost = 1006
/** The id is held for an instance that was lost; the number in the reason is how long it still is, in ms. */
export const idHeld = 4423
/** What was said first was malformed. */
export const malformed = 4400

/** Trying again would end alike. Core knows the names, and takes the first for what it does not know. */
export const refusals: Readonly<Record<number, string>> = {
  [malformed]: 'transport-failed',
  4401: 'unauthorized',
  4403: 'unauthorized', // the origin of the page
  4409: 'id-taken',
  4426: 'incompatible',
  4507: 'room-full',
}
