import type { SessionSnapshot } from '@parley-rtc/core'
import { element, setText } from '../element.ts'
import type { Side, SideState } from '../side/side.ts'

const carriers: Record<SessionSnapshot['signaling'], string> = {
  transport: 'transport',
  control: 'control: over the connection itself',
  both: 'both: the connection itself may be dead',
  none: 'none: it waits',
  unaddressed: 'unaddressed: it waits for somebody with the id',
}

/** The small print: counters of the snapshot, and the report of the session. */
export const createDetailsView = (
  side: Side,
): { readonly root: HTMLElement; readonly render: (state: SideState) => void } => {
  const signaling = element('dd')
  const negotiation = element('dd')
  const candidates = element('dd')
  const channels = element('dd')
  const json = element('pre', { tabindex: '0', 'aria-label': `Report of ${side.name}` })
  const report = element('details', { class: 'report' }, element('summary', { text: 'report' }), json)

  const renderReport = async () => {
    const data = await side.report()
    setText(json, data === undefined ? 'There was no call yet.' : JSON.stringify(data, undefined, 2))
  }
  report.addEventListener('toggle', () => report.open && void renderReport())

  const render = ({ session }: SideState) => {
    setText(signaling, session === undefined ? '–' : carriers[session.signaling])
    setText(negotiation, session?.negotiation ?? '–')
    setText(channels, session?.channels.map(({ label, state }) => `${label} ${state}`).join(', ') || '–')
    const { queued = 0, applied = 0, stale = 0, dropped = 0 } = session?.candidates ?? {}
    setText(candidates, `${applied} applied, ${queued} queued, ${stale} stale, ${dropped} dropped`)
    if (report.open) void renderReport()
  }
  const list = element(
    'dl',
    {},
    element('dt', { text: 'signaling' }),
    signaling,
    element('dt', { text: 'negotiation' }),
    negotiation,
    element('dt', { text: 'candidates' }),
    candidates,
    element('dt', { text: 'channels' }),
    channels,
  )
  return { root: element('div', { class: 'details' }, list, report), render }
}
