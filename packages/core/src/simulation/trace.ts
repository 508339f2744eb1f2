import type { FaultOptions } from '../testing/faults.ts'
import type { LoggedMessage } from '../testing/memory-network.ts'

const longest = 150

/** What happened, in one line each, with what it takes to see it again. */
export const traceOf = ({
  seed,
  faults,
  replay,
  lines,
  sent,
}: {
  readonly seed: number
  readonly faults: FaultOptions
  readonly replay: string
  readonly lines: readonly { readonly at: number; readonly text: string }[]
  readonly sent: readonly LoggedMessage[]
}): string => {
  const all = [...lines, ...sent.map((message) => ({ at: message.at, text: inWords(message) }))]
  const shown = all.sort((a, b) => a.at - b.at).map(({ at, text }) => `${at.toFixed(0).padStart(7)} ${text}`)
  const cut = shown.length > longest ? [`        ... ${shown.length - longest} lines before`] : []
  const head = `seed ${seed}, faults ${JSON.stringify(faults)}; again: ${replay}`
  return [head, ...cut, ...shown.slice(-longest)].join('\n')
}

const inWords = ({ from, to, text, fate, deliveries }: LoggedMessage): string => {
  const { type, seq, ack, session } = JSON.parse(text) as Record<string, unknown>
  const times = deliveries === 1 ? '' : ` x${deliveries}`
  return `  ${from} -> ${to} ${String(type)} seq ${String(seq)} ack ${String(ack)} of ${String(session).slice(0, 4)}: ${fate}${times}`
}
