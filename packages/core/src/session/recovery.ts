import { endAs, restartIce, sessionSetup } from './machine-setup.ts'

/**
 * A ladder that both sides climb by themselves: the floor makes one restart of two, and the caller alone makes
 * another RTCPeerConnection.
 */
export const recovering = sessionSetup.createStateConfig({
  on: { 'negotiation.failed': '.renewing', 'rtc.connected': 'connected' },
  initial: 'firstRestart',
  states: {
    firstRestart: {
      entry: restartIce,
      on: {
        'rtc.failed': 'secondRestart',
        'rtc.closed': 'renewing',
        'network.changed': { target: 'firstRestart', reenter: true },
      },
      after: { restart: 'secondRestart' },
    },
    secondRestart: {
      entry: restartIce,
      on: {
        'rtc.failed': 'renewing',
        'rtc.closed': 'renewing',
        'network.changed': { target: 'secondRestart', reenter: true },
      },
      after: { restart: 'renewing' },
    },
    /** The caller makes another RTCPeerConnection, and the callee asks for one. */
    renewing: { always: [{ guard: 'isCaller', target: '#session.replacing' }, { target: 'awaitingOffer' }] },
    awaitingOffer: {
      entry: 'sendReconnect',
      on: { 'rtc.failed': {}, 'negotiation.failed': {} },
      after: { recover: { target: '#session.active.ending', actions: endAs('failed') } },
    },
    /** It was made while the network was still changing, perhaps: a restart of ICE gives it a second chance. */
    reconnecting: {
      on: {
        'rtc.failed': { guard: 'mayRenew', target: 'backingOff' },
        'network.changed': { actions: restartIce },
        'negotiation.failed': { target: '#session.active.ending', actions: endAs('failed') },
      },
      after: {
        restart: { actions: restartIce },
        recover: { target: '#session.active.ending', actions: endAs('failed') },
      },
    },
    /**
     * It found no path, which Firefox says after 5 s. The next comes later, and none is without it: a restart by
     * the other side can still connect this one, but not its data channels.
     */
    backingOff: {
      on: { 'rtc.failed': {}, 'rtc.connected': {}, 'network.changed': 'renewing' },
      after: { restart: 'renewing' },
    },
  },
})
