import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'

/** A computer of the test network. */
export type Host = 'hub' | 'left' | 'right'

/** A computer with one browser. Its way to the others is `eth0`, and `eth1` as long as that one is up. */
export type Side = Exclude<Host, 'hub'>

/**
 * Three computers that are not there: network namespaces of Linux. The hub forwards between the networks of the two
 * sides and runs the servers. Nothing leads from here to any other network.
 */
export interface TestNetwork {
  /** The address of the hub, which never changes. */
  readonly hub: string
  /** What starts a command on a host: `[...on('left'), 'chromium', '--headless']`. */
  readonly on: (host: Host) => readonly [command: string, ...args: string[]]
  /** Each of these sides gets a new address in another network, and loses those of `eth0`. */
  readonly move: (...sides: readonly Side[]) => void
  /** Pulls the cable of `eth0`, or plugs it in again. */
  readonly setLink: (side: Side, state: 'up' | 'down') => void
  /** Takes `eth0` away. */
  readonly drop: (side: Side) => void
  /** Makes a second way from this side to the hub. Returns what leaves the side with `eth0` alone again. */
  readonly addSecondLink: (side: Side) => () => void
  readonly close: () => void
}

const prefix = 'parley-test'
const program = process.env['PARLEY_IP'] ?? 'ip'
const hub = '10.77.0.1'
const numbers: Record<Side, number> = { left: 1, right: 2 }

/** Why there can be no test network here, or nothing. */
export const whyNoNetwork = (): string | undefined => {
  if (process.platform !== 'linux') return 'network namespaces are a feature of Linux'
  const name = `${prefix}-${process.pid}-probe`
  try {
    ip(['netns', 'add', name])
    ip(['-n', name, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth1'])
    return undefined
  } catch (error) {
    const { code, stderr } = error as { readonly code?: string; readonly stderr?: string }
    return code === 'ENOENT' ? `there is no ${program} (package iproute2)` : `it takes root (${stderr?.trim()})`
  } finally {
    remove(name)
  }
}

export const createTestNetwork = (): TestNetwork => {
  removeAbandoned()
  const nameOf = (host: Host): string => `${prefix}-${process.pid}-${host}`
  const hosts: readonly Host[] = ['hub', 'left', 'right']
  const close = (): void => {
    process.off('exit', close)
    for (const host of hosts) remove(nameOf(host))
  }
  // A run that dies takes its namespaces along.
  process.once('exit', close)

  const configure = (host: Host, ...commands: readonly string[]): void => {
    ip(['-n', nameOf(host), '-batch', '-'], commands.join('\n'))
  }
  const link = (side: Side, device: 'eth0' | 'eth1', networks: readonly number[]): void => {
    const end = `${side}-${device}`
    configure('hub', `link add ${end} type veth peer name ${device} netns ${nameOf(side)}`, `link set ${end} up`)
    configure('hub', ...networks.map((network) => `addr add 10.77.${network}.1/24 dev ${end}`))
    configure(side, `link set ${device} up`)
  }
  /** Metrics say which way is preferred while there are two. */
  const assign = (side: Side, device: 'eth0' | 'eth1', network: number, metric: number): void =>
    configure(
      side,
      `addr add 10.77.${network}.2/24 dev ${device}`,
      `route add default via 10.77.${network}.1 dev ${device} metric ${metric}`,
    )
  const current: Record<Side, number> = { ...numbers }

  try {
    for (const host of hosts) {
      ip(['netns', 'add', nameOf(host)])
      run(program, ['netns', 'exec', nameOf(host), 'sysctl', '-qw', 'net.ipv6.conf.all.disable_ipv6=1'])
      configure(host, 'link set lo up')
    }
    run(program, ['netns', 'exec', nameOf('hub'), 'sysctl', '-qw', 'net.ipv4.ip_forward=1'])
    configure('hub', `addr add ${hub}/32 dev lo`)
    for (const side of ['left', 'right'] as const) {
      link(side, 'eth0', [numbers[side], numbers[side] + 10])
      assign(side, 'eth0', numbers[side], 100)
    }
  } catch (error) {
    close()
    throw error
  }

  return {
    hub,
    on: (host) => [program, 'netns', 'exec', nameOf(host)],
    move: (...sides) => {
      for (const side of sides) {
        current[side] = current[side] === numbers[side] ? numbers[side] + 10 : numbers[side]
        configure(side, 'addr flush dev eth0')
        assign(side, 'eth0', current[side], 100)
      }
    },
    setLink: (side, state) => configure('hub', `link set ${side}-eth0 ${state}`),
    drop: (side) => configure(side, 'addr flush dev eth0', 'link set eth0 down'),
    addSecondLink: (side) => {
      link(side, 'eth1', [numbers[side] + 20])
      assign(side, 'eth1', numbers[side] + 20, 200)
      return () => {
        configure('hub', `link del ${side}-eth1`)
        configure(side, 'addr flush dev eth0', 'link set eth0 up')
        assign(side, 'eth0', current[side], 100)
      }
    },
    close,
  }
}

const run = (command: string, args: readonly string[], input = ''): void =>
  void execFileSync(command, args, { input, encoding: 'utf8', stdio: 'pipe' })

const ip = (args: readonly string[], input?: string): void => run(program, args, input)

const remove = (name: string): void => {
  if (!existsSync(`/run/netns/${name}`)) return
  ip(['netns', 'del', name])
}

/** What a run left that was killed. */
const removeAbandoned = (): void => {
  if (!existsSync('/run/netns')) return
  for (const name of readdirSync('/run/netns')) {
    const pid = new RegExp(`^${prefix}-(\\d+)-`).exec(name)?.[1]
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) remove(name)
  }
}
