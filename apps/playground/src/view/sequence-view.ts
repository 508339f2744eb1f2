import { element } from '../element.ts'
import { otherOf, type Name } from '../place.ts'
import type { SideEvent } from '../side/side.ts'

/** The messages between the two, as they happen. */
export interface SequenceView {
  readonly root: HTMLElement
  readonly add: (who: Name, event: SideEvent) => void
}

export interface SequenceOptions {
  /** Which messages of a side to draw: those it sent (the other side shows the rest), or all. */
  readonly draw: 'sent' | 'all'
  /** Goes above the diagram. */
  readonly head: HTMLElement
  /** What the messages suffer on their way. */
  readonly faults: HTMLElement
}

const maxRows = 60

/** Two lifelines with an arrow for each signaling message. Times are ms since the call began. */
export const createSequenceView = ({ draw, head, faults }: SequenceOptions): SequenceView => {
  const live = new Set<Name>()
  let calls = 0
  let begin = 0

  const rows = element('ol', { class: 'rows', 'aria-label': 'Signaling messages, oldest first' })
  const empty = element('p', { class: 'empty', text: 'What the two sides tell each other to connect appears here.' })
  const scroll = element(
    'div',
    { class: 'scroll', tabindex: '0', role: 'group', 'aria-label': 'Message sequence' },
    rows,
    empty,
  )

  const append = (row: HTMLElement) => {
    const isAtEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 40
    rows.append(row)
    while (rows.childElementCount > maxRows) rows.firstElementChild?.remove()
    empty.hidden = true
    if (isAtEnd) scroll.scrollTop = scroll.scrollHeight
  }
  const elapsed = () => performance.now() - begin

  const add = (who: Name, event: SideEvent) => {
    if (event.type === 'began') {
      if (live.size === 0) {
        begin = performance.now()
        calls += 1
        append(element('li', { class: 'divider', text: `Call ${calls}` }))
      }
      live.add(who)
    } else if (event.type === 'signal') {
      const { direction, type } = event.signal
      if (draw === 'all' || direction === 'sent')
        append(arrow(direction === 'sent' ? who : otherOf(who), type, elapsed()))
    } else {
      if (event.type === 'ended') live.delete(who)
      append(milestone(who, event.type === 'ended' ? `ended: ${event.end.reason}` : event.type, elapsed()))
    }
  }

  const clear = element('button', {
    type: 'button',
    class: 'button small quiet',
    text: 'Clear',
    onclick: () => {
      rows.replaceChildren()
      empty.hidden = false
    },
  })
  const root = element(
    'section',
    { class: 'card sequence', 'aria-label': 'Between the two' },
    element('div', { class: 'bar' }, head, clear),
    faults,
    element('div', { class: 'heads', 'aria-hidden': 'true' }, lifeline('alice'), lifeline('bob')),
    scroll,
  )
  return { root, add }
}

const lifeline = (name: Name): HTMLElement => element('span', { class: `head ${name}`, text: name })

const arrow = (from: Name, type: string, at: number): HTMLElement =>
  element(
    'li',
    { class: `arrow ${from}`, 'data-message': type },
    time(at),
    element('span', { class: 'hidden-text', text: `${from} to ${otherOf(from)}: ` }),
    element('span', { class: 'shaft' }, element('span', { class: 'name', text: type })),
  )

const milestone = (who: Name, text: string, at: number): HTMLElement =>
  element(
    'li',
    { class: `milestone ${who}` },
    time(at),
    element('span', { class: 'hidden-text', text: `${who}: ` }),
    element('span', { class: 'flag', text }),
  )

const time = (at: number): HTMLElement =>
  element('span', { class: 'time', text: at < 10_000 ? `${at.toFixed(0)} ms` : `${(at / 1000).toFixed(1)} s` })
