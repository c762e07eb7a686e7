//! The tests that judge a group's mutants. The recorded streams come first: they notice most, and at the first answer.
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import { groups, type MutationGroup } from './groups.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const conditions = ['@plumb/source', 'module', 'node', 'development|production']
const { tests, slow } = groups[(process.env['PLUMB_MUTATE'] ?? 'funding') as MutationGroup]
const long = process.env['PLUMB_MUTATE_LONG'] === '1'
const order = ['test/mutation/replay.test.ts', ...tests, ...(long ? slow : [])]

const place = ({ moduleId }: TestSpecification) =>
  order.findIndex((path) => moduleId.endsWith(path))

class InOrder extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return files.toSorted((a, b) => place(a) - place(b))
  }
}

export default defineConfig({
  root,
  // In Stryker's copy of the sources the package is the copy, not what node_modules links to.
  resolve: { conditions, alias: { '@plumb/model': `${root}packages/model/src/index.ts` } },
  ssr: { resolve: { conditions } },
  test: {
    include: order,
    sequence: { sequencer: InOrder },
    isolate: false,
    env: { PLUMB_FUZZ: '15000', PLUMB_RUNS: '6' },
  },
})
