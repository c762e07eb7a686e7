import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { scenarioNames, scenarioPlan } from './scenario-plan.ts'

const folder = mkdtempSync(join(tmpdir(), 'plumb-plan-'))
afterAll(() => rmSync(folder, { recursive: true }))

test('recorded scenarios say which file is missing and where it belongs', () => {
  for (const name of scenarioNames.filter((one) => one !== 'flash'))
    expect(() => scenarioPlan(name, folder, join(folder, 'absent'))).toThrow(
      /needs the recorded prices of .*absent.prices.* beside the repository/,
    )
})

test('the made-up one needs none; an unknown one names those there are', () => {
  const plan = scenarioPlan('flash', folder)
  expect(plan.cast.map(({ fate }) => fate)).toContain('liquidated')
  expect(() => scenarioPlan('nothing', folder)).toThrow(/flash, covid-2020-03-13/)
})
