import type { ChannelState } from '@parley-rtc/core'
import { element, setText } from '../element.ts'
import type { Name } from '../place.ts'
import type { ChatLine, Side, SideState } from '../side/side.ts'

/** A chat over the data channel. */
export const createChatView = (
  side: Side,
): { readonly root: HTMLElement; readonly render: (state: SideState) => void } => {
  const log = element('ol', { class: 'lines', 'aria-live': 'polite', 'aria-label': `Chat of ${side.name}` })
  const hint = element('p', { class: 'hint' })
  const input = element('input', {
    type: 'text',
    maxlength: '500',
    autocomplete: 'off',
    'aria-label': `Message from ${side.name}`,
  })
  const send = element('button', { type: 'submit', class: 'button', text: 'Send' })
  const form = element('form', { class: 'say' }, input, send)
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    const text = input.value.trim()
    if (text === '' || input.readOnly) return
    side.say(text)
    input.value = ''
  })

  let shown: readonly ChatLine[] = []
  const render = ({ chat, name, other }: SideState) => {
    // Read-only instead of disabled: whoever is typing keeps the focus.
    input.readOnly = chat.channel !== 'open' && chat.channel !== 'connecting'
    input.placeholder = tellChannel(chat.channel, other)
    send.setAttribute('aria-disabled', String(input.readOnly))
    setText(hint, chat.lines.length > 0 ? '' : 'Messages go straight to the other side, over a data channel.')
    if (chat.lines === shown) return
    shown = chat.lines
    log.replaceChildren(
      ...shown.map(({ from, text }) =>
        element(
          'li',
          { class: `${from} ${from === name ? 'own' : 'theirs'}` },
          element('span', { class: 'hidden-text', text: `${from}: ` }),
          element('span', { class: 'bubble', text }),
        ),
      ),
    )
    log.scrollTop = log.scrollHeight
  }
  return { root: element('div', { class: 'chat' }, element('div', { class: 'paper' }, hint, log), form), render }
}

const tellChannel = (channel: ChannelState | undefined, other: Name): string => {
  if (channel === 'open') return `Say something to ${other}`
  return channel === 'connecting' ? 'What you say now waits for the connection' : 'Opens with the connection'
}
