import { element } from '../element.ts'

/** How to read the charts. */
export const createLegend = (): HTMLElement =>
  element(
    'aside',
    { class: 'card legend', 'aria-label': 'How to read the charts' },
    element('h2', { text: 'How to read the charts' }),
    element(
      'dl',
      {},
      ...entry(element('span', { class: 'swatch', text: 'alice' }), 'is in this state now, or in one within it.'),
      ...entry(element('span', { class: 'swatch bob', text: 'bob' }), 'is; the transition just taken fades.'),
      ...entry('hangup()', 'The application calls it.'),
      ...entry('‹offer›', 'A message of the other side comes in.'),
      ...entry('rtc connected', 'The RTCPeerConnection says so; likewise “remote” (presence) and “delivery”.'),
      ...entry('done, error', 'The operation after which the state is named has settled.'),
      ...entry('reach 15 s → …', 'When that deadline is over, or on an error, the arrow is taken that is not drawn.'),
      ...entry('[is caller]', 'Only under this condition.'),
      ...entry(
        element('span', { class: 'dashed', text: 'any' }),
        'From each state of the box it stands in; likewise what begins at a box.',
      ),
      ...entry('•↓', 'Entered first, in a box or at all; what ends at a box goes on from there.'),
    ),
  )

const entry = (term: HTMLElement | string, text: string): readonly HTMLElement[] => [
  element('dt', {}, term),
  element('dd', { text }),
]
