import { ParleyError, type ParleyErrorCode } from './errors.ts'

/**
 * Whether a text can be an id, a room or a channel label: 1 to 128 UTF-16 code units, no control character, and no
 * half of a surrogate pair (it would not survive UTF-8, so two different names could arrive as one).
 */
export const isName = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= 128 && /^[^\p{Cc}\p{Cs}]+$/u.test(value)

/** Throws a ParleyError with `code` unless `value` is a name. */
export const assertName = (what: string, value: unknown, code: ParleyErrorCode): void => {
  if (isName(value)) return
  const shown = String(JSON.stringify(value)).slice(0, 40)
  throw new ParleyError(code, `The ${what} must be 1 to 128 printable characters; this is ${shown}.`)
}

/** 128 random bits in 22 characters of base64url. Works in insecure contexts too, unlike `crypto.randomUUID`. */
export const randomName = (): string =>
  btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(16))))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .slice(0, 22)
