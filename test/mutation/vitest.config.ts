//! The tests that judge those mutants of a group that no recorded stream noticed.
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { groups, type MutationGroup } from './groups.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const conditions = ['@plumb/source', 'module', 'node', 'development|production']
const { tests } = groups[(process.env['PLUMB_MUTATE'] ?? 'funding') as MutationGroup]
export default defineConfig({
  root,
  // In Stryker's copy of the sources the package is the copy, not what node_modules links to.
  resolve: { conditions, alias: { '@plumb/model': `${root}packages/model/src/index.ts` } },
  ssr: { resolve: { conditions } },
  test: {
    include: tests,
    isolate: false,
    // The streams have played already.
    env: { PLUMB_FUZZ: '2500', PLUMB_RUNS: '1' },
  },
})
