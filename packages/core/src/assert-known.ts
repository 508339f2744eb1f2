import { ParleyError } from './errors.ts'

/** Throws `invalid-option` for a name that means nothing: without a compiler nobody else would tell of a slip. */
export const assertKnown = (what: string, given: object, known: readonly string[]): void => {
  const wrong = Object.keys(given).find((name) => !known.includes(name))
  if (wrong !== undefined)
    throw new ParleyError('invalid-option', `There is no "${wrong}" among the ${what}: ${known.join(', ')}.`)
}
