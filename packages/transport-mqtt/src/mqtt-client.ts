/**
 * What this transport needs of an MQTT client. The client of mqtt.js 5 is one; its types are not needed, so that who
 * brings another one, or none, does not have to install it.
 */
export interface MqttClient {
  readonly connected: boolean
  /** The properties of the CONNACK (MQTT 5), while connected. */
  readonly serverProperties?: ServerProperties | undefined
  on(event: 'connect' | 'close' | 'message' | 'error' | 'disconnect', listener: (...args: never[]) => void): unknown
  removeListener(event: 'connect' | 'close' | 'message', listener: (...args: never[]) => void): unknown
  /** Calls back once, also when the link is lost. */
  publish(topic: string, text: string, options: PublishOptions, done: PublishDone): unknown
  subscribe(filters: Subscriptions, done: SubscribeDone): unknown
  unsubscribe(filters: string[]): unknown
  end(force?: boolean): unknown
}

/** What a broker says about itself when it lets a client in. */
export interface ServerProperties {
  /** Bytes of the longest packet that the broker takes. */
  readonly maximumPacketSize?: number
}

interface PublishOptions {
  readonly qos: 1
  readonly retain: boolean
  readonly properties?: { readonly messageExpiryInterval?: number }
}

/** The code of an error is the reason code with which the broker refuses. */
type PublishDone = (error?: (Error & { readonly code?: unknown }) | null) => void

/** Filters with their options. `resubscribe` makes mqtt.js ask the broker also for a filter that it knows. */
type Subscriptions = Record<string, SubscribeOptions> & { resubscribe?: boolean }

interface SubscribeOptions {
  readonly qos: 1
  /** No-local, retain as published, retain handling: section 3.8.3.1 of MQTT 5. */
  readonly nl?: boolean
  readonly rap?: boolean
  readonly rh?: number
}

type SubscribeDone = (error: Error | null, granted?: unknown, packet?: { readonly granted?: readonly number[] }) => void

/** A message as mqtt.js hands it over. */
export type ReceiveMessage = (topic: string, payload: Payload, packet: { readonly retain: boolean }) => void

/** UTF-8, as a Buffer. */
export interface Payload {
  readonly length: number
  toString(): string
}
