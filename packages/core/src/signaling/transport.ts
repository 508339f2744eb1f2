/**
 * The contract between core and everything that carries signaling.
 *
 * A transport moves opaque text between the peers of a room and says who is there. It reconnects by itself; it may
 * lose, double or reorder messages. Ordering, resending, validation and deadlines are core's, written once.
 * A transport imports only these types from core, never a value.
 */

/** Who somebody is: the id the application gave it, and the instance that runs under that id now. */
export interface PeerAddress {
  /** Any printable text of 1 to 128 characters, compared as it is. A transport encodes it for its medium. */
  readonly id: string
  /** New for each `createPeer()`, kept in memory only: a reloaded page has its old id and another instance. */
  readonly instance: string
}

/** Configure first, connect later: `webSocketTransport(options)` returns one of these; core calls it once. */
export type SignalingTransport = (join: SignalingJoin) => SignalingLink

/** What core hands to a transport when it joins a room. Each callback may be called at any time until `close()`. */
export interface SignalingJoin {
  /** 1 to 128 printable characters. Nothing of one room may reach another. */
  readonly room: string
  /** Whom messages are for, and who is announced to the others. */
  readonly self: PeerAddress
  /** Messages can be sent and will be received from now on. Called again after each reconnect. */
  readonly onOpen: () => void
  /** A message for this peer, with the id of its sender as the medium knows it. */
  readonly onMessage: (from: string, text: string) => void
  /**
   * Somebody else entered or left the room. After each `onOpen`, whoever is there is told as `joined` (again does no
   * harm), and whoever left while the link was lost as `left`.
   */
  readonly onPresence: (change: PresenceChange) => void
  /** The medium knows that nobody took a message for this id. Call it only when sure. */
  readonly onUnreachable: (to: string) => void
  /**
   * The link was lost and will be tried again; once per `onOpen`. With a reason, before the first `onOpen` or later, it says
   * that the room cannot be joined, or not again, and that nobody tries any more.
   */
  readonly onClose: (reason?: Error) => void
}

/** Somebody entered or left. */
export interface PresenceChange {
  readonly type: 'joined' | 'left'
  readonly peer: PeerAddress
}

/** The open (or opening) link to one room. */
export interface SignalingLink {
  /** Sends text to every instance under an id. May lose, double or reorder; never throws on a lost link. */
  readonly send: (to: string, text: string) => void
  /** Leaves the room. Idempotent; nothing is delivered after it was called, `onClose` included. */
  readonly close: () => Promise<void>
  /**
   * Why there is no link now, in a sentence for people, such as which address does not answer. Read while the link is not
   * open; without secrets, since it is logged.
   */
  readonly trouble?: string | undefined
  /** For a medium that does not know who is there: somebody is about to be called, so find out and tell. */
  readonly seek?: (id: string) => void
  /**
   * The longest text that the medium carries, in characters; longer messages are sent in pieces. At least 512. Read at
   * each message, since a medium may learn it only when it opens: what wraps a link passes it on as a getter.
   */
  readonly maxLength?: number | undefined
}
