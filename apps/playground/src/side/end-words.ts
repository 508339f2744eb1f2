import type { SessionEnd } from '@parley-rtc/core'
import type { Name } from '../place.ts'

/** How a session ended, as one would tell it. */
export const tellEnd = ({ reason, by, message }: SessionEnd, self: Name, other: Name): string => {
  const actor = by === 'local' ? self : other
  const saying = message === undefined ? '' : ` “${message}”`
  return `${sentenceOf(reason, actor, actor === 'alice' ? 'bob' : 'alice')}${saying}`
}

const sentenceOf = (reason: SessionEnd['reason'], actor: Name, counterpart: Name): string => {
  switch (reason) {
    case 'hangup':
      return `${actor} hung up.`
    case 'rejected':
      return `${actor} rejected the call.`
    case 'busy':
      return `${actor} is busy.`
    case 'cancelled':
      return `${actor} cancelled the call.`
    case 'unanswered':
      return 'Nobody answered in time.'
    case 'unreachable':
      return `${counterpart} could not be reached.`
    case 'failed':
      return `The connection failed, as ${actor} found.`
    case 'replaced':
      return `${actor} began anew, in another page.`
    case 'closed':
      return `${actor} left.`
    case 'incompatible':
      return `${actor} runs an incompatible version.`
    case 'unauthorized':
      return `${actor} was not allowed to call.`
  }
}
