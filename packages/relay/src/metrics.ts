import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { RelayCounters } from './counters.ts'

/** What is asked for when somebody reads the metrics. */
export interface MetricsSource {
  readonly counters: RelayCounters
  readonly gauges: () => {
    readonly connections: number
    readonly rooms: number
    readonly members: number
    readonly held: number
  }
}

/**
 * Registers the metrics of a relay. They read the counters when they are scraped, so that nothing but a number is
 * counted up while frames pass. Returns what observes the time that a client took to join.
 */
export const registerMetrics = (
  registry: Registry,
  { counters, gauges }: MetricsSource,
): ((seconds: number) => void) => {
  const registers = [registry]
  const count = (name: string, help: string, read: () => number): void => {
    new Counter({
      name: `parley_relay_${name}`,
      help,
      registers,
      collect() {
        this.reset()
        this.inc(read())
      },
    })
  }
  const countEach = (name: string, help: string, label: string, read: () => Record<string, number>): void => {
    new Counter({
      name: `parley_relay_${name}`,
      help,
      labelNames: [label],
      registers,
      collect() {
        this.reset()
        for (const [value, number] of Object.entries(read())) this.inc({ [label]: value }, number)
      },
    })
  }
  const gauge = (name: keyof ReturnType<MetricsSource['gauges']>, help: string): void => {
    new Gauge({
      name: `parley_relay_${name}`,
      help,
      registers,
      collect() {
        this.set(gauges()[name])
      },
    })
  }

  gauge('connections', 'Open sockets, those included that have not joined yet.')
  gauge('rooms', 'Rooms with at least one id.')
  gauge('members', 'Ids in all rooms, held ones included.')
  gauge('held', 'Ids that are held for a peer that was lost.')
  count('accepted_total', 'Connections that were let in.', () => counters.accepted)
  count('joined_total', 'Clients that got a welcome.', () => counters.joined)
  count('resumed_total', 'Clients that came back with their resume token.', () => counters.resumed)
  count('messages_total', 'Frames passed from peer to peer, or kept for a held id.', () => counters.messages)
  count('bytes_total', 'Bytes of these frames.', () => counters.bytes)
  count('slow_downs_total', 'Clients that were told to slow down.', () => counters.slowDowns)
  countEach('dropped_total', 'Frames that reached nobody.', 'reason', () => counters.dropped)
  countEach('refused_total', 'Upgrades that were refused with 503.', 'reason', () => counters.refused)
  countEach('ended_total', 'Connections that ended.', 'reason', () => counters.ended)

  const joinTime = new Histogram({
    name: 'parley_relay_join_seconds',
    help: 'Time from the upgrade to the welcome, authorization included.',
    buckets: [0.25, 0.5, 1, 2, 5],
    registers,
  })
  return (seconds) => joinTime.observe(seconds)
}
