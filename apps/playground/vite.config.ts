import { defaultClientConditions, defineConfig } from 'vite'

// Relative addresses, so that the built page can be put anywhere. Parley comes from its sources, without a build.
export default defineConfig({
  base: './',
  resolve: { conditions: ['@parley-rtc/source', ...defaultClientConditions] },
})
