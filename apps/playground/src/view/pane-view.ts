import type { SessionStatus } from '@parley-rtc/core'
import { element, setText } from '../element.ts'
import type { Side, SideState } from '../side/side.ts'
import { tellStatus } from '../side/status-words.ts'
import { createChatView } from './chat-view.ts'
import { createDetailsView } from './details-view.ts'

/** One side: where it is, and what it can do now. */
export interface PaneView {
  readonly root: HTMLElement
  readonly render: (state: SideState) => void
}

interface Action {
  readonly text: string
  readonly kind: 'go' | 'stop'
  readonly fits: readonly (SessionStatus | undefined)[]
  readonly act: () => void
}

export const createPaneView = (side: Side): PaneView => {
  const actions: readonly Action[] = [
    { text: 'Call', kind: 'go', fits: [undefined, 'ended'], act: side.call },
    { text: 'Accept', kind: 'go', fits: ['ringing'], act: side.accept },
    { text: 'Reject', kind: 'stop', fits: ['ringing'], act: side.reject },
    {
      text: 'Hang up',
      kind: 'stop',
      fits: ['calling', 'connecting', 'connected', 'interrupted', 'recovering'],
      act: side.hangup,
    },
  ]
  const buttons = actions.map(({ text, kind, act }) => {
    const button = element('button', { type: 'button', class: `button ${kind}`, text })
    button.addEventListener('click', () => {
      if (button.getAttribute('aria-disabled') !== 'true') act()
    })
    return button
  })
  const presence = element('p', { class: 'presence' })
  const role = element('span', { class: 'role' })
  const word = element('strong', { class: 'word' })
  const sentence = element('span', { class: 'sentence' })
  const reason = element('code', { class: 'reason' })
  const chat = createChatView(side)
  const details = createDetailsView(side)
  const notes = element('ul', { class: 'notes', role: 'alert' })

  const root = element(
    'section',
    { class: `card pane ${side.name}`, 'data-side': side.name, 'aria-label': side.name },
    element('header', {}, element('h2', { text: side.name }), role, presence),
    element('div', { class: 'status', role: 'status' }, word, element('p', {}, sentence, reason)),
    element('div', { class: 'actions' }, ...buttons),
    notes,
    chat.root,
    details.root,
  )

  const render = (state: SideState) => {
    const { session, end } = state
    const told = tellStatus(state)
    root.dataset['status'] = session?.status ?? (state.signaling === 'open' ? 'ready' : 'joining')
    setText(word, told.word)
    setText(sentence, told.sentence)
    setText(reason, end === undefined ? '' : `${end.reason}, by ${end.by}`)
    setText(role, session?.role ?? '')
    setText(presence, tellPresence(state))
    for (const [index, { fits }] of actions.entries()) {
      // Not `disabled`, which would take the focus from whoever just pressed it.
      const isFitting = fits.includes(session?.status) && state.signaling !== 'joining'
      buttons[index]?.setAttribute('aria-disabled', String(!isFitting))
    }
    renderNotes(notes, side, state)
    chat.render(state)
    details.render(state)
  }
  return { root, render }
}

const tellPresence = ({ signaling, present, name }: SideState): string => {
  if (signaling === 'lost') return 'The way to the room is lost.'
  if (signaling === 'refused') return 'is not let into the room'
  if (signaling === 'joining') return 'joins the room'
  const counts = new Map<string, number>()
  for (const { id } of present) counts.set(id, (counts.get(id) ?? 0) + 1)
  if (counts.size === 0) return 'alone in the room'
  const told = [...counts].map(([id, count]) => `${id === name ? `another ${id}` : id}${count > 1 ? ` ×${count}` : ''}`)
  return `with ${told.join(', ')} in the room`
}

const renderNotes = (list: HTMLElement, side: Side, { notes }: SideState): void => {
  if (list.childElementCount === 0 && notes.length === 0) return
  const close = element('button', {
    type: 'button',
    class: 'button small quiet',
    text: 'Dismiss',
    onclick: side.clearNotes,
  })
  const items = notes.map((text) => element('li', { text }))
  list.replaceChildren(...items, ...(notes.length > 0 ? [element('li', { class: 'dismiss' }, close)] : []))
}
