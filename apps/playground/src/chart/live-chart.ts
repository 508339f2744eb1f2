import { element } from '../element.ts'
import type { Name } from '../place.ts'
import { drawChart } from './draw-chart.ts'
import type { Direction } from './geometry.ts'
import { placeChart, type Measure } from './layout.ts'
import { isWithin, readMachine, type DrawableMachine } from './read-machine.ts'

/** A chart that shows where each side is. */
export interface LiveChart {
  readonly root: HTMLElement
  /**
   * Lights the state of a side: its whole path, or its last name. `undefined`: nothing runs. `event` is what led there,
   * where several could.
   */
  readonly show: (who: Name, state: string | undefined, event?: string) => void
}

export interface LiveChartOptions {
  readonly machine: DrawableMachine
  readonly direction: Direction
  readonly title: string
  /** What it is about. */
  readonly text: string
}

/** Draws a machine. */
export const createLiveChart = ({ machine, direction, title, text }: LiveChartOptions): LiveChart => {
  const chart = readMachine(machine)
  const { svg, states, edges } = drawChart(placeChart(chart, direction, createMeasure()))
  const lit = new Map<Name, string>()

  /** The same name can stand for several states: the one that a transition leads to from here is meant. */
  const find = (name: string, from: string | undefined): string | undefined => {
    const ids = [...states.keys()].filter((id) => id === name || id.endsWith(`.${name}`))
    return (from === undefined ? undefined : ids.find((id) => edgeBetween(from, id) !== undefined)) ?? ids[0]
  }
  /**
   * The innermost transition decides, as it does in the machine; unless the event is known. What begins within a lit
   * state comes last: whether a side was there is not known.
   */
  const edgeBetween = (from: string, to: string, event?: string) => {
    const leading = edges
      .filter(({ edge }) => isWithin(edge.target, to))
      .sort((one, other) => other.edge.source.length - one.edge.source.length)
    const fitting = [
      ...leading.filter(({ edge }) => isWithin(from, edge.source)),
      ...leading.filter(({ edge }) => edge.source !== from && isWithin(edge.source, from)),
    ]
    return fitting.find(({ edge }) => edge.events.some(({ type }) => type === event)) ?? fitting[0]
  }

  const show = (who: Name, name: string | undefined, event?: string) => {
    const before = lit.get(who)
    const next = name === undefined ? undefined : find(name, before)
    if (next === before) return
    if (before !== undefined) states.get(before)?.classList.remove(`lit-${who}`)
    if (next === undefined) lit.delete(who)
    else {
      lit.set(who, next)
      states.get(next)?.classList.add(`lit-${who}`)
      scrollTo(next)
      if (before !== undefined) flash(edgeBetween(before, next, event)?.group, who)
    }
    svg.setAttribute('aria-label', `${title}: ${[...lit].map(([side, state]) => `${side} in ${state}`).join(', ')}`)
  }

  /** On a small screen the box shows only a part: the one where something happens. */
  const scrollTo = (id: string) => {
    const [view, target] = [box.getBoundingClientRect(), states.get(id)?.getBoundingClientRect()]
    if (target === undefined || (target.left >= view.left && target.right <= view.right)) return
    box.scrollBy({ left: (target.left + target.right - view.left - view.right) / 2, behavior: 'smooth' })
  }

  svg.setAttribute('aria-label', title)
  const box = element(
    'div',
    { class: 'chart-box', tabindex: '0', role: 'group', 'aria-label': `${title}, scrollable` },
    svg,
  )
  const root = element(
    'article',
    { class: 'card chart', 'data-machine': chart.id },
    element('header', {}, element('h2', { text: title }), element('p', { text })),
    box,
  )
  return { root, show }
}

/** The transition that was just taken, fading. */
const flash = (group: SVGGElement | undefined, who: Name): void => {
  if (group === undefined) return
  const name = `taken-${who}`
  group.classList.remove(name)
  group.getBoundingClientRect() // or the animation does not start again
  group.classList.add(name)
}

/** Texts are measured in the fonts that the style sheet gives them. */
const createMeasure = (): Measure => {
  const context = document.createElement('canvas').getContext('2d')
  const family = getComputedStyle(document.body).fontFamily
  return (text, kind) => {
    if (context === null) return text.length * 7.5
    context.font = kind === 'state' ? `600 13px ${family}` : `11.5px ${family}`
    return context.measureText(text).width
  }
}
