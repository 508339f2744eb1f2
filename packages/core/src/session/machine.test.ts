import { describe, expect, it } from 'vitest'
import { deadlines, events, samples, stateOf, states, take, tell, waitsOf, type Cause } from './machine-stage.ts'
import { sessionMachine } from './machine.ts'

const signals = (what: string) => ({
  'signal.offer': what,
  'signal.answer': what,
  'signal.candidates': what,
  'signal.floor-request': what,
  'signal.floor-grant': what,
  'signal.ringing': what,
  'signal.reconnect': what,
  'signal.ping': what,
  'signal.frozen': what,
  'signal.channels': what,
  'signal.muted': what,
})

/** Nothing at all. */
const nothing: Readonly<Record<Cause, string>> = {
  ...signals(''),
  'signal.reject': '',
  'signal.hangup': '',
  'call.start': '',
  'call.accept': '',
  'call.reject': '',
  'call.hangup': '',
  'call.close': '',
  'call.yield': '',
  'remote.left': '',
  'remote.joined': '',
  'remote.replaced': '',
  'network.changed': '',
  'page.frozen': '',
  'page.woken': '',
  'control.heard': '',
  'delivery.heard': '',
  'delivery.settled': '',
  'rtc.connected': '',
  'rtc.disconnected': '',
  'rtc.failed': '',
  'negotiation.failed': '',
  'rtc.closed': '',
  'negotiation.signals': '',
  'negotiation.changed': '',
  reach: '',
  answer: '',
  ring: '',
  connect: '',
  probe: '',
  silence: '',
  grace: '',
  restart: '',
  recover: '',
  end: '',
}

/** The other side ends it, or is gone. */
const endsRemotely = {
  'signal.reject': '-> ended, remote rejected',
  'signal.hangup': '-> ended, remote failed',
  'remote.replaced': '-> ended, remote replaced',
}
const endsHere = (reason: string, message = 'hangup') => `-> ending, local ${reason}, sends ${message}`
const endsActive = (reason: string) => `-> active.ending, local ${reason}, sends hangup`

const ringing = {
  ...nothing,
  ...signals('ignored'),
  ...endsRemotely,
  'signal.candidates': 'keeps it',
  'call.accept': '-> active.connecting.attempting, starts',
  'call.reject': endsHere('busy', 'reject'),
  'call.hangup': endsHere('rejected', 'reject'),
  'call.close': endsHere('closed'),
  ring: endsHere('unanswered'),
}
/** Alice is the caller, so it is her who makes another connection. */
const reconnects = '-> active.recovering.reconnecting, stops, starts'
const active = {
  ...nothing,
  ...signals('forwards'),
  'signal.reconnect': reconnects,
  'signal.reject': '-> ended, remote rejected, stops',
  'signal.hangup': '-> ended, remote failed, stops',
  'remote.replaced': '-> ended, remote replaced, stops',
  'call.hangup': endsActive('hangup'),
  'call.close': endsActive('closed'),
  'rtc.failed': endsActive('failed'),
  'negotiation.failed': endsActive('failed'),
  'negotiation.signals': 'sends floor-request',
  'negotiation.changed': 'shows it',
}
const calling = {
  ...active,
  'signal.answer': '-> active.connecting.attempting, forwards',
  'call.hangup': endsActive('cancelled'),
  'call.yield': '-> active.connecting.attempting, stops, starts',
  answer: endsActive('unanswered'),
}
/** The end of alice stands over that of bob, so she waits to be confirmed; scenarios have it the other way round. */
const ending = {
  ...nothing,
  ...signals('ignored'),
  'signal.reject': '',
  'signal.hangup': '',
  'remote.left': '-> ended',
  'remote.replaced': '-> ended',
  'delivery.settled': '-> ended',
  end: '-> ended',
}

const connecting = {
  ...active,
  'signal.reconnect': reconnects,
  'rtc.connected': '-> active.connected.live',
  'rtc.failed': reconnects,
  connect: endsActive('failed'),
}

const replaceable = { ...active, 'negotiation.failed': reconnects }
const connected = {
  ...replaceable,
  'signal.frozen': '-> active.connected.frozen',
  'page.frozen': 'sends frozen',
  'rtc.disconnected': '-> active.interrupted.lost',
  'rtc.closed': '-> active.interrupted.closed',
  'rtc.failed': '-> active.recovering.firstRestart, forwards',
  'network.changed': '-> active.connected.moved, sends ping, forwards',
}

const interrupted = {
  ...replaceable,
  'rtc.connected': '-> active.connected.live',
  'rtc.failed': '-> active.recovering.firstRestart, forwards',
  'rtc.closed': '-> active.interrupted.closed',
  'network.changed': '-> active.recovering.firstRestart, forwards',
  grace: '-> active.recovering.firstRestart, forwards',
}

