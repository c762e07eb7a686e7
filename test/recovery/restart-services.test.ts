//! Each single process killed under load: the supervisor brings it back, traders go on, nothing acknowledged is lost.
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from '@plumb/sdk'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type House,
  lastJson,
  makeState,
  removeState,
  runCommand,
  startHouse,
} from '../e2e/house.ts'

const state = makeState()
let house: House

beforeAll(async () => {
  house = await startHouse(state)
}, 90_000)

afterAll(async () => {
  await house.kill()
  removeState(state)
})

const comesBack = async (name: string, killed: number) => {
  for (let i = 0; i < 300; i++) {
    await sleep(100)
    try {
      const response = await fetch(`${house.addresses.gatewayUrl}/ready`)
      if (response.ok && house.pid(name) !== killed) return
    } catch {
      // Not back yet.
    }
  }
  throw new Error(`${name} did not come back:\n${house.said()}`)
}

test.each([
  'sequencer',
  'gateway',
  'ledger',
  'margin',
  'relayer',
  'oracle',
  'postgres',
  'chain',
  'bots',
])('%s comes back after kill -9', { timeout: 60_000 }, async (name) => {
  const pid = house.pid(name)
  process.kill(pid, 'SIGKILL')
  await comesBack(name, pid)
})

test('after all that, a trade still settles and everything agrees', {
  timeout: 420_000,
}, async () => {
  const outcome = await runCommand('demo', ['--gateway', house.addresses.gatewayUrl])
  expect(outcome.code, outcome.output).toBe(0)
  expect((await createClient({ baseUrl: house.addresses.gatewayUrl }).reconciliation()).ok).toBe(
    true,
  )
  const verified = await runCommand('verify', ['--state', state, '--json'])
  expect(lastJson(verified), verified.output).toMatchObject({ ok: true, firstDifference: null })
})
