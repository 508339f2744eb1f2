import { noCandidates } from '../negotiation/candidates.ts'
import { endAs, restartIce, sessionSetup } from './machine-setup.ts'
import { recovering } from './recovery.ts'
import type { SessionEvent } from './session-event.ts'

const forward = { type: 'toConnection', params: ({ event }: { event: SessionEvent }) => event } as const

/** An end by the other side: its message says why, or another instance has taken its place. */
const endedRemotely = {
  target: '#ended',
  actions: { type: 'end', params: { reason: 'replaced', by: 'remote' } },
} as const

/** The other side is gone without a word. */
const gone = { target: '#ended', actions: { type: 'end', params: { reason: 'closed', by: 'remote' } } } as const

/** An end by this side that the other has not confirmed yet. Without an answer it is over after a short wait. */
const ending = sessionSetup.createStateConfig({
  entry: 'sendEnd',
  on: {
    'delivery.settled': '#ended',
    // Both ended at once. Where this end stands it still has to be confirmed, for the other to report it too.
    'signal.hangup': [{ guard: 'yieldsEnd', ...endedRemotely }, {}],
    'signal.reject': [{ guard: 'yieldsEnd', ...endedRemotely }, {}],
    'remote.left': '#ended', // nobody is there to confirm
    'remote.replaced': '#ended',
    'rtc.*': {}, // the other side has heard, or ended by itself: its message says which
    'negotiation.failed': {},
    'negotiation.signals': {}, // nothing is said behind the end, which would wait for its confirmation too
    'call.*': {}, // it is ending already, for an earlier reason
  },
  after: { end: '#ended' },
})

/**
 * One call with one remote peer.
 *
 * The callee has no RTCPeerConnection, and so shows no address of its own, before `call.accept`. The side that
 * ends waits in `ending` for the other to confirm it, so both report the same reason even when both end at once.
 */
