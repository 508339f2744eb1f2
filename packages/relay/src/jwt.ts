/**
 * Authorization by JSON Web Token (RFC 7519).
 *
 * @packageDocumentation
 */
import { createRemoteJWKSet, errors, jwtVerify, type CryptoKey, type JWTPayload, type JWTVerifyOptions } from 'jose'
import type { Authorize, Grant } from './authorize.ts'
import { isName } from './name.ts'

/** Options of {@link jwtAuthorize}. Exactly one of `secret`, `jwksUrl` and `key` says how tokens are checked. */
export interface JwtAuthorizeOptions {
  /** A secret that the issuer shares with the relay (HS256, HS384, HS512): at least 32 bytes. */
  readonly secret?: string | Uint8Array
  /** Where the issuer publishes its public keys. They are fetched when needed and kept for ten minutes. */
  readonly jwksUrl?: string | URL
  /** The public key of the issuer. */
  readonly key?: CryptoKey
  /** The `iss` that a token must have. Default: any. */
  readonly issuer?: string
  /** The `aud` that a token must have. Default: any; set it when the issuer signs for other services too. */
  readonly audience?: string
  /** Lets a token without the claim `rooms` into every room. Default false: it may join none. */
  readonly anyRoom?: boolean
}

/**
 * An `authorize` that takes tokens with the claims `exp`, `sub` (the id that its bearer has) and `rooms` (the names of
 * the rooms that it may join). Throws a TypeError when the options cannot be.
 */
export const jwtAuthorize = (options: JwtAuthorizeOptions): Authorize => {
  const { issuer, audience, anyRoom = false } = options
  const verify = verifierOf(options, {
    requiredClaims: ['sub', 'exp'],
    clockTolerance: 5, // seconds: clocks of two machines are never quite the same
    ...(issuer !== undefined && { issuer }),
    ...(audience !== undefined && { audience }),
  })
  return async ({ token }) => {
    const payload = token === undefined ? undefined : await verify(token)
    return payload && grantOf(payload, anyRoom)
  }
}

/** Resolves with what a good token says and with undefined for a bad one; rejects when that cannot be said now. */
type Verify = (token: string) => Promise<JWTPayload | undefined>

const verifierOf = ({ secret, jwksUrl, key }: JwtAuthorizeOptions, claims: JWTVerifyOptions): Verify => {
  if ([secret, jwksUrl, key].filter((given) => given !== undefined).length !== 1)
    throw new TypeError('jwtAuthorize() needs exactly one of secret, jwksUrl and key.')
  // The kind of key decides about the algorithms, never the token: else a public key could be taken for a secret
  // (RFC 8725, section 3.1).
  if (jwksUrl !== undefined) {
    const keys = createRemoteJWKSet(new URL(jwksUrl))
    const options = { ...claims, algorithms: publicKeyAlgorithms }
    return (token) => jwtVerify(token, keys, options).then(payloadOf, refuseUnlessUnreachable)
  }
  const local = key ?? secretBytes(secret ?? '')
  const options = { ...claims, algorithms: key ? publicKeyAlgorithms : secretAlgorithms }
  return (token) => jwtVerify(token, local, options).then(payloadOf, () => undefined)
}

const payloadOf = ({ payload }: { payload: JWTPayload }): JWTPayload => payload

/** Keys that cannot be fetched say nothing about the token, so that error is passed on. */
const refuseUnlessUnreachable = (error: unknown): undefined => {
  const isAboutToken = error instanceof errors.JOSEError && !unreachable.has(error.code)
  if (!isAboutToken) throw error
}

/** `ERR_JOSE_GENERIC` is an answer of the key server that is no key set; a failed connection is no JOSEError. */
const unreachable = new Set(['ERR_JOSE_GENERIC', 'ERR_JWKS_TIMEOUT', 'ERR_JWKS_INVALID'])

const secretBytes = (secret: string | Uint8Array): Uint8Array => {
  const bytes = typeof secret === 'string' ? new TextEncoder().encode(secret) : secret
  if (bytes.length >= 32) return bytes
  throw new TypeError(`A secret needs at least 32 bytes (RFC 7518, section 3.2); this has ${bytes.length}.`)
}

const secretAlgorithms = ['HS256', 'HS384', 'HS512']

const publicKeyAlgorithms = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
]

const grantOf = ({ sub, rooms }: JWTPayload, anyRoom: boolean): Grant | undefined => {
  if (!isName(sub)) return undefined
  if (rooms === undefined && anyRoom) return { id: sub }
  return Array.isArray(rooms) ? { id: sub, rooms: rooms.filter(isName) } : undefined
}
