//! The tests that judge those mutants of a group that no recorded stream noticed; without a group, the stories to record.
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { groups, type MutationGroup, stories } from './groups.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const conditions = ['@plumb/source', 'module', 'node', 'development|production']
const group = process.env['PLUMB_MUTATE']
const tests = group === undefined ? stories : groups[group as MutationGroup].tests
export default defineConfig({
  root,
  // In Stryker's copy of the sources the package is the copy, not what node_modules links to.
  resolve: { conditions, alias: { '@plumb/model': `${root}packages/model/src/index.ts` } },
  ssr: { resolve: { conditions } },
  test: {
    include: tests,
    setupFiles: group === undefined ? ['test/mutation/record-stories.ts'] : [],
    testTimeout: 60_000,
    isolate: false,
    // The streams have played already.
    env: { PLUMB_FUZZ: '2500', PLUMB_RUNS: '1' },
  },
})
