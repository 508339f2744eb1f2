import type { Options } from 'tsup'

/** What every package builds the same way: ES modules with types, for the runtimes of `engines`. */
export const base = {
  entry: ['src/index.ts'],
  format: 'esm',
  target: 'es2022',
  sourcemap: true,
  clean: true,
  // tsup sets `baseUrl` for its type build, which TypeScript 6 calls deprecated.
  dts: { compilerOptions: { ignoreDeprecations: '6.0' } },
} satisfies Options
