import { element, setText } from '../element.ts'
import { noFaults, type MediumFaults } from '../side/medium.ts'

type Knob = Exclude<keyof MediumFaults, 'isCut'>

interface KnobLook {
  readonly knob: Knob
  readonly text: string
  readonly max: number
  readonly step: number
  /** A number of the slider as it is set. */
  readonly scale: number
  readonly unit: string
}

const looks: readonly KnobLook[] = [
  { knob: 'loss', text: 'Lost', max: 80, step: 5, scale: 0.01, unit: ' %' },
  { knob: 'duplicate', text: 'Doubled', max: 100, step: 5, scale: 0.01, unit: ' %' },
  { knob: 'reorder', text: 'Late by up to', max: 1000, step: 20, scale: 1, unit: ' ms' },
]

/** What happens to the messages on their way: folded away until somebody wants to see it fail. */
export const createFaultsView = (onChange: (faults: MediumFaults) => void): { readonly root: HTMLElement } => {
  let faults = noFaults
  const told = element('span', { class: 'told' })
  const cut = element('input', { type: 'checkbox', role: 'switch' })
  cut.addEventListener('change', () => set({ isCut: cut.checked }))
  const knobs = looks.map((look) => createKnob(look, (value) => set({ [look.knob]: value })))

  const set = (change: Partial<MediumFaults>) => {
    faults = { ...faults, ...change }
    onChange(faults)
    render()
  }
  const render = () => {
    const isFaulty = tellFaults(faults) !== ''
    root.classList.toggle('faulty', isFaulty)
    setText(told, tellFaults(faults) || 'none')
    reset.hidden = !isFaulty
  }
  const reset = element('button', {
    type: 'button',
    class: 'button small quiet',
    text: 'No faults',
    onclick: () => {
      cut.checked = false
      for (const { clear } of knobs) clear()
      set(noFaults)
    },
  })
  const root = element(
    'details',
    { class: 'faults' },
    element('summary', {}, 'Faults: ', told),
    element(
      'div',
      { class: 'knobs' },
      ...knobs.map((knob) => knob.root),
      element('div', { class: 'last' }, element('label', { class: 'switch' }, cut, 'Cut signaling'), reset),
    ),
  )
  render()
  return { root }
}

const createKnob = ({ text, max, step, scale, unit }: KnobLook, onInput: (value: number) => void) => {
  const input = element('input', { type: 'range', min: 0, max, step, value: 0 })
  const shown = element('output', {})
  const render = () => {
    const told = `${input.value}${unit}`
    setText(shown, told)
    input.setAttribute('aria-valuetext', told)
  }
  input.addEventListener('input', () => {
    render()
    onInput(Number(input.value) * scale)
  })
  render()
  return {
    root: element('label', { class: 'knob' }, element('span', { text }), input, shown),
    clear: () => {
      input.value = '0'
      render()
    },
  }
}

const tellFaults = ({ isCut, ...faults }: MediumFaults): string => {
  if (isCut) return 'signaling is cut'
  return looks
    .filter(({ knob }) => faults[knob] > 0)
    .map(({ knob, text, scale, unit }) => `${text.toLowerCase()} ${Math.round(faults[knob] / scale)}${unit}`)
    .join(', ')
}
