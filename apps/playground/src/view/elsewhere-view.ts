import { element } from '../element.ts'
import { linkTo, type Name, type Place } from '../place.ts'

/** Stands where the other side would be, which lives in a tab of its own. */
export const createElsewhereView = (
  place: Place & { readonly as: Name },
): { readonly root: HTMLElement; readonly render: (isPresent: boolean) => void } => {
  const name = place.as
  const word = element('strong', { class: 'word' })
  const sentence = element('p')
  const link = element('a', {
    class: 'button',
    href: linkTo(place),
    target: '_blank',
    text: `Open ${name}’s tab ↗`,
  })
  const root = element(
    'section',
    { class: `card pane elsewhere ${name}`, 'aria-label': `${name}, in another tab` },
    element('header', {}, element('h2', { text: name })),
    element('div', { class: 'status', role: 'status' }, word, sentence),
    element('div', { class: 'actions' }, link),
  )
  const render = (isPresent: boolean) => {
    word.textContent = isPresent ? 'In another tab' : 'Not here'
    sentence.textContent = isPresent
      ? `${name} has joined the room from there.`
      : `Nobody is in the room as ${name}. Open the tab, and let both call each other.`
    link.hidden = isPresent
  }
  return { root, render }
}
