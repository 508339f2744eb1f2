import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT, type JWTPayload } from 'jose'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { AuthorizeRequest, Authorize } from './authorize.ts'
import { jwtAuthorize } from './jwt.ts'
import { connect, join } from './test-client.ts'
import { startRelay } from './test-relay.ts'

const secret = 'a secret of at least 32 bytes, really'
const key = new TextEncoder().encode(secret)
const sign = (claims: JWTPayload, expires = '5m') =>
  new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).setExpirationTime(expires).sign(key)
const ask = async (authorize: Authorize, token?: string) => authorize({ token } as AuthorizeRequest)

describe('jwtAuthorize()', () => {
  it('grants the id of `sub` and the rooms of `rooms`', async () => {
    const authorize = jwtAuthorize({ secret })
    expect(await ask(authorize, await sign({ sub: 'ann', rooms: ['lobby', 'a b'] }))).toEqual({
      id: 'ann',
      rooms: ['lobby', 'a b'],
    })
  })

  it('grants no room to a token that names none, unless it is told to grant them all', async () => {
    const token = await sign({ sub: 'ann' })
    expect(await ask(jwtAuthorize({ secret }), token)).toBeUndefined()
    expect(await ask(jwtAuthorize({ secret, anyRoom: true }), token)).toEqual({ id: 'ann' })
    expect(await ask(jwtAuthorize({ secret, anyRoom: true }), await sign({ sub: 'ann', rooms: [] }))).toEqual({
      id: 'ann',
      rooms: [],
    })
    expect(await ask(jwtAuthorize({ secret, anyRoom: true }), await sign({ sub: 'ann', rooms: '*' }))).toBeUndefined()
  })

  it('refuses tokens that are absent, expired, endless, unsigned, nameless, or of somebody else', async () => {
    const authorize = jwtAuthorize({ secret, issuer: 'us', audience: 'relay' })
    const good = { sub: 'ann', rooms: ['lobby'], iss: 'us', aud: 'relay' }
    expect(await ask(authorize, await sign(good))).toBeDefined()
    const other = new TextEncoder().encode('another secret of at least 32 bytes!')
    for (const token of [
      undefined,
      '',
      'a.b.c',
      await sign(good, '1 minute ago'),
      await new SignJWT(good).setProtectedHeader({ alg: 'HS256' }).sign(key),
      await new SignJWT(good).setProtectedHeader({ alg: 'HS256' }).setExpirationTime('5m').sign(other),
      new UnsecuredJWT(good).setExpirationTime('5m').encode(),
      await sign({ ...good, sub: 'a\nb' }),
      await sign({ ...good, iss: 'them' }),
      await sign({ ...good, aud: 'shop' }),
    ]) {
      expect(await ask(authorize, token)).toBeUndefined()
    }
  })

  it('takes a public key, and no token that uses it as a secret', async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
    const authorize = jwtAuthorize({ key: publicKey })
    const claims = { sub: 'ann', rooms: ['lobby'] }
    const token = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'ES256' })
      .setExpirationTime('5m')
      .sign(privateKey)
    expect(await ask(authorize, token)).toMatchObject({ id: 'ann' })
    expect(await ask(authorize, await sign(claims))).toBeUndefined()
  })

  it('fetches public keys, and makes the client try again when it cannot', async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
    const keys = { keys: [{ ...(await exportJWK(publicKey)), kid: '1', alg: 'ES256' }] }
    let status = 500
    const server = createServer((_request, response) => {
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(keys))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const jwksUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`
    const { url } = await startRelay({ authorize: jwtAuthorize({ jwksUrl }) })
    const issue = (kid: string) =>
      new SignJWT({ sub: 'ann', rooms: ['lobby'] })
        .setProtectedHeader({ alg: 'ES256', kid })
        .setExpirationTime('5m')
        .sign(privateKey)
    const codeOf = async (token: string) => {
      const client = connect(url)
      await client.opened
      client.hello({ id: 'ann', token })
      return (await client.closed)[0]
    }
    expect(await codeOf(await issue('1'))).toBe(1011)
    status = 200
    expect(await codeOf(await issue('unknown'))).toBe(4401)
    await join(url, { id: 'ann', token: await issue('1') })
  })

  it('throws when it is not told how to check, or told two ways, or the secret is short', () => {
    expect(() => jwtAuthorize({})).toThrow('exactly one of secret, jwksUrl and key')
    expect(() => jwtAuthorize({ secret, jwksUrl: 'https://id.example/jwks.json' })).toThrow('exactly one')
    expect(() => jwtAuthorize({ secret: 'short' })).toThrow('at least 32 bytes (RFC 7518, section 3.2); this has 5')
  })
})
