import type { MqttClient } from '../mqtt-client.ts'

/** A client whose broker is the test: it is told what happens, and remembers what it was asked for. */
export interface FakeClient extends MqttClient {
  readonly published: { topic: string; text: string; options: { retain: boolean; properties?: object }; done: Done }[]
  readonly subscribed: string[][]
  readonly ended: (boolean | undefined)[]
  /** The broker lets it in, grants the subscriptions, and brings the presence back. */
  readonly open: (properties?: object) => void
  readonly connect: (properties?: object) => void
  readonly grant: (reasons?: readonly number[]) => void
  readonly deliver: (topic: string, text: string, retain?: boolean) => void
  readonly emit: (event: string, ...details: readonly unknown[]) => void
  readonly close: () => void
}

type Done = (error?: (Error & { code?: unknown }) | null) => void

export const createFakeClient = (): FakeClient => {
  const listeners = new Map<string, Set<(...details: readonly unknown[]) => void>>()
  const grants: ((error: Error | null, granted?: unknown, packet?: { granted: readonly number[] }) => void)[] = []
  let connected = false
  let serverProperties: object | undefined
  const on = (event: string, listener: (...args: never[]) => void): void => {
    const known = listeners.get(event) ?? new Set()
    listeners.set(event, known.add(listener as (...details: readonly unknown[]) => void))
  }
  const client: FakeClient = {
    published: [],
    subscribed: [],
    ended: [],
    get connected() {
      return connected
    },
    get serverProperties() {
      return serverProperties
    },
    on,
    removeListener: (event, listener) => listeners.get(event)?.delete(listener as never),
    publish: (topic, text, options, done) => client.published.push({ topic, text, options, done }),
    subscribe: (filters, done) => {
      client.subscribed.push(Object.keys(filters))
      grants.push(done)
    },
    unsubscribe: () => {},
    end: (force) => {
      client.ended.push(force)
      connected = false
    },
    open: (properties) => {
      client.connect(properties)
      client.grant()
      const { topic = '', text = '' } = client.published.at(-1) ?? {}
      client.deliver(topic, text)
    },
    connect: (properties) => {
      connected = true
      serverProperties = properties
      client.emit('connect', { properties })
    },
    grant: (granted = [1, 1]) => grants.shift()?.(null, [], { granted }),
    deliver: (topic, text, retain = false) => client.emit('message', topic, Buffer.from(text), { retain }),
    emit: (event, ...details) => {
      for (const listener of listeners.get(event) ?? []) listener(...details)
    },
    close: () => {
      connected = false
      client.emit('close')
    },
  }
  return client
}
