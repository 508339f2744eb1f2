import { defineConfig } from 'tsup'
import { base } from '../../tsup.config.base.ts'

const main = { index: 'src/index.ts' }
const others = { machines: 'src/machines.ts', 'testing/index': 'src/testing/index.ts' }

export default defineConfig([
  { ...base, entry: { ...main, ...others }, dts: false },
  // Types of their own for the main entry: built together, they would share a file with those of the machines, and
  // each user's compiler would read XState for them.
  ...[main, others].map((entry) => ({ ...base, entry, clean: false, dts: { ...base.dts, only: true } })),
])
