import type { Clock } from '@parley-rtc/core'
import { lost, malformed } from './close-codes.ts'
import type { WebSocketLike } from './web-socket.ts'

export interface ConnectionOptions {
  readonly clock: Clock
  /** The first frame. Asked for before the socket is opened. */
  readonly hello: () => Promise<string>
  readonly openSocket: () => WebSocketLike
  /** What the relay itself says, as far as it is an object. The first is the welcome, and there is no other. */
  readonly onRelay: (frame: RelayFrame) => void
  /** A message, only after the welcome. */
  readonly onMessage: (from: string, text: string) => void
  /** Called once, unless `close` was called before: the close code, or the nearest one for what went wrong here. */
  readonly onEnd: (code: number, reason: string | undefined) => void
}

/** Each property is whatever came, and is checked where it is read. */
export type RelayFrame = Readonly<Record<string, unknown>>

/** One socket, from the attempt to its end. */
export interface Connection {
  /** Drops the frame unless the room is joined, and when too much waits in the socket. */
  readonly send: (frame: string) => boolean
  /** Something may have happened to the socket: finds out in 3 s, or in 0.5 s when the network is another one. */
  readonly probe: (isNetwork: boolean) => void
  /** Leaves for good. Resolves when the socket is closed, after 2 s at the latest. */
  readonly close: () => Promise<void>
}

/** Milliseconds: of an attempt, of silence before the relay is asked, of its answer, of that in haste and in great haste, of leaving. */
const attemptLimit = 10_000
const silenceLimit = 15_000
const answerLimit = 10_000
const hastyAnswerLimit = 3_000
const networkAnswerLimit = 500
const leaveLimit = 2_000
/** Bytes that may wait in a socket whose network is slow or gone: core sends again what was not confirmed. */
const maxBuffered = 256 * 1024

export const openConnection = (options: ConnectionOptions): Connection => {
  const { clock, hello, openSocket, onRelay, onMessage, onEnd } = options
  let phase: 'joining' | 'joined' | 'over' = 'joining'
  let socket: WebSocketLike | undefined
  let timer: unknown

  const wait = (ms: number, run: () => void): void => {
    clock.clearTimeout(timer)
    timer = clock.setTimeout(run, ms)
  }

  const start = async (): Promise<void> => {
    let codeOfFault = lost // a token that cannot be had now
    try {
      const first = await hello()
      if (phase === 'over') return
      codeOfFault = malformed // a policy of the page, or a subprotocol that is none
      socket = openSocket()
      socket.onopen = () => socket?.send(first)
      socket.onmessage = receive
      socket.onerror = () => {} // the close that follows says more; without a listener, `ws` would throw
      socket.onclose = ({ code, reason }: CloseEvent) => end(code, reason)
    } catch (error) {
      end(codeOfFault, String(error))
    }
  }

  const receive = ({ data }: MessageEvent<unknown>): void => {
    const [, from, text = ''] = /^([^\n]*)\n([^]*)/.exec(String(data)) ?? []
    const frame: RelayFrame = from ? {} : parse(text)
    const isWelcome = frame['type'] === 'welcome'
    if (phase === 'over' || isWelcome !== (phase === 'joining')) return
    phase = 'joined'
    wait(silenceLimit, ask)
    if (from) onMessage(from, text)
    else onRelay(frame)
  }

  // A dead network closes no socket. An address that is empty means the relay itself.
  const ask = (limit = answerLimit): void => {
    send('\n')
    wait(limit, () => end(lost))
  }

  const send = (frame: string): boolean => {
    if (phase !== 'joined' || !socket || socket.bufferedAmount + frame.length > maxBuffered) return false
    socket.send(frame)
    return true
  }

  const end = (code: number, reason?: string): void => {
    if (phase === 'over') return
    abandon()
    onEnd(code, reason)
  }

  const abandon = (): void => {
    phase = 'over'
    clock.clearTimeout(timer)
    // Without a code, so that the relay takes it for a loss and keeps the id.
    if (socket?.terminate) socket.terminate()
    else socket?.close()
  }

  wait(attemptLimit, () => end(lost))
  void start()

  return {
    send,
    probe: (isNetwork) => {
      if (phase === 'joined') ask(isNetwork ? networkAnswerLimit : hastyAnswerLimit)
    },
    close: () =>
      new Promise((resolve) => {
        const leave = (): void => {
          abandon()
          resolve()
        }
        if (!socket) return leave()
        phase = 'over'
        socket.onclose = leave
        wait(leaveLimit, leave)
        socket.close(1000)
      }),
  }
}

const parse = (text: string): RelayFrame => {
  try {
    return Object(JSON.parse(text))
  } catch {
    return {}
  }
}
