import { byId, element } from './element.ts'
import { linkTo, readPlace, vias, type Place } from './place.ts'
import { openPlayground, type Playground } from './playground.ts'
import { connectThemeButton } from './theme.ts'

let place = readPlace(location.search)
let open: Playground | undefined
let switching = Promise.resolve()

/** Shows a place, after whoever was here has left the room. */
const show = (next: Place): Promise<void> => {
  place = next
  renderLinks()
  switching = switching.then(async () => {
    await open?.close()
    open = tryToOpen(next)
  })
  return switching
}

const tryToOpen = (next: Place): Playground | undefined => {
  try {
    return openPlayground(next, byId('stage'), byId('charts'))
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error)
    byId('stage').replaceChildren(element('p', { class: 'fatal', role: 'alert', text }))
    return undefined
  }
}

const go = (next: Place) => {
  history.pushState(undefined, '', linkTo(next))
  void show(next)
}

const renderLinks = () => {
  const { room, via, as } = place
  byId('room').textContent = room
  connectLink('mode-panes', { room, via, as: undefined }, as === undefined)
  connectLink('mode-tabs', { room, via, as: as ?? 'alice' }, as !== undefined)
  byId('second-tab').setAttribute('href', linkTo({ room, via, as: as === 'bob' ? 'alice' : 'bob' }))
  for (const each of vias) {
    connectLink(`via-${each}`, { room, via: each, as }, each === via)
    byId(`about-${each}`).hidden = each !== via
  }
}

const connectLink = (id: string, target: Place, isHere: boolean) => {
  const link = byId(id)
  link.setAttribute('href', linkTo(target))
  if (isHere) link.setAttribute('aria-current', 'page')
  else link.removeAttribute('aria-current')
  link.onclick = (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return
    event.preventDefault()
    if (!isHere) go(target)
  }
}

// The second tab is bob, so only alice stays in this one. The browser follows the link meanwhile.
byId('second-tab').addEventListener('click', () => {
  if (place.as === undefined) go({ ...place, as: 'alice' })
})
addEventListener('popstate', () => void show(readPlace(location.search)))
// A page that comes back from the back/forward cache has left the room for good.
addEventListener('pageshow', ({ persisted }) => persisted && void show(place))

connectThemeButton(byId('theme'))
history.replaceState(undefined, '', linkTo(place))
void show(place)
