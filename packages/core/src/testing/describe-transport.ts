import type { PeerAddress, SignalingTransport } from '../signaling/transport.ts'
import { connectionChecks } from './transport-checks-connection.ts'
import { deliveryChecks } from './transport-checks-delivery.ts'
import { createStage, type Stage } from './transport-stage.ts'

/** The transport that is judged, and what is needed around it. */
export interface TransportSubject {
  /** A configured transport. Called once for each peer of a check, as if each ran on its own device. */
  readonly transport: () => SignalingTransport
  /** Runs before each check, for example to start a broker. */
  readonly setup?: () => unknown
  /** Runs after each check, also after one that failed. */
  readonly teardown?: () => unknown
  /**
   * Cuts the link of one peer as a network loss would, once; the transport is expected back by itself. Without it,
   * the checks of a reconnect are left out.
   */
  readonly disconnect?: (self: PeerAddress, room: string) => unknown
  /**
   * The medium lets one instance in under an id, and refuses another with `onClose` and the code `id-taken`. Then that
   * is checked, in place of what two instances under one id are promised. Default false.
   */
  readonly exclusiveIds?: boolean
  /** Milliseconds that one check may take. Default 4000: less than what runners grant, so that the reason is seen. */
  readonly deadline?: number
}

/** One promise of the contract, ready to be tested. */
export interface TransportCheck {
  readonly name: string
  /** Rejects with a sentence that says which promise is broken, and what was seen. */
  readonly run: () => Promise<void>
}

/** The two functions that Vitest, Jest, Mocha, `node:test` and others have alike. */
export interface TestRunner {
  readonly describe: (name: string, define: () => void) => unknown
  readonly it: (name: string, run: () => Promise<void>) => unknown
}

/** A check before it is bound to a transport. */
export interface StagedCheck {
  readonly name: string
  readonly play: (stage: Stage, subject: TransportSubject) => Promise<void>
  /** Whether it is about a link that is lost and comes back. */
  readonly reconnects?: boolean
  /** Whether it needs a medium that lets several instances in under an id, or one that does not. */
  readonly ids?: 'shared' | 'exclusive'
}

/**
 * Declares a suite that holds a transport against the contract of signaling.
 *
 * ```ts
 * import { describe, it } from 'vitest'
 * describeTransport('carrier pigeons', { transport: () => pigeonTransport({ loft }) }, { describe, it })
 * ```
 * Without a runner, the globals `describe` and `it` are taken.
 */
export const describeTransport = (name: string, subject: TransportSubject, runner?: TestRunner): void => {
  const { describe, it } = runner ?? (globalThis as unknown as Partial<TestRunner>)
  if (!describe || !it) {
    throw new TypeError('describeTransport found no global describe and it: pass them, as in { describe, it }.')
  }
  describe(`${name} keeps the contract of signaling transports`, () => {
    for (const check of transportChecks(subject)) it(check.name, check.run)
  })
}

/** The same checks as a list, for where there is no test runner, such as inside of a browser page. */
export const transportChecks = (subject: TransportSubject): readonly TransportCheck[] =>
  [...connectionChecks, ...deliveryChecks]
    .filter(({ reconnects }) => subject.disconnect || !reconnects)
    .filter(({ ids }) => ids === undefined || ids === (subject.exclusiveIds ? 'exclusive' : 'shared'))
    .map((check) => ({ name: check.name, run: () => run(check, subject) }))

const run = async (check: StagedCheck, subject: TransportSubject): Promise<void> => {
  try {
    await subject.setup?.()
    const stage = createStage(subject.transport, subject.deadline ?? 4000)
    try {
      await check.play(stage, subject)
    } catch (error) {
      // What the check found matters; that such a transport closes badly too is no news.
      await stage.end().catch(() => {})
      throw error
    }
    await stage.end()
  } finally {
    await subject.teardown?.()
  }
}
