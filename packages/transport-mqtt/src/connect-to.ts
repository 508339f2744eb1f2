import mqtt from 'mqtt'
import type { MqttClient } from './mqtt-client.ts'
import type { MqttConnectOptions } from './own-client.ts'

/** A broker, and what mqtt.js is to know beside it. */
export interface Broker {
  readonly url?: string
  readonly username?: string
  readonly password?: string
  readonly options?: Readonly<Record<string, unknown>>
}

/** Makes clients of mqtt.js, which comes with this file: so it is loaded only where somebody gives a URL. */
export const connectTo =
  ({ url = '', username, password, options = {} }: Broker) =>
  ({ keepalive, connectTimeout, clientId, ...ours }: MqttConnectOptions): MqttClient => {
    const { process } = globalThis as { process?: { versions?: { node?: string } } }
    if (!(process?.versions?.node ? /^(mqtts?|tcp|ssl|tls|wss?):\/\/./ : /^wss?:\/\/./).test(url)) {
      throw unsupported(
        `mqttTransport needs a url of mqtt:, mqtts:, ws: or wss:, in a browser of the last two, not "${url}".`,
      )
    }
    try {
      return mqtt.connect(url, {
        ...{ keepalive, connectTimeout, clientId, username, password },
        ...options,
        ...ours,
        properties: { ...(options['properties'] as object), ...ours.properties },
      } as object)
    } catch (cause) {
      throw unsupported(`mqtt.js cannot connect to ${url}: ${cause}`)
    }
  }

const unsupported = (message: string): Error => Object.assign(new Error(message), { code: 'unsupported' })
