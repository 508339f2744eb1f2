import { createNumbers, now, type Happening } from './numbers.ts'

interface Signal {
  readonly description?: RTCSessionDescriptionInit
  readonly candidate?: RTCIceCandidateInit
  readonly hello?: true
}

/**
 * The same call by hand, as well as it can be done: one RTCPeerConnection, signaling over a WebSocket that is opened
 * again at once, `restartIce()` when the test says so. Only the caller offers.
 */
const start = (url: string, isCaller: boolean) => {
  const log: Happening[] = []
  const note = (what: string): void => void log.push({ at: now(), what })
  const pc = new RTCPeerConnection()
  const channel = pc.createDataChannel('numbers', { negotiated: true, id: 1 })
  let numbers: ReturnType<typeof createNumbers> | undefined
  channel.onopen = () => {
    note('channel open')
    const ice = pc.sctp?.transport.iceTransport
    ice?.addEventListener('selectedcandidatepairchange', () => {
      const pair = ice.getSelectedCandidatePair()
      note(`pair ${pair?.local?.address}-${pair?.remote?.address}`)
    })
    numbers ??= createNumbers((text) => channel.send(text))
  }
  channel.onclose = () => note('channel closed')
  channel.onmessage = ({ data }) => numbers?.take(String(data))

  let socket: WebSocket | undefined
  let taken = Promise.resolve()
  const send = (signal: Signal): void => {
    if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(signal))
  }
  /** Whatever was said last may be lost: each side says its description again, with the candidates that it has. */
  const repeat = (): void => {
    if (pc.localDescription) send({ description: pc.localDescription })
  }
  const connect = (): void => {
    socket?.close()
    const opened = new WebSocket(url)
    socket = opened
    opened.onopen = () => {
      note('socket open')
      send({ hello: true })
      repeat()
    }
    // One after the other: an offer that came twice would be applied twice.
    opened.onmessage = ({ data }) => {
      taken = taken.then(() => take(JSON.parse(String(data)) as Signal))
    }
    opened.onclose = () => {
      if (socket !== opened) return
      note('socket closed')
      setTimeout(() => {
        if (socket === opened) connect()
      }, 100)
    }
  }
  const take = async ({ description, candidate, hello }: Signal): Promise<void> => {
    if (hello) return repeat()
    if (candidate) return pc.addIceCandidate(candidate).catch(() => {})
    if (!description) return
    const known = ufragOf(description) === (pc.remoteDescription && ufragOf(pc.remoteDescription))
    if (known) {
      for (const [line] of description.sdp?.matchAll(/candidate:.+/g) ?? [])
        await pc.addIceCandidate({ candidate: line.trim(), sdpMLineIndex: 0 }).catch(() => {})
      if (description.type === 'offer') repeat()
    } else if (description.type === 'offer') {
      await pc.setRemoteDescription(description)
      await pc.setLocalDescription()
      repeat()
    } else if (pc.signalingState === 'have-local-offer') {
      await pc.setRemoteDescription(description)
      note('answered')
    }
  }
  pc.onicecandidate = ({ candidate }) => {
    if (!candidate) return
    note(`candidate ${candidate.address} ${candidate.protocol}`)
    send({ candidate: candidate.toJSON() })
  }
  pc.onnegotiationneeded = async () => {
    if (!isCaller) return
    await pc.setLocalDescription()
    repeat()
  }
  const restart = (): void => {
    note('restart')
    if (isCaller) pc.restartIce()
  }
  pc.onconnectionstatechange = () => note(`connection ${pc.connectionState}`)
  pc.oniceconnectionstatechange = () => note(`ice ${pc.iceConnectionState}`)
  const onNetwork = (event: Event): void => {
    note(event.type)
    if (event.type === 'offline') return
    if (socket?.readyState !== WebSocket.CONNECTING) connect()
  }
  addEventListener('online', onNetwork)
  addEventListener('offline', onNetwork)
  ;(navigator as { readonly connection?: EventTarget }).connection?.addEventListener('change', onNetwork)
  connect()
  return { pc, log, connect, restart, numbers: () => numbers }
}

const ufragOf = ({ sdp }: RTCSessionDescriptionInit): string | undefined => /a=ice-ufrag:(\S+)/.exec(sdp ?? '')?.[1]

let call: ReturnType<typeof start> | undefined

/** What tests reach through `window.e2e`. */
const driver = {
  start: (...args: Parameters<typeof start>): void => {
    call = start(...args)
  },
  /** Opens the socket again, and restarts ICE where this side offers. */
  restart: (): void => {
    call?.connect()
    call?.restart()
  },
  /** What happened here: to read when a test goes wrong. */
  log: (): readonly Happening[] => call?.log ?? [],
  stopNumbers: (): void => call?.numbers()?.stop(),
  numbers: () => call?.numbers()?.view(),
  heardSince: (moment: number) => call?.numbers()?.heardSince(moment),
}

/** The driver of the page `bare`. */
export type BareDriver = typeof driver

Object.assign(window, { e2e: driver })
document.documentElement.setAttribute('data-ready', '')
