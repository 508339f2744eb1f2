import { describe, expect, it } from 'vitest'
import { events, outcomes, samples, stateOf, states, take, tell, type Cause } from './machine-stage.ts'
import { negotiationMachine } from './machine.ts'

const ignored = 'ignored'
const fails = '-> failed'
const refuses = {
  'signal.offer': ignored,
  'signal.answer': ignored,
  'signal.floor-request': ignored,
  'signal.floor-grant': ignored,
  'rtc.opened': '',
}
const anywhere = { restartIce: 'restarts', 'rtc.candidateRefused': 'counts it', 'rtc.error': fails, close: '-> closed' }
const noOperation = { done: '', error: '', timeout: '' }
const operation = { error: fails, timeout: fails }
/** Ended: nothing means anything any more. */
const nothing = Object.fromEntries([...Object.keys(events), ...outcomes].map((cause) => [cause, ''])) as Record<
  Cause,
  string
>

/** What each event does in each state; the empty text is nothing at all. */
const table: Readonly<Record<string, Readonly<Record<Cause, string>>>> = {
  opening: {
    ...refuses,
    ...anywhere,
    ...noOperation,
    timeout: fails,
    'signal.candidates': 'queues it',
    'rtc.opened': '-> offering',
    'rtc.negotiationNeeded': '',
    'rtc.candidates': 'holds them',
  },
  offering: {
    ...refuses,
    ...anywhere,
    ...operation,
    done: '-> awaitingAnswer, sends offer 1',
    'signal.candidates': 'queues it',
    'rtc.negotiationNeeded': '',
    'rtc.candidates': 'holds them',
  },
  awaitingAnswer: {
    ...refuses,
    ...anywhere,
    ...noOperation,
    'signal.answer': '-> applyingAnswer',
    'signal.candidates': 'queues it',
    'rtc.negotiationNeeded': '',
    'rtc.candidates': 'sends candidates',
  },
  applyingAnswer: {
    ...refuses,
    ...anywhere,
    ...operation,
    done: '-> stable.holdingFloor',
    'signal.floor-request': 'keeps the request',
    'signal.candidates': 'queues it',
    'rtc.negotiationNeeded': 'keeps the change',
    'rtc.candidates': 'sends candidates',
  },
  applyingOffer: {
    ...refuses,
    ...anywhere,
    ...operation,
    done: '-> answering',
    'signal.candidates': 'queues it',
    'rtc.negotiationNeeded': '',
    'rtc.candidates': 'sends candidates',
  },
  answering: {
    ...refuses,
    ...anywhere,
    ...operation,
    done: '-> stable.listening, sends answer 1',
    'signal.candidates': 'applies it',
    'rtc.negotiationNeeded': 'keeps the change',
    'rtc.candidates': 'holds them',
  },
  'stable.holdingFloor': {
    ...refuses,
    ...anywhere,
    ...noOperation,
    'signal.floor-request': '-> stable.listening, sends floor-grant',
    'signal.candidates': 'applies it',
    'rtc.negotiationNeeded': '-> offering',
    'rtc.candidates': 'sends candidates',
  },
  'stable.listening': {
    ...refuses,
    ...anywhere,
    ...noOperation,
    'signal.offer': '-> applyingOffer',
    'signal.floor-grant': '-> stable.holdingFloor',
    'signal.candidates': 'applies it',
    'rtc.negotiationNeeded': '-> stable.requestingFloor, sends floor-request, keeps the change',
    'rtc.candidates': 'sends candidates',
  },
  'stable.requestingFloor': {
    ...refuses,
    ...anywhere,
    ...noOperation,
    'signal.offer': '-> applyingOffer',
    'signal.floor-grant': '-> offering',
    'signal.candidates': 'applies it',
    'rtc.negotiationNeeded': 'keeps the change',
    'rtc.candidates': 'sends candidates',
  },
  failed: nothing,
  closed: nothing,
}

describe('every event in every state', () => {
  it('knows all states and all events of the machine', () => {
    expect(Object.keys(samples).sort()).toEqual([...states].sort())
    expect(Object.keys(table).sort()).toEqual([...states].sort())
    for (const [state, snapshot] of Object.entries(samples)) expect(stateOf(snapshot)).toBe(state)
    const final = Object.entries(samples).filter(([, { status }]) => status === 'done')
    expect(final.map(([state]) => state)).toEqual(['failed', 'closed'])
    const named = negotiationMachine.events.filter((event) => !/^xstate\.|\*/.test(event))
    expect(Object.keys(events)).toEqual(expect.arrayContaining(named))
  })

  for (const state of states)
    it(`does what the table says in ${state}`, () => {
      const before = samples[state]!
      const told = [...Object.keys(events), ...outcomes].map((cause) => [
        cause,
        tell(before, take(before, cause as Cause)),
      ])
      expect(Object.fromEntries(told)).toEqual(table[state])
    })

  it.each(states.filter((state) => table[state]!.timeout !== ''))('keeps the reason of a failure in %s', (state) => {
    const failedBy = (cause: Cause) => take(samples[state]!, cause)[0].context.error
    expect(failedBy('timeout')).toBe('The browser took too long.')
    expect(failedBy('rtc.error')).toBe('broken')
    if (table[state]!.error !== '') expect(failedBy('error')).toBe('refused')
  })
})
