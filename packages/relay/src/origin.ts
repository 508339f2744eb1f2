/** Which pages may connect: those of this machine, all, or those of the origins on a list. */
export type AllowedOrigins = 'loopback' | 'any' | readonly string[]

/**
 * A test for the `Origin` header. Browsers always send one and no script can change it; a program sends none or what it
 * likes. So the list keeps foreign pages out that use their visitor's browser, and nobody else.
 */
export const originTest = (allowed: AllowedOrigins): ((origin: string) => boolean) => {
  if (allowed === 'any') return () => true
  if (allowed === 'loopback') return isLoopbackOrigin
  const list = new Set(allowed.map(exactOrigin))
  return (origin) => list.has(origin)
}

const isLoopbackOrigin = (origin: string): boolean =>
  /^https?:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/.test(origin)

const exactOrigin = (text: string): string => {
  const origin = URL.canParse(text) ? new URL(text).origin : undefined
  // `null` is what sandboxed frames and files send; who wants those says so.
  if (text === 'null' || origin === text) return text
  const advice = origin && origin !== 'null' ? ` Did you mean ${origin}?` : ''
  throw new TypeError(
    `An origin is a scheme, a host and a port, such as https://app.example; this is ${JSON.stringify(text)}.${advice}`,
  )
}
