//! `npm run coverage`: how much of the engine and of the shared arithmetic their own tests reach.
//! `npm run coverage -- --mode fuzz`: how much random commands against the reference reach alone; no threshold.
import { defineConfig } from 'vitest/config'

const conditions = ['@plumb/source', 'module', 'node', 'development|production']
const fuzz = ['packages/engine/src/reference/differential.test.ts']

export default defineConfig(({ mode }) => ({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: mode === 'fuzz' ? fuzz : ['packages/{engine,model}/src/**/*.test.ts'],
    // It measures the collector, in a process whose coverage would not be seen.
    exclude: ['**/node_modules/**', 'packages/engine/src/allocation.test.ts'],
    testTimeout: 60_000,
    coverage: {
      enabled: true,
      provider: 'v8',
      include: ['packages/{engine,model}/src/**/*.ts'],
      exclude: ['packages/engine/src/reference/**', '**/*.test.ts'],
      reporter: ['text', 'html', 'json-summary'],
      reportsDirectory: mode === 'fuzz' ? 'coverage/fuzz' : 'coverage/all',
      ...(mode === 'fuzz' ? {} : { thresholds: { lines: 98, branches: 95 } }),
    },
  },
}))
