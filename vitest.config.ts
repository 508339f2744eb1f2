import { defaultServerConditions } from 'vite'
import { defineConfig } from 'vitest/config'

// Workspace packages resolve to their TypeScript sources, so that no test needs a build.
const conditions = ['@parley-rtc/source', ...defaultServerConditions]

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  environments: { __vitest__: { resolve: { conditions, noExternal: [/^@parley-rtc\//] } } },
  test: {
    // Threads crash with @roamhq/wrtc, whose native part does not survive the end of a worker thread.
    pool: 'forks',
    // Warnings to which a test does not listen, as most that provoke one do not.
    onConsoleLog: (log) => !log.startsWith('Parley:'),
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['packages/*/src/**/*.test.ts'],
          environment: 'node',
          // By default one core is left idle, which of two is half.
          maxWorkers: '100%',
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['e2e/**/*.test.ts'],
          environment: 'node',
          globalSetup: 'e2e/global-setup.ts',
          testTimeout: 60_000,
          hookTimeout: 60_000,
          // Two browsers on two cores lose a race against time once in some thousand tests: `npm test` names the test then.
          retry: 1,
          // Real stacks measure real time, and mostly wait: two files at once go well on two cores, more do not.
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})
