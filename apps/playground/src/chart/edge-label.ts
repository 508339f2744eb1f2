import type { ChartEdge, ChartEvent } from './read-machine.ts'

/** The lines in an edge, each of a number of characters. */
export const labelOf = ({ events }: ChartEdge, length: number): readonly string[] =>
  wrap([...new Set(events.map(shorten))], length)

/** The lines within a state, for an edge that is not drawn. */
export const noteOf = ({ events, target }: ChartEdge): readonly string[] => {
  const text = [...new Set(events.map(shorten))].join(', ')
  const end = `→ ${target.split('.').at(-1)}`
  return text.length + end.length < noteLength ? [`${text} ${end}`] : [text, end]
}

/** The same in full, with the names that the source code uses. */
export const titleOf = ({ source, target, events }: ChartEdge): string =>
  `${source || 'any state'} → ${target}\n${events.map(spell).join('\n')}`

/** Characters. */
const noteLength = 18

const spell = ({ type, guard }: ChartEvent): string => `${type || 'always'}${guard === undefined ? '' : ` [${guard}]`}`

/** `call.hangup` is something the application calls, `signal.hangup` a message of the other side, and so on. */
const shorten = (event: ChartEvent): string => {
  const [origin = '', ...rest] = event.type.split('.')
  const name = rest.join('.')
  // A guard that only chooses between two reasons for the same step would double the label.
  const guard = event.guard === undefined || event.guard === 'yieldsEnd' ? '' : `[${toWords(event.guard)}]`
  if (origin === '') return guard || 'always'
  const delay = event.delay === undefined ? '' : ` ${event.delay / 1000} s`
  return `${shortenType(event.type, origin, name)}${delay}${guard && ` ${guard}`}`
}

const shortenType = (type: string, origin: string, name: string): string => {
  if (type.startsWith('xstate.after.')) return toWords((name.split('.')[1] ?? '').replace(/Deadline$/, ''))
  if (type.startsWith('xstate.done.')) return 'done'
  if (type.startsWith('xstate.error.')) return 'error'
  if (origin === 'call') return `${name}()`
  if (origin === 'signal') return `‹${name}›`
  return toWords([origin, name].filter(Boolean).join(' '))
}

const toWords = (name: string): string =>
  name.replaceAll(/([a-z])([A-Z])/g, (_, end, start) => `${end} ${start}`).toLowerCase()

/** A part is broken only where it is too long for a line of its own. */
const wrap = (parts: readonly string[], length: number): readonly string[] => {
  const lines = parts.map((part, index) => (index < parts.length - 1 ? `${part},` : part))
  return join(lines, length).flatMap((line) => (line.length <= length ? [line] : join(line.split(' '), length)))
}

/** Lines that are as full as can be. */
const join = (texts: readonly string[], length: number): readonly string[] => {
  const lines: string[] = []
  for (const text of texts) {
    const longer = `${lines.at(-1) ?? ''} ${text}`
    if (lines.length > 0 && longer.length <= length) lines[lines.length - 1] = longer
    else lines.push(text)
  }
  return lines
}
