import { describe, it } from 'vitest'
import { describeTransport } from '@parley-rtc/core/testing'
import { pubSubTransport, type PubSub } from './pub-sub-transport.ts'

/** A medium to test with: any that is real does as well. */
const createPubSub = (): PubSub => {
  const topics = new Map<string, Set<(text: string) => void>>()
  return {
    publish: (topic, text) => setTimeout(() => topics.get(topic)?.forEach((listener) => listener(text))),
    subscribe: (topic, listener) => {
      const listeners = topics.get(topic) ?? new Set()
      topics.set(topic, listeners.add(listener))
      return () => void listeners.delete(listener)
    },
  }
}

const pubSub = createPubSub()

describeTransport('pubSubTransport()', { transport: () => pubSubTransport(pubSub) }, { describe, it })
