import { negotiationMachine, sessionMachine } from '@parley-rtc/core/machines'
import { createLiveChart } from './chart/live-chart.ts'
import { createLegend } from './chart/legend.ts'
import { element } from './element.ts'
import { names, otherOf, type Name, type Place } from './place.ts'
import { createMedium } from './side/medium.ts'
import { sessionStepsOf } from './side/session-steps.ts'
import { createSide, type SideState } from './side/side.ts'
import { transportVia } from './side/transport-via.ts'
import { createElsewhereView } from './view/elsewhere-view.ts'
import { createFaultsView } from './view/faults-view.ts'
import { createPaneView } from './view/pane-view.ts'
import { createSequenceView } from './view/sequence-view.ts'

/** What is on the page for one place. */
export interface Playground {
  /** All sides leave the room. */
  readonly close: () => Promise<void>
}

/** Fills the page: one pane for each side that lives here, the messages between them, and both charts. */
export const openPlayground = ({ room, via, as }: Place, stage: HTMLElement, charts: HTMLElement): Playground => {
  const local = as === undefined ? names : [as]
  const medium = createMedium(transportVia(via))
  const bothCall = element('button', {
    type: 'button',
    class: 'button go',
    text: 'Both call at once',
    onclick: callBoth,
  })
  const faults = createFaultsView(medium.set).root
  const sequence = createSequenceView(
    as === undefined
      ? { draw: 'sent', head: bothCall, faults }
      : { draw: 'all', head: element('h2', { text: `Messages, as ${as} sees them` }), faults },
  )
  const sessionChart = createLiveChart({
    machine: sessionMachine,
    direction: 'TB',
    title: 'Session',
    text: 'One call, from the first ring to the agreed end.',
  })
  const negotiationChart = createLiveChart({
    machine: negotiationMachine,
    direction: 'TB',
    title: 'Negotiation',
    text: 'One RTCPeerConnection: which operation runs, and who may offer next.',
  })
  const panes = new Map(local.map((name) => [name, openPane(name)]))
  const elsewhere = as === undefined ? undefined : createElsewhereView({ room, via, as: otherOf(as) })

  function openPane(name: Name) {
    const side = createSide({
      name,
      room,
      transport: medium.transport,
      onChange: (state, before) => render(state, before),
      onEvent: (event) => sequence.add(name, event),
    })
    return { side, view: createPaneView(side) }
  }

  function render(state: SideState, before?: SideState) {
    const pane = panes.get(state.name)
    pane?.view.render(state)
    elsewhere?.render(state.present.some(({ id }) => id === state.other))
    const { session } = state
    if (session !== undefined && session === before?.session) return
    for (const step of sessionStepsOf(state, before?.session)) sessionChart.show(state.name, step.state, step.event)
    negotiationChart.show(state.name, session?.status === 'ended' ? undefined : session?.negotiation)
    renderBothCall()
  }

  function renderBothCall() {
    const canCall = [...panes.values()].every(({ side }) => {
      const { session, signaling } = side.getState()
      return signaling !== 'joining' && (session === undefined || session.status === 'ended')
    })
    bothCall.setAttribute('aria-disabled', String(!canCall))
  }

  function callBoth() {
    if (bothCall.getAttribute('aria-disabled') === 'true') return
    for (const { side } of panes.values()) side.call()
  }

  const placed = new Map<Name, HTMLElement>([...panes].map(([name, { view }]) => [name, view.root]))
  if (as !== undefined && elsewhere !== undefined) placed.set(otherOf(as), elsewhere.root)
  stage.replaceChildren(...[placed.get('alice'), sequence.root, placed.get('bob')].filter((root) => root !== undefined))
  charts.replaceChildren(sessionChart.root, negotiationChart.root, createLegend())
  for (const { side } of panes.values()) render(side.getState())
  renderBothCall()

  return { close: async () => void (await Promise.all([...panes.values()].map(({ side }) => side.close()))) }
}
