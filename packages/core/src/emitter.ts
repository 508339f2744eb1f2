import mitt from 'mitt'
import { assertKnown } from './assert-known.ts'
import { ParleyError } from './errors.ts'

/** Ends the subscription that returned it. Calling it again does nothing. */
export type Unsubscribe = () => void

/**
 * The subscribing half of an emitter, which is all that a handle shows. Throws `invalid-option` for an event that there is
 * none of, and for a listener that is no function.
 */
export type Listen<Events> = <Type extends keyof Events>(
  type: Type,
  listener: (payload: Events[Type]) => unknown,
) => Unsubscribe

export interface Emitter<Events> {
  readonly on: Listen<Events>
  readonly emit: <Type extends keyof Events>(type: Type, payload: Events[Type]) => void
  /** Whether anybody listens to it. */
  readonly isHeard: (type: keyof Events) => boolean
  /** Forgets every listener. */
  readonly clear: () => void
}

/** Something that went wrong without harm to what tells of it. */
export interface Warning {
  readonly code:
    /** A listener threw, or rejected. */
    | 'listener-failed'
    /** The other side sent something on a channel that makes no sense, or too much. */
    | 'bad-message'
    /** The room cannot be joined, or not again. */
    | 'transport-failed'
    /** There is no new configuration for ICE; the connection goes on with the last one. */
    | 'configuration-failed'
    /** A description was refused, no configuration could be had, or the browser took too long. */
    | 'negotiation-failed'
    /** The browser does not send a track. */
    | 'media-failed'
    /** The two sides have no codec in common for a track. */
    | 'no-codec'
    /** Nobody listened to the messages of a channel, and too many waited. */
    | 'message-lost'
    /** A call rings, and there is no listener for `call`. */
    | 'nobody-listens'
  /** What happened, for people. */
  readonly message: string
  /** What was thrown, where something was. */
  readonly error?: unknown
}

/**
 * An emitter whose listeners cannot harm each other or the emitting code: what a listener throws, or an async one
 * rejects with, goes to `warn`. mitt itself lets it through to the caller of `emit`. A `warning` to which nobody listens
 * goes to the console.
 */
export const createEmitter = <Events extends Record<string, unknown>>(
  types: readonly (keyof Events & string)[],
  warn: (warning: Warning) => void,
): Emitter<Events> => {
  const emitter = mitt<Events>()
  const isHeard = (type: keyof Events) => Boolean(emitter.all.get(type)?.length)
  return {
    isHeard,
    on: (type, listener) => {
      assertKnown('events', { [type]: listener }, types)
      if (typeof listener !== 'function')
        throw new ParleyError('invalid-option', `The listener of "${String(type)}" is no function.`)
      const report = (error: unknown) => {
        const name = String(type)
        // A listener for warnings that fails must not be told so again and again.
        if (name !== 'warning')
          warn({ code: 'listener-failed', message: `A "${name}" listener: ${String(error)}`, error })
      }
      const isolated = async (payload: Events[typeof type]) => listener(payload)
      const handle = (payload: Events[typeof type]) => void isolated(payload).catch(report)
      emitter.on(type, handle)
      return () => emitter.off(type, handle)
    },
    emit: (type, payload) => {
      // Nobody listens, and it shall not be lost.
      if (type === 'warning' && !isHeard(type)) console.warn('Parley:', payload)
      emitter.emit(type, payload)
    },
    clear: () => emitter.all.clear(),
  }
}
