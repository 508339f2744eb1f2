import { describe, expect, it } from 'vitest'
import { getShortestPaths } from 'xstate/graph'
import {
  callee,
  caller,
  candidate,
  events,
  inWords,
  samples,
  sentBy,
  start,
  stateOf,
  states,
  take,
  tell,
} from './machine-stage.ts'
import { negotiationMachine } from './machine.ts'
import type { NegotiationEvent, NegotiationInput } from './signals.ts'

describe('paths', () => {
  // Enough of each event to go everywhere; without those that only count, so that the number of states is finite.
  const steps = Object.values(events).filter(({ type }) => !/candidate/i.test(type))
  const finished = ['createOffer', 'applyAnswer', 'applyOffer', 'createAnswer'].flatMap((operation) => [
    { type: `xstate.done.actor.${operation}`, output: 'v=0\r\n' },
    { type: `xstate.error.actor.${operation}`, error: 'refused' },
  ])
  const walk = (input: NegotiationInput) =>
    getShortestPaths(negotiationMachine, {
      input,
      events: [...steps, { ...events['signal.answer'], wantsFloor: true }, ...finished] as NegotiationEvent[],
      serializeState: (snapshot) =>
        JSON.stringify([
          snapshot.value,
          Math.min(snapshot.context.pendingChanges, 1),
          snapshot.context.remote.wantsFloor,
        ]),
      stopWhen: ({ status, context }) => status === 'done' || context.localOffer > 1,
    })

  it.each([
    ['caller', caller],
    ['callee', callee],
  ] as const)('lead a %s to every state, with one operation at a time', (role, input) => {
    const paths = walk(input)
    const reached = new Set(paths.map(({ state }) => stateOf(state)))
    expect(states.filter((state) => !reached.has(state))).toEqual([])
    for (const path of paths) {
      const end = path.steps.reduce((now, { event }) => take(now, event)[0], start(input))
      // The first step stands for the beginning; the machine does not know it.
      expect(stateOf(end)).toBe(stateOf(path.state))
      expect(end.context.role).toBe(role)
      expect(Object.keys(end.children).filter((id) => id !== 'connection').length).toBeLessThanOrEqual(1)
    }
  })
})

describe('offers, answers and candidates', () => {
  it('takes only the answer that names its newest offer', () => {
    const again = take(samples['stable.holdingFloor']!, 'rtc.negotiationNeeded', 'done')[0]
    const late = take(again, 'signal.answer')
    expect(tell(again, late)).toBe('ignored')
    expect(tell(again, take(late[0], { ...events['signal.answer'], offer: 2 }))).toBe('-> applyingAnswer, ignored')
  })

  it('holds local candidates until their description was sent, and sends them right behind it', () => {
    for (const [input, until] of [
      [caller, ['rtc.opened']],
      [callee, ['rtc.opened', 'done']],
    ] as const) {
      const held = start(input, 'rtc.candidates', ...until, 'rtc.candidates')
      expect(held.context.localCandidates).toHaveLength(2)
      const [sent, actions] = take(held, 'done')
      expect(sentBy(actions).map(({ type }) => type)).toEqual([
        input.role === 'caller' ? 'offer' : 'answer',
        'candidates',
        'candidates',
      ])
      expect(sent.context.localCandidates).toEqual([])
    }
  })

  it('holds at most 64 batches', () => {
    const batches = Array.from({ length: 70 }, (_, index) => ({ ...events['rtc.candidates'], ufrag: `u${index}` }))
    const { localCandidates } = take(samples.offering!, ...batches)[0].context
    expect(localCandidates).toHaveLength(64)
    expect(localCandidates.at(-1)).toMatchObject({ ufrag: 'u69' })
  })

  it('hands early candidates over when their description is applied, in order', () => {
    const second = { ...candidate, candidate: candidate.candidate.replace('9', '10') }
    const early = take(samples.awaitingAnswer!, 'signal.candidates', {
      ...events['signal.candidates'],
      candidates: [second, null],
    })[0]
    const [after, actions] = take(early, 'signal.answer', 'done')
    const command = actions.find(({ type }) => type === 'toConnection')
    expect(command?.params).toMatchObject({
      type: 'addCandidates',
      candidates: [candidate, second, { candidate: '' }],
    })
    expect(after.context.candidates.counters).toEqual({ queued: 0, applied: 3, stale: 0, dropped: 0 })
  })

  it('never counts a refused candidate twice', () => {
    const applied = take(samples['stable.holdingFloor']!, 'signal.candidates', 'rtc.candidateRefused')[0]
    expect(applied.context.candidates.counters).toEqual({ queued: 0, applied: 0, stale: 0, dropped: 1 })
  })

  it('takes the candidates along that came before its connection was made', () => {
    const { candidates } = take(samples.opening!, 'signal.candidates')[0].context
    const after = start({ ...callee, candidates }, 'rtc.opened', 'done')
    expect(after.context.candidates.counters).toEqual({ queued: 0, applied: 1, stale: 0, dropped: 0 })
  })
})

describe('the floor', () => {
  it('repeats a request that crossed an offer with the answer', () => {
    const crossing = take(samples['stable.requestingFloor']!, { ...events['signal.offer'], offer: 2 }, 'done')[0]
    const step = take(crossing, 'done')
    expect(tell(crossing, step)).toBe('-> stable.requestingFloor, sends answer 2')
    expect(sentBy(step[1])[0]).toMatchObject({ wantsFloor: true })
  })

  it('grants what an answer asks for', () => {
    const answered = take(samples.awaitingAnswer!, { ...events['signal.answer'], wantsFloor: true })[0]
    expect(tell(answered, take(answered, 'done'))).toBe('-> stable.listening, sends floor-grant')
  })

  it('grants a request that came behind the answer, while that was applied', () => {
    const asked = take(samples.applyingAnswer!, 'signal.floor-request')[0]
    expect(tell(asked, take(asked, 'done'))).toBe('-> stable.listening, sends floor-grant')
  })

  it('grants first and asks for itself then, when both sides want it', () => {
    const both = take(
      samples.awaitingAnswer!,
      { ...events['signal.answer'], wantsFloor: true },
      'rtc.negotiationNeeded',
    )[0]
    expect(tell(both, take(both, 'done'))).toBe('-> stable.requestingFloor, sends floor-grant, sends floor-request')
  })

  it('offers at once when a change came while the answer was applied', () => {
    const changed = take(samples.applyingAnswer!, 'rtc.negotiationNeeded')[0]
    expect(tell(changed, take(changed, 'done'))).toBe('-> offering')
  })

  it('keeps a grant that it needs no longer, without an offer', () => {
    const granted = samples['stable.listening']!
    expect(tell(granted, take(granted, 'signal.floor-grant'))).toBe('-> stable.holdingFloor')
  })

  it('numbers its offers one by one', () => {
    const [first, actions] = take(samples['stable.requestingFloor']!, 'signal.floor-grant', 'done')
    expect(sentBy(actions).map(inWords)).toEqual(['offer 1'])
    expect(first.context.pendingChanges).toBe(0)
    const second = take(first, 'signal.answer', 'done', 'rtc.negotiationNeeded', 'done')
    expect(sentBy(second[1]).map(inWords)).toEqual(['offer 2'])
  })
})
