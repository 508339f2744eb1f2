import type { PeerAddress, SignalingTransport } from '@parley-rtc/core'

/** Whatever you have that carries text by topic. */
export interface PubSub {
  readonly publish: (topic: string, text: string) => void
  /** Returns what ends the subscription. */
  readonly subscribe: (topic: string, listener: (text: string) => void) => () => void
}

export const pubSubTransport =
  (pubSub: PubSub): SignalingTransport =>
  ({ room, self, onOpen, onMessage, onPresence }) => {
    const topicOf = (...names: string[]) => JSON.stringify(['parley', room, ...names])
    const present = new Map<string, PeerAddress>()
    let closed = false

    const say = (topic: string, type: 'hello' | 'here' | 'bye' | 'text', text?: string) => {
      if (!closed) pubSub.publish(topic, JSON.stringify({ type, from: self, text }))
    }
    const receive = (data: string) => {
      const { type, from, text } = parse(data)
      if (closed || !from?.id || !from.instance) return // not ours
      if (from.instance === self.instance) return // many media bring one's own messages back
      if (type === 'text') return onMessage(from.id, text)
      if (type === 'hello') say(topicOf(from.id), 'here')
      if (present.has(from.instance) === (type !== 'bye')) return
      if (type === 'bye') present.delete(from.instance)
      else present.set(from.instance, from)
      onPresence({ type: type === 'bye' ? 'left' : 'joined', peer: from })
    }

    const stops = [topicOf(), topicOf(self.id)].map((topic) => pubSub.subscribe(topic, receive))
    queueMicrotask(() => {
      if (closed) return
      onOpen()
      say(topicOf(), 'hello')
    })
    return {
      send: (to, text) => say(topicOf(to), 'text', text),
      close: async () => {
        say(topicOf(), 'bye')
        closed = true
        for (const stop of stops) stop()
      },
    }
  }

const parse = (data: string) => {
  try {
    return Object(JSON.parse(data))
  } catch {
    return {}
  }
}
