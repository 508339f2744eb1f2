import { defineConfig } from 'tsup'
import { base } from '../../tsup.config.base.ts'

const main = { index: 'src/index.ts' }
const wrappers = { 'wrappers/index': 'src/wrappers/index.ts' }
const advice = { 'advice/index': 'src/advice/index.ts' }
const transfers = { streams: 'src/streams.ts', 'files/index': 'src/files/index.ts' }
const others = { machines: 'src/machines.ts', 'testing/index': 'src/testing/index.ts' }

export default defineConfig([
  { ...base, entry: { ...main, ...wrappers, ...advice, ...transfers, ...others }, dts: false },
  // Types of their own for the main entry and the wrappers: built together, they would share a file with those of the
  // machines, and each user's compiler would read XState for them.
  ...[main, wrappers, advice, transfers, others].map((entry) => ({
    ...base,
    entry,
    clean: false,
    // Handles are AsyncDisposable, whatever the user's `lib` says.
    dts: { ...base.dts, only: true, banner: '/// <reference lib="esnext.disposable" />' },
  })),
])
