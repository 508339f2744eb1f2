import type { IncomingMessage } from 'node:http'
import { isIPv6 } from 'node:net'

/**
 * The address that a request comes from. `trustProxy` is how many proxies of one's own stand before the relay: each
 * appends one entry to `X-Forwarded-For`, so the client's is that many from the right; what stands left of it was
 * written by the client and proves nothing.
 */
export const addressOf = (request: IncomingMessage, trustProxy: number): string => {
  const direct = plain(request.socket.remoteAddress ?? '')
  if (trustProxy === 0) return direct
  const forwarded = String(request.headers['x-forwarded-for'] ?? '').split(',')
  return plain(forwarded.at(-trustProxy)?.trim().slice(0, 64) || direct)
}

/**
 * What counts as one address: an IPv4 address, or the first 64 bits of an IPv6 address, because that is the least that
 * one subscriber gets (RFC 6177).
 */
export const addressKey = (address: string): string => {
  if (!isIPv6(address)) return address
  const [head = '', tail] = address.split('::')
  const groups = head.split(':').filter(Boolean)
  const rest = tail?.split(':').filter(Boolean) ?? []
  const zeros = tail === undefined ? 0 : 8 - groups.length - rest.length
  const all = [...groups, ...Array<string>(Math.max(0, zeros)).fill('0'), ...rest]
  return all
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')
}

/** Whether an address is of this machine. */
export const isLoopback = (address: string): boolean => address === '::1' || /^127\.\d+\.\d+\.\d+$/.test(address)

/**
 * Whether a request was made on this machine. One that a proxy passed on was not, although the proxy may run here: then
 * it carries a header that says so (if the proxy is configured to write one).
 */
export const isLocalRequest = (request: IncomingMessage): boolean =>
  isLoopback(plain(request.socket.remoteAddress ?? '')) &&
  !['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'].some((name) => name in request.headers)

/** An IPv4 address that came over an IPv6 socket is the same address (RFC 4291, section 2.5.5.2). */
const plain = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, '')
