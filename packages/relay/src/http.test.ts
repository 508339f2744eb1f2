import { createServer, request, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect as connectSocket } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createRelay } from './relay.ts'
import { connect, join } from './test-client.ts'
import { startRelay, startTimedRelay } from './test-relay.ts'

const get = async (port: number, path: string, headers: Record<string, string> = {}) => {
  const response = await new Promise<IncomingMessage>((resolve, reject) =>
    request({ host: '127.0.0.1', port, path, headers, agent: false }, resolve).on('error', reject).end(),
  )
  let body = ''
  for await (const chunk of response) body += String(chunk)
  return { status: response.statusCode, body, headers: response.headers }
}

describe('the server of a relay', () => {
  it('says that it lives, that it is ready, and what it is', async () => {
    const { port } = await startRelay()
    expect(await get(port, '/healthz')).toMatchObject({ status: 200, body: 'ok\n' })
    expect(await get(port, '/readyz?x=1')).toMatchObject({ status: 200, body: 'ready\n' })
    expect(await get(port, '/')).toMatchObject({ status: 426, headers: { upgrade: 'websocket' } })
  })

  it('is not ready while it drains, and refuses newcomers with 503', async () => {
    const { port, url, relay, clock } = await startTimedRelay()
    const ann = await join(url, { id: 'ann' })
    const drained = relay.drain()
    expect(await get(port, '/readyz')).toMatchObject({ status: 503, body: 'draining\n' })
    expect(await get(port, '/healthz')).toMatchObject({ status: 200 })
    await expect(connect(url).opened).rejects.toThrow('503')
    expect(relay.counters.refused.draining).toBe(1)
    clock.advance(10_250)
    await ann.closed
    clock.advance(5_000)
    await drained
    await expect(get(port, '/readyz')).rejects.toThrow('ECONNREFUSED')
  })

  it('shows the metrics to this machine only, and to nobody else that there are any', async () => {
    const { port, url } = await startRelay()
    const ann = await join(url, { id: 'ann' })
    ann.send('nobody', 'x')
    await ann.takeSaid('unreachable')
    const { status, body, headers } = await get(port, '/metrics')
    expect(status).toBe(200)
    expect(headers['content-type']).toContain('text/plain')
    expect(body).toContain('parley_relay_connections 1\n')
    expect(body).toContain('parley_relay_rooms 1\n')
    expect(body).toContain('parley_relay_held 0\n')
    expect(body).toContain('parley_relay_dropped_total{reason="unreachable"} 1\n')
    expect(body).toContain('parley_relay_dropped_total{reason="over-rate"} 0\n')
    expect(body).toContain('parley_relay_join_seconds_count 1\n')
    const again = await get(port, '/metrics')
    expect(again.body).toContain('parley_relay_dropped_total{reason="unreachable"} 1\n')
    expect(again.body).toContain('parley_relay_joined_total 1\n')
    const passedOn = await get(port, '/metrics', { 'x-forwarded-for': '127.0.0.1' })
    expect(passedOn.status).toBe(426)
  })

  it('shows the metrics on a port of their own', async () => {
    const { port, metricsPort } = await startRelay({ metricsPort: 0 })
    expect((await get(port, '/metrics')).status).toBe(426)
    expect((await get(metricsPort ?? 0, '/metrics')).status).toBe(200)
    expect((await get(metricsPort ?? 0, '/readyz')).status).toBe(200)
    expect((await get(metricsPort ?? 0, '/')).status).toBe(404)
  })

  it('ends a request whose head does not come to its end', async () => {
    const { port } = await startRelay({ limits: { requestTimeout: 300 } })
    const socket = connectSocket(port, '127.0.0.1')
    onTestFinished(() => void socket.destroy())
    socket.write('GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ')
    const answer = await new Promise((resolve) => socket.once('data', resolve))
    expect(String(answer)).toContain('408 Request Timeout')
  })

  it('survives upgrades that are none, and they take no place', async () => {
    const { port, url } = await startRelay({ limits: { connections: 1 } })
    for (const head of [
      'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
      'POST / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n',
      'GET http://[ HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
      '\u0000\u0001\u0002\r\n\r\n',
    ]) {
      const socket = connectSocket(port, '127.0.0.1')
      socket.on('error', () => {}).resume()
      socket.write(head)
      await new Promise((resolve) => socket.once('close', resolve))
    }
    await join(url, { id: 'ann' })
  })

  it('gives its handlers to a server of yours', async () => {
    const relay = createRelay({ port: 0 })
    onTestFinished(relay.close)
    const server = createServer(relay.handlers.metrics)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    expect((await get(port, '/', { via: 'x' })).body).toContain('parley_relay_connections 0\n')
  })
})
