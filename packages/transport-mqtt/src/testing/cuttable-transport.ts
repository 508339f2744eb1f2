import mqtt from 'mqtt'
import { mqttTransport, type MqttConnectOptions, type MqttTransport, type MqttTransportOptions } from '../index.ts'

/** Transports whose link a test can cut, by the instance of the peer: it is the client id. */
export const createCuttable = (url: () => string, options: Omit<MqttTransportOptions, 'url'> = {}) => {
  const clients = new Map<string, mqtt.MqttClient>()
  const connect = (made: MqttConnectOptions): mqtt.MqttClient => {
    const client = mqtt.connect(url(), made)
    clients.set(made.clientId, client)
    return client
  }
  return {
    transport: (): MqttTransport => mqttTransport({ connect, ...options }),
    disconnect: ({ instance }: { readonly instance: string }) => clients.get(instance)?.stream.destroy(),
  }
}
