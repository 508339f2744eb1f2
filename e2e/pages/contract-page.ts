import { transportChecks, type TransportCheck } from '@parley-rtc/core/testing'
import { mqttTransport } from '@parley-rtc/transport-mqtt'
import { webSocketTransport } from '@parley-rtc/transport-ws'

/** The sockets of this page, by the instance that their first frame names. */
const sockets = new Map<string, WebSocket>()

class WatchedSocket extends WebSocket {
  override send(data: string): void {
    const [, instance] = /"instance":"([\w.~-]+)"/.exec(data) ?? []
    if (instance !== undefined && !data.includes('\n')) sockets.set(instance, this)
    super.send(data)
  }
}

/** ms for one check: Chromium opens many sockets to one host one after the other, and slowly. */
const deadline = 20_000

let checks: readonly TransportCheck[] = []

/** What tests reach through `window.e2e`. */
const driver = {
  /** Takes the contract's checks for the relay at an address. Returns their names. */
  checkRelay: (url: string): readonly string[] => {
    checks = transportChecks({
      transport: () => webSocketTransport({ url, WebSocket: WatchedSocket }),
      exclusiveIds: true,
      deadline,
      // A close without a word of leaving is a loss to the relay, and so it is to the transport.
      disconnect: ({ instance }) => sockets.get(instance)?.close(4000),
    })
    return checks.map(({ name }) => name)
  },
  /** The same for a broker. */
  checkBroker: (url: string): readonly string[] => {
    checks = transportChecks({ transport: () => mqttTransport({ url }), deadline })
    return checks.map(({ name }) => name)
  },
  /** Runs one check; returns why it failed, or an empty text. */
  check: (name: string): Promise<string> => {
    const run = checks.find((check) => check.name === name)?.run ?? (() => Promise.reject(new Error('no such check')))
    return run().then(() => '', String)
  },
}

/** The driver of the page `contract`. */
export type ContractDriver = typeof driver

Object.assign(window, { e2e: driver })
document.documentElement.setAttribute('data-ready', '')
