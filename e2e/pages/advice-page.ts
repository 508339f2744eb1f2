import { createPeer, type SignalingTransport } from '@parley-rtc/core'
import { adviseOn, type Advice } from '@parley-rtc/core/advice'
import { broadcastChannelTransport } from '@parley-rtc/transport-broadcastchannel'

/** Signaling in which every candidate points to an address where nobody is (RFC 5737). */
const toNowhere: SignalingTransport = (join) => {
  const link = broadcastChannelTransport()(join)
  const send: typeof link.send = (to, text) =>
    link.send(to, text.replace(/(candidate:\S+ \d+ \w+ \d+ )\S+/g, '$1203.0.113.7'))
  return { ...link, send }
}

/** What tests reach through `window.e2e`. */
const driver = {
  /** The advice of the caller after a call that found no way, with this configuration on its side. */
  onCallToNowhere: async (configuration: RTCConfiguration, connect: number): Promise<Advice | undefined> => {
    const room = crypto.randomUUID()
    const join = (id: string) =>
      createPeer({ id, room, transport: toNowhere, rtc: { configuration }, deadlines: { connect, end: 100 } })
    const [ann, bob] = [join('ann'), join('bob')]
    bob.on('call', (session) => session.accept())
    await Promise.all([ann.ready, bob.ready])
    const session = ann.call('bob')
    await session.connected.catch(() => {})
    const advice = adviseOn(await session.report())
    await Promise.all([ann.close(), bob.close()])
    return advice
  },

  /** A frame that may not use the camera asks for it. */
  onRefusedCamera: async (): Promise<Advice | undefined> => {
    const frame = Object.assign(document.createElement('iframe'), { allow: "camera 'none'", src: 'index.html' })
    const loaded = new Promise((resolve) => frame.addEventListener('load', resolve))
    document.body.append(frame)
    await loaded
    const problem = await frame.contentWindow?.navigator.mediaDevices
      .getUserMedia({ video: true })
      .catch((error: unknown) => error as Error)
    frame.remove()
    return problem instanceof MediaStream || !problem ? undefined : adviseOn(problem)
  },
}

/** The driver of the page `advice`. */
export type AdviceDriver = typeof driver

Object.assign(window, { e2e: driver })
document.documentElement.setAttribute('data-ready', '')
