import {
  createMachine,
  type AnyActorRef,
  type AnyStateMachine,
  type EventObject,
  type setup as xstateSetup,
} from 'xstate'

/**
 * XState's `setup`, with its types, without the action creators that it carries along for whoever asks: they are
 * 0.8 kB of a bundle in which nobody does.
 */
export const setup = ((implementations: object) => ({
  createMachine: (config: object) => createMachine(config, implementations),
  createStateConfig: (config: object) => config,
})) as unknown as typeof xstateSetup

/** What an actor does that a machine only names: whoever runs the machine provides another. */
export const notProvided = () => {
  throw new Error('Provide the actors of this machine.')
}

/**
 * An action that tells the invoked `connection` something, in place of XState's `sendTo`: that one also knows delays and
 * other targets, which is 0.4 kB that no machine here needs. It asks the snapshot from before the transition, which has
 * the connection already wherever there is something to tell it.
 */
export const toConnection = <Event extends EventObject>({ self }: { readonly self: AnyActorRef }, event: Event): void =>
  self.getSnapshot().children.connection?.send(event)

/**
 * What `machine.provide()` does, without its copy of every state and transition of the chart, which would be most of what a
 * session costs in time and in heap. The states are shared; for what they only name, XState asks the machine of a snapshot.
 */
export const provide = <Machine extends AnyStateMachine>(
  machine: Machine,
  { actors, guards, delays }: Parameters<Machine['provide']>[0],
): Machine => {
  const { implementations } = machine
  const provided = Object.create(machine) as Machine
  provided.implementations = {
    ...implementations,
    actors: { ...implementations.actors, ...actors },
    guards: { ...implementations.guards, ...guards },
    delays: { ...implementations.delays, ...(delays as typeof implementations.delays) },
  }
  // A machine binds its methods to itself, and the first snapshot holds the machine that made it.
  provided.getInitialSnapshot = machine.constructor.prototype.getInitialSnapshot.bind(provided)
  return provided
}
