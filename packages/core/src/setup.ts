import { createMachine, type setup as xstateSetup } from 'xstate'

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
