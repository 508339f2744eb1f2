export { negotiationMachine } from './negotiation/machine.ts'
export { sessionMachine } from './session/machine.ts'
