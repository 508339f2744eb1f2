import type { IncomingMessage } from 'node:http'
import type { Hello } from './hello.ts'

/** Who wants to join, as `authorize` is asked. */
export interface AuthorizeRequest {
  /** The token of the first frame, not looked at yet. */
  readonly token: string | undefined
  /** The page, as its browser named it; undefined for programs. */
  readonly origin: string | undefined
  /** The address of the client: that of the socket, or with `trustProxy` that which the proxy wrote. */
  readonly address: string
  /** The room that the client wants to join. */
  readonly room: string
  /** The id that the client wants to have. */
  readonly id: string
  /** The request of the upgrade, for cookies and other headers. */
  readonly request: IncomingMessage
}

/** What somebody may do. */
export interface Grant {
  /** The only id that it may have; any when absent. */
  readonly id?: string
  /** The only rooms that it may join; any when absent. */
  readonly rooms?: readonly string[]
}

/**
 * Says what a client may do, or undefined when it may not join. A throw or a rejection means that it cannot be said
 * now (the identity provider is down): the client is told to try again.
 */
export type Authorize = (request: AuthorizeRequest) => Grant | undefined | Promise<Grant | undefined>

/** Whether a grant covers what a hello asks for. */
export const covers = (grant: Grant | undefined, { id, room }: Hello): boolean =>
  !!grant && (grant.id ?? id) === id && (grant.rooms?.includes(room) ?? true)
