import type { Clock } from './clock.ts'
import type { Warning } from './emitter.ts'
import { ParleyError, toTransportError } from './errors.ts'
import type { PeerSignaling } from './peer-handle.ts'
import { joinRoom } from './signaling/join-room.ts'
import type { SignalingJoin, SignalingTransport } from './signaling/transport.ts'
import { withResolvers } from './with-resolvers.ts'

/** ms without a link until that is worth a warning: most that are lost are back before. */
const patience = 5_000

export interface RoomLinkOptions {
  readonly transport: SignalingTransport
  readonly join: Omit<SignalingJoin, 'onOpen' | 'onClose'>
  /** ms until the room has to be joined. */
  readonly deadline: number
  readonly clock: Clock
  readonly onChange: (signaling: Exclude<PeerSignaling, 'joining'>) => void
  readonly warn: (warning: Warning) => void
}

/** The link of a peer to its room: how it is, and what is wrong with it. Throws what the transport throws. */
export const createRoomLink = ({ transport, join, deadline, clock, onChange, warn }: RoomLinkOptions) => {
  const { room, self } = join
  const ready = withResolvers<void>()
  let signaling: PeerSignaling = 'joining'
  let refusal: ParleyError | undefined
  let joinTimer: unknown
  let troubleTimer: unknown

  const change = (state: Exclude<PeerSignaling, 'joining'>) => {
    if (signaling === state) return
    signaling = state
    clock.clearTimeout(troubleTimer)
    if (state === 'lost') watch()
    else clock.clearTimeout(joinTimer)
    if (state === 'open') {
      refusal = undefined
      ready.resolve()
    }
    onChange(state)
  }

  /** The transport cannot join, or not again. */
  const refuse = (error: ParleyError) => {
    refusal = error
    ready.reject(error)
    warn({ code: 'transport-failed', message: error.message, error })
    change('refused')
  }

  const trouble = () => link.trouble ?? 'The server of the transport does not answer.'
  const watch = () => {
    const tell = () =>
      warn({
        code: 'transport-failed',
        message: `"${self.id}" has had no link to the room "${room}" for ${patience} ms, and goes on trying. ${trouble()}`,
      })
    troubleTimer = clock.setTimeout(tell, patience)
  }
  const giveUp = () =>
    ready.reject(
      new ParleyError('transport-failed', `The room "${room}" was not joined in ${deadline} ms. ${trouble()}`),
    )

  const link = joinRoom(transport, {
    ...join,
    onOpen: () => change('open'),
    onClose: (reason) => {
      if (reason) refuse(toTransportError(reason, `"${self.id}" cannot join the room "${room}". `))
      else change('lost')
    },
  })
  if (signaling === 'joining') {
    joinTimer = clock.setTimeout(giveUp, deadline)
    watch()
  }

  return {
    link,
    ready: ready.promise,
    state: () => signaling,
    refusal: () => refusal,
    close: async () => {
      clock.clearTimeout(joinTimer)
      clock.clearTimeout(troubleTimer)
      await link.close()
      ready.reject(new ParleyError('closed', `The peer "${self.id}" was closed before it joined.`))
    },
  }
}
