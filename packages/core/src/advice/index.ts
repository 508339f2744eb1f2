export { adviseOn, lastStepOf, type Advice, type AdviceCause } from './advise-on.ts'
