/**
 * The frames between a client and the relay: an address, a line feed, a payload. The whole protocol stands in
 * docs/decisions/0007-relay-wire.md.
 */
import { maxNameBytes } from './name.ts'

/** The subprotocol that a client offers and the relay chooses. */
export const subprotocol = 'parley.1'

/** Why the relay closes a connection. From 4400 on they are its own, below they are those of RFC 6455, section 7.4.1. */
export const closeCodes = {
  replaced: 1000,
  malformedFrames: 1008,
  authorizationFailed: 1011,
  stopping: 1012,
  readsTooSlowly: 1013,
  malformedHello: 4400,
  unauthorized: 4401,
  foreignOrigin: 4403,
  noHello: 4408,
  idTaken: 4409,
  idHeld: 4423,
  noCommonVersion: 4426,
  overRate: 4429,
  full: 4507,
} as const

export type CloseName = keyof typeof closeCodes

/** What the relay itself says to a client. */
export type RelayMessage =
  | { readonly type: 'welcome'; readonly resume: string; readonly peers: readonly PeerName[] }
  | { readonly type: 'joined' | 'left'; readonly peer: PeerName }
  | { readonly type: 'unreachable'; readonly to: string }
  | { readonly type: 'slow-down'; readonly retryAfter: number }
  | { readonly type: 'drain'; readonly after: number }

export interface PeerName {
  readonly id: string
  readonly instance: string
}

const lineFeed = 0x0a

/** Where the address of a frame ends, or -1. Looks no further than the longest address, and at nothing behind it. */
export const addressEnd = (frame: Buffer): number => {
  const end = Math.min(frame.length, maxNameBytes + 1)
  for (let index = 0; index < end; index++) if (frame[index] === lineFeed) return index
  return -1
}

/** The frame with another address: `from` takes the place of everything before the line feed at `end`. */
export const readdress = (frame: Buffer, end: number, from: string): Buffer => {
  const length = Buffer.byteLength(from)
  const result = Buffer.allocUnsafe(length + frame.length - end)
  result.write(from, 0)
  frame.copy(result, length, end)
  return result
}

/** A frame of the relay itself: its address is empty. */
export const relayFrame = (message: RelayMessage): Buffer => Buffer.from(`\n${JSON.stringify(message)}`)

/** The answer to a client that asks whether the relay is there. */
export const aliveFrame = Buffer.from('\n')
