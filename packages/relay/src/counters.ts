import type { CloseName } from './wire.ts'

/** Why a frame did not reach anybody. */
export type DropReason =
  | 'unreachable'
  | 'malformed'
  | 'over-rate'
  | 'slow-reader'
  | 'hold-full'
  | 'hold-over'
  | 'before-welcome'
  | 'closing'

/** Why an upgrade was refused. */
export type RefuseReason = 'draining' | 'connections' | 'address' | 'address-rate'

/**
 * Why a connection ended: a close of the relay by its name, one of the client (`left`), a protocol error that `ws` found
 * (`too-large`, `invalid`), no answer to a ping, a fault of the relay (`failed`), or a lost socket.
 */
export type EndReason = CloseName | 'left' | 'lost' | 'silent' | 'failed' | 'invalid' | 'too-large'

/** What the relay did since it was made. Plain numbers, because they are counted for each frame. */
export interface RelayCounters {
  /** Connections that were let in. */
  accepted: number
  /** Hellos that ended in a welcome. */
  joined: number
  /** Welcomes of peers that came back with their resume token. */
  resumed: number
  /** Frames from a peer to a peer that were passed on, or kept for a held id. */
  messages: number
  /** Bytes of these frames. */
  bytes: number
  /** Peers that were told to slow down. */
  slowDowns: number
  readonly dropped: Record<DropReason, number>
  readonly refused: Record<RefuseReason, number>
  readonly ended: Record<EndReason, number>
}

export const createCounters = (): RelayCounters => ({
  accepted: 0,
  joined: 0,
  resumed: 0,
  messages: 0,
  bytes: 0,
  slowDowns: 0,
  dropped: {
    unreachable: 0,
    malformed: 0,
    'over-rate': 0,
    'slow-reader': 0,
    'hold-full': 0,
    'hold-over': 0,
    'before-welcome': 0,
    closing: 0,
  },
  refused: { draining: 0, connections: 0, address: 0, 'address-rate': 0 },
  ended: {
    replaced: 0,
    malformedFrames: 0,
    authorizationFailed: 0,
    stopping: 0,
    readsTooSlowly: 0,
    malformedHello: 0,
    unauthorized: 0,
    foreignOrigin: 0,
    noHello: 0,
    idTaken: 0,
    idHeld: 0,
    noCommonVersion: 0,
    overRate: 0,
    full: 0,
    left: 0,
    lost: 0,
    silent: 0,
    failed: 0,
    invalid: 0,
    'too-large': 0,
  },
})