/** What each event does in each state. */
const table: Readonly<Record<string, Readonly<Record<Cause, string>>>> = {
  idle: {
    ...nothing,
    ...signals('ignored'),
    ...endsRemotely,
    'call.start': '-> active.calling.unheard, starts',
    'call.yield': '-> active.connecting.attempting, starts',
    'call.hangup': '-> ended, local cancelled',
    'call.close': endsHere('closed'),
    'signal.offer': '-> ringing.present',
  },
  'ringing.present': { ...ringing, 'remote.left': '-> ringing.absent' },
  'ringing.absent': { ...ringing, 'remote.joined': '-> ringing.present', reach: endsHere('unreachable') },
  'active.calling.unheard': {
    ...calling,
    'delivery.heard': '-> active.calling.heard',
    'signal.ringing': '-> active.calling.heard',
    reach: endsActive('unreachable'),
  },
  'active.calling.heard': { ...calling, 'remote.left': '-> active.calling.unheard' },
  'active.connecting.attempting': connecting,
  // The callee: it has asked, and waits.
  'active.connecting.awaitingOffer': {
    ...connecting,
    'signal.reconnect': 'forwards',
    'rtc.failed': '',
    'negotiation.failed': '',
  },
  'active.connected.live': {
    ...connected,
    'remote.left': '-> active.connected.absent, sends ping',
    'page.woken': '-> active.connected.asking, sends ping',
    probe: '-> active.connected.asking, sends ping',
  },
  'active.connected.absent': {
    ...connected,
    'control.heard': '-> active.connected.live',
    'rtc.closed': '-> ended, remote closed, stops',
    silence: '-> active.connected.doubted, sends ping',
  },
  'active.connected.asking': {
    ...connected,
    'control.heard': '-> active.connected.live',
    silence: '-> active.connected.doubted, sends ping',
  },
  'active.connected.doubted': { ...connected, 'control.heard': '-> active.connected.live' },
  // Without media, another connection is the fastest.
  'active.connected.moved': {
    ...connected,
    'network.changed': 'sends ping, forwards',
    'control.heard': '-> active.connected.live',
    silence: reconnects,
  },
  'active.connected.frozen': {
    ...connected,
    'signal.frozen': '',
    'control.heard': '-> active.connected.live',
  },
  'active.interrupted.lost': interrupted,
  'active.interrupted.closed': {
    ...interrupted,
    'remote.left': '-> ended, remote closed, stops',
    'rtc.closed': '',
    'rtc.failed': '',
    'network.changed': '',
    grace: reconnects,
  },
  'active.recovering.firstRestart': {
    ...replaceable,
    'rtc.connected': '-> active.connected.live',
    'rtc.failed': '-> active.recovering.secondRestart, forwards',
    'rtc.closed': reconnects,
    'network.changed': 'forwards',
    restart: '-> active.recovering.secondRestart, forwards',
  },
  'active.recovering.secondRestart': {
    ...replaceable,
    'rtc.connected': '-> active.connected.live',
    'rtc.failed': reconnects,
    'rtc.closed': reconnects,
    'network.changed': 'forwards',
    restart: reconnects,
  },
  // The callee: it has asked, and waits.
  'active.recovering.awaitingOffer': {
    ...replaceable,
    'signal.reconnect': 'forwards',
    'rtc.connected': '-> active.connected.live',
    'rtc.failed': '',
    'negotiation.failed': '',
    recover: endsActive('failed'),
  },
  'active.recovering.reconnecting': {
    ...replaceable,
    'signal.reconnect': 'forwards',
    'rtc.connected': '-> active.connected.live',
    'rtc.failed': '-> active.recovering.backingOff',
    'network.changed': 'forwards',
    'negotiation.failed': endsActive('failed'),
    restart: 'forwards',
    recover: endsActive('failed'),
  },
  'active.recovering.backingOff': {
    ...replaceable,
    'signal.reconnect': 'forwards',
    'rtc.failed': '',
    'network.changed': reconnects,
    restart: reconnects,
  },
  'active.ending': {
    ...active,
    'signal.reconnect': 'forwards',
    ...Object.fromEntries(
      Object.entries(ending)
        .filter(([, what]) => what === '-> ended')
        .map(([cause, what]) => [cause, `${what}, stops`]),
    ),
    'signal.reject': '',
    'signal.hangup': '',
    'call.hangup': '',
    'call.close': '',
    'rtc.failed': '',
    'negotiation.failed': '',
    'negotiation.signals': '',
  },
  ending,
  ended: nothing,
}

describe('every event in every state', () => {
  it('knows all states, events and deadlines of the machine', () => {
    expect(Object.keys(samples).sort()).toEqual([...states].sort())
    expect(Object.keys(table).sort()).toEqual([...states].sort())
    for (const [state, snapshot] of Object.entries(samples)) expect(stateOf(snapshot)).toBe(state)
    const named = sessionMachine.events.filter((event) => !/^xstate\.|\*/.test(event))
    expect(Object.keys(events)).toEqual(expect.arrayContaining(named))
    const waits = states.flatMap((state) => [...waitsOf(state).keys()])
    expect([...new Set(waits)].sort()).toEqual([...deadlines].sort())
    expect(samples.ended?.status).toBe('done')
  })

  for (const state of states)
    it(`does what the table says in ${state}`, () => {
      const before = samples[state]!
      const told = [...Object.keys(events), ...deadlines].map((cause) => [
        cause,
        tell(before, take(before, cause as Cause)),
      ])
      expect(Object.fromEntries(told)).toEqual(table[state])
    })
})
