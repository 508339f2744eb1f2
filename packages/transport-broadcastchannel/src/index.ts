/**
 * Signaling between the tabs, same-origin iframes and workers of one browser, without a server.
 *
 * A BroadcastChannel per room carries the messages. Presence is an exclusive Web Lock that each instance holds under
 * its address: the browser itself releases it when a tab is closed, reloaded or crashes, so whoever waits for that
 * lock knows at once, and there is no heartbeat.
 *
 * @packageDocumentation
 */
import type { PeerAddress, SignalingJoin, SignalingTransport } from '@parley-rtc/core'

/** Options of {@link broadcastChannelTransport}. */
export interface BroadcastChannelTransportOptions {
  /** Printable text that keeps the applications of one origin apart: only equal prefixes meet. Default `parley`. */
  readonly prefix?: string
}

/** A transport for the tabs, iframes and workers of one origin. Needs a secure context: https or localhost. */
export const broadcastChannelTransport =
  ({ prefix = 'parley' }: BroadcastChannelTransportOptions = {}): SignalingTransport =>
  ({ room, self, onOpen, onMessage, onPresence, onUnreachable, onClose }: SignalingJoin) => {
    const locks = requireLocks()
    const channel = new BroadcastChannel(join(prefix, room))
    const closing = new AbortController()
    const { signal } = closing
    const own = join(prefix, room, self.id, self.instance)
    const present = new Map<string, PeerAddress>()
    let open = false
    let release = (): void => {}
    const released = new Promise<void>((resolve) => (release = resolve))

    const isPresent = (id: string): boolean => [...present.values()].some((peer) => peer.id === id)

    const post = (to?: string, text?: string): void => {
      try {
        channel.postMessage({ from: self.id, instance: self.instance, to, text })
      } catch {
        // The channel is closed, or the text is something that cannot be cloned: `send` never throws.
      }
    }

    // Only a held lock makes somebody present. A greeting is merely the hint to look: one that arrives after its
    // sender left must not bring it back.
    const look = async (): Promise<void> => {
      const { held = [] } = await locks.query()
      for (const { name = '', mode } of held) {
        const [base, at, id, instance] = name.split(separator)
        // Those who wait for a lock hold it for a moment too, but shared.
        if (signal.aborted || mode !== 'exclusive' || base !== prefix || at !== room || !id || !instance) continue
        if (name !== own && !present.has(name)) watch(name, { id, instance })
      }
    }

    const watch = (name: string, peer: PeerAddress): void => {
      present.set(name, peer)
      locks
        .request(name, { mode: 'shared', signal }, () => {
          present.delete(name)
          if (!signal.aborted) onPresence({ type: 'left', peer })
        })
        .catch(ignore)
      onPresence({ type: 'joined', peer })
    }

    // The lock comes before the greeting and the greeting before the look, so that of two who join at once the later
    // holder finds the earlier one, and the earlier one is greeted.
    const enter = (): Promise<void> => {
      onOpen()
      open = true
      for (const peer of present.values()) if (!signal.aborted) onPresence({ type: 'joined', peer })
      post()
      look().catch(ignore)
      return released
    }

    // A held lock is lost only when some other script steals it. A request that was refused is refused for good.
    const hold = (): Promise<void> =>
      locks.request(own, { signal }, enter).catch((reason: Error) => {
        if (signal.aborted) return
        const again = open
        open = false
        onClose(reason)
        return again ? hold() : undefined
      })

    channel.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (signal.aborted) return
      const { from, instance, to, text } = (data ?? {}) as Record<string, unknown>
      if (typeof from !== 'string' || typeof instance !== 'string') return
      if (!present.has(join(prefix, room, from, instance))) look().catch(ignore)
      if (to === self.id && typeof text === 'string') onMessage(from, text)
    }

    const left = hold()
    return {
      send: (to, text) => {
        if (signal.aborted) return
        if (isPresent(to)) return post(to, text)
        // Not posted before the look: whoever is reported as unreachable must not get the message after all.
        look()
          .then(() => {
            if (isPresent(to)) post(to, text)
            else if (!signal.aborted) onUnreachable(to)
          })
          .catch(ignore)
      },
      close: () => {
        closing.abort()
        channel.close()
        release()
        return left
      },
    }
  }

// Ids, rooms and instances are printable, so a control character cannot be part of one.
const separator = '\n'

const join = (...parts: string[]): string => parts.join(separator)

const ignore = (): void => {}

const requireLocks = (): LockManager => {
  const { navigator, isSecureContext } = globalThis as { navigator?: Partial<Navigator>; isSecureContext?: boolean }
  if (navigator?.locks && globalThis.BroadcastChannel) return navigator.locks
  const [code, advice] =
    isSecureContext === false
      ? ['insecure-context', 'browsers give to secure pages only: serve it over https or from localhost']
      : ['unsupported', 'this runtime lacks: take another transport']
  throw Object.assign(new Error(`broadcastChannelTransport needs BroadcastChannel and Web Locks, which ${advice}.`), {
    code,
  })
}