export const sessionMachine = sessionSetup.createMachine({
  id: 'session',
  context: ({ input }) => ({
    ...input,
    role: 'callee',
    offer: { offer: 0, sdp: '' },
    early: noCandidates,
    connection: 1,
    renewals: 0,
    offers: 0,
    negotiation: undefined,
    candidates: noCandidates.counters,
    ignored: 0,
    end: undefined,
  }),
  on: {
    'signal.hangup': endedRemotely,
    'signal.reject': endedRemotely,
    'remote.replaced': endedRemotely,
    'call.close': { target: '.ending', actions: endAs('closed') },

    // Without meaning in the states that do not take them.
    'signal.*': { actions: 'ignore' },
  },
  initial: 'idle',
  states: {
    idle: {
      on: {
        'call.start': { target: 'active', actions: 'becomeCaller' },
        'call.yield': { target: 'active.connecting', actions: 'becomeCallee' },
        'call.hangup': { target: 'ended', actions: endAs('cancelled') },
        'signal.offer': { target: 'ringing', actions: 'becomeCallee' },
      },
    },

    ringing: {
      on: {
        'signal.candidates': { actions: 'enqueueEarly' },
        'call.accept': 'active.connecting',
        'call.reject': { target: 'ending', actions: endAs('rejected') },
        'call.hangup': { target: 'ending', actions: endAs('rejected') },
      },
      after: { ring: { target: 'ending', actions: endAs('unanswered') } },
      initial: 'present',
      states: {
        /** The caller is there, as far as the transport knows. */
        present: { on: { 'remote.left': 'absent' } },
        absent: {
          on: { 'remote.joined': 'present' },
          after: {
            reach: {
              target: '#session.ending',
              actions: endAs('unreachable'),
            },
          },
        },
      },
    },

    // An RTCPeerConnection exists while, and only while, the session is in one of these.
    active: {
      invoke: {
        id: 'connection',
        src: 'connection',
        input: ({ context: { role, offers, offer, early } }) =>
          role === 'caller' ? { role, offers } : { role, offers, offer, candidates: early },
      },
      exit: 'forgetNegotiation',
      on: {
        'signal.*': { actions: forward },
        // The other side goes on with another RTCPeerConnection. It may have been connected before this one was.
        'signal.offer': [{ guard: 'isForNext', target: 'replacing', actions: 'becomeCallee' }, { actions: forward }],
        'signal.reconnect': { guard: 'isAskedForNext', target: 'replacing' },
        'signal.hangup': endedRemotely,
        'signal.reject': endedRemotely,
        'negotiation.signals': { actions: 'sendSignals' },
        'negotiation.changed': { actions: 'keepNegotiation' },
        'call.hangup': { target: '.ending', actions: endAs('hangup') },
        'call.close': { target: '.ending', actions: endAs('closed') },
        'rtc.failed': { target: '.ending', actions: endAs('failed') },
        'negotiation.failed': { target: '.ending', actions: endAs('failed') },
      },
      initial: 'calling',
      states: {
        calling: {
          on: {
            'signal.answer': { target: 'connecting', actions: forward },
            'call.yield': { target: '#session.yielding', actions: 'becomeCallee' },
            'call.hangup': { target: 'ending', actions: endAs('cancelled') },
          },
          after: {
            answer: { target: 'ending', actions: endAs('unanswered') },
          },
          initial: 'unheard',
          states: {
            /** No sign of life of the instance that is called. */
            unheard: {
              on: { 'delivery.heard': 'heard', 'signal.ringing': 'heard' },
              after: {
                reach: {
                  target: '#session.active.ending',
                  actions: endAs('unreachable'),
                },
              },
            },
            heard: { on: { 'remote.left': 'unheard' } },
          },
        },
        connecting: {
          on: {
            'rtc.connected': 'connected',
            // Not a restart of ICE: Firefox gives up 5 s after an answer that is late, and closes the data channels with
            // it, for good.
            'rtc.failed': [{ guard: 'isCaller', target: 'recovering.renewing' }, { target: '.awaitingOffer' }],
          },
          initial: 'attempting',
          states: {
            attempting: {},
            /** As the one below `recovering`, for as long as connecting may take. */
            awaitingOffer: {
              entry: 'sendReconnect',
              on: { 'rtc.failed': {}, 'negotiation.failed': {} },
            },
          },
          after: {
            connect: { target: 'ending', actions: endAs('failed') },
          },
        },
        connected: {
          entry: 'forgetRenewals',
          on: {
            'negotiation.failed': 'recovering.renewing',
            'rtc.disconnected': 'interrupted',
            'rtc.closed': 'interrupted.closed',
            'rtc.failed': 'recovering',
            'page.frozen': { actions: 'sendFrozen' },
            'signal.frozen': '.frozen',
            // The path may be gone, which ICE sees only seconds later; a restart does no harm to one that is not.
            'network.changed': { target: '.moved', actions: restartIce },
          },
          initial: 'live',
          states: {
            live: {
              on: { 'remote.left': 'absent', 'page.woken': 'asking' },
              after: { probe: 'asking' },
            },
            /** It has left the room. If it closes its connection too, it is gone: browsers can lose its last words. */
            absent: {
              entry: 'sendPing',
              on: { 'control.heard': 'live', 'rtc.closed': gone },
              after: { silence: 'doubted' },
            },
            asking: {
              entry: 'sendPing',
              on: { 'control.heard': 'live' },
              after: { silence: 'doubted' },
            },
            /** No answer while ICE is connected: the page hangs or is gone. Signaling goes over both ways. */
            doubted: {
              entry: 'sendPing',
              on: { 'control.heard': 'live' },
            },
            /** The network is another one. SCTP can be deaf for seconds after ICE has a path, and a new one is not. */
            moved: {
              entry: 'sendPing',
              on: { 'control.heard': 'live' },
              after: {
                silence: [
                  { guard: 'isDataOnly', target: '#session.active.recovering.renewing' },
                  { target: 'doubted' },
                ],
              },
            },
            /** The page has said so: its silence has no meaning until it is heard again. */
            frozen: {
              on: { 'control.heard': 'live' },
            },
          },
        },

        interrupted: {
          on: {
            'negotiation.failed': 'recovering.renewing',
            'rtc.connected': 'connected',
            'rtc.failed': 'recovering',
            'rtc.closed': '.closed',
            'network.changed': 'recovering',
          },
          initial: 'lost',
          states: {
            lost: {
              after: { grace: '#session.active.recovering' },
            },
            /** The other side has closed it: to make another, or because it is gone and its last words were lost. */
            closed: {
              on: { 'remote.left': gone, 'rtc.failed': {}, 'network.changed': {} },
              after: { grace: '#session.active.recovering.renewing' },
            },
          },
        },

        recovering,
        /** The RTCPeerConnection stays meanwhile, since the control channel carries the end even without a transport. */
        ending,
      },
    },

    // Between two RTCPeerConnections: the one is closed, the next not made yet.

    /** A callee needs a connection of its own. */
    yielding: { always: 'active.connecting' },
    /** The one that was lost gets a successor. */
    replacing: { always: { target: 'active.recovering.reconnecting', actions: 'nextConnection' } },

    ending,

    ended: { id: 'ended', type: 'final' },
  },
})
