//! The newcomer's path on a fresh devnet: start, demo, verify, stop, continue; and what verify says about damage.
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createClient } from '@plumb/sdk'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { devnetPaths } from '../../services/devnet/src/devnet-paths.ts'
import { askOnChain } from './ask-on-chain.ts'
import { type House, lastJson, makeState, removeState, runCommand, startHouse } from './house.ts'
import { tradeByKeys } from './session-keys.ts'

const state = makeState()
const journal = devnetPaths(state).journal
let house: House

const verify = (...args: string[]) => runCommand('verify', ['--state', state, '--json', ...args])

beforeAll(async () => {
  house = await startHouse(state)
}, 90_000)

afterAll(async () => {
  await house.kill()
  removeState(state)
})

test('the demo holds from deposit to withdrawal', { timeout: 120_000 }, async () => {
  const outcome = await runCommand('demo', ['--gateway', house.addresses.gatewayUrl, '--json'])
  expect(outcome.code, outcome.output).toBe(0)
  expect(lastJson(outcome)).toMatchObject({ name: 'demo', figures: { ok: true } })
})

test('risk reads: the queue of deleveraging, early warnings, notices of rising margin', async () => {
  const client = createClient({ baseUrl: house.addresses.gatewayUrl })
  const { accounts } = await client.devnet()
  const alice = client.trader(accounts.find(({ name }) => name === 'alice')?.privateKey ?? '')
  const { longs, shorts, market } = await client.adlQueue('BTC-PERP', 1)
  expect(market).toBe('BTC-PERP')
  // The demo's positions stand against each other.
  expect(longs.positions).toBeGreaterThan(0)
  expect(shorts.amount).toBe(longs.amount)
  expect(longs.queue.length + shorts.queue.length).toBeLessThanOrEqual(2)
  for (const { items } of [await alice.read.warnings(), await client.marginNotices({ limit: 5 })])
    expect(items.length).toBeLessThanOrEqual(100)
})

test('what an owner asks of the contract is done within seconds, and three sides stay equal', {
  timeout: 90_000,
}, async () => {
  const asked = await askOnChain(house.addresses, 25_000_000)
  expect(asked).toEqual({
    reason: 'on_chain',
    position: ['0.02', '0.01'],
    onChainLots: 100,
    arrivedQuote: 25_000_000,
    requestLeftQuote: 0,
    notices: ['on_chain_cancel', 'on_chain_request', 'reduction', 'on_chain_request'],
  })
  const outcome = await runCommand('reconcile', ['--state', state])
  expect(outcome.code, outcome.output).toBe(0)
})

test('session keys, libraries and wallets of other kinds trade and settle; a revoked key is refused', {
  timeout: 120_000,
}, async () => {
  const signers = await tradeByKeys(house.addresses.gatewayUrl)
  const { ofAccount, ofContract, unlocked, libraries } = signers
  expect(ofAccount).toMatchObject({
    signer: true,
    account: true,
    filled: '0.02',
    isCounted: true,
    tooLarge: 'KEY_ORDER_NOTIONAL',
    elsewhere: 'KEY_MARKET',
    withdrawal: 'KEY_FORBIDDEN',
    afterwards: 'KEY_REVOKED',
  })
  expect(ofContract).toEqual({ account: true, filled: '0.02' })
  expect(unlocked).toEqual({ canceled: 'canceled', filled: '0.02' })
  expect(libraries).toEqual({
    'a local key': '0.02',
    ethers: '0.02',
    viem: '0.02',
    'eth-sig-util': '0.02',
  })
  const agreed = await runCommand('reconcile', ['--state', state])
  expect(agreed.code, agreed.output).toBe(0)
})

test('verify agrees, signatures included, while everything runs', { timeout: 60_000 }, async () => {
  const outcome = await verify('--signatures')
  expect(outcome.code, outcome.output).toBe(0)
  expect(lastJson(outcome)).toMatchObject({ ok: true, firstDifference: null })
})

describe('verify names damage', () => {
  test('one flipped byte of a copy of the journal', { timeout: 60_000 }, async () => {
    const copy = join(state, 'journal-copy')
    // Without the writer's lock, which is a socket.
    cpSync(journal, copy, { recursive: true, filter: (path) => !path.endsWith('.sock') })
    const segment = join(copy, readdirSync(copy).find((name) => name.endsWith('.seg')) ?? '')
    const bytes = readFileSync(segment)
    const lastByte = bytes.findLastIndex((byte) => byte !== 0)
    for (const at of [Math.floor(lastByte / 2), Math.floor(lastByte / 3)]) {
      const damaged = Buffer.from(bytes)
      damaged.writeUInt8(damaged.readUInt8(at) ^ 0x10, at)
      writeFileSync(segment, damaged)
      const outcome = await verify('--journal', copy)
      expect(outcome.code, outcome.output).toBe(1)
      expect(lastJson(outcome)).toMatchObject({
        ok: false,
        firstDifference: expect.stringMatching(/^journal: /),
      })
    }
  })

  test('one posting changed by one unit', { timeout: 60_000 }, async () => {
    const sql = postgres(house.addresses.databaseUrl, { max: 1 })
    const change = (by: number) =>
      sql.begin(async (tx) => {
        // Only a superuser can pass the append-only triggers: the insider that verify is for.
        await tx`SET LOCAL session_replication_role = replica`
        await tx`
          UPDATE ledger.transfers SET amount_quote = amount_quote + ${by}
          WHERE (seq, leg) = (SELECT seq, leg FROM ledger.transfers WHERE kind = 3 ORDER BY seq, leg LIMIT 1)`
      })
    try {
      await change(1)
      const outcome = await verify()
      expect(outcome.code, outcome.output).toBe(1)
      expect(lastJson(outcome)).toMatchObject({
        ok: false,
        firstDifference: expect.stringMatching(
          /^ledger: transfer \(seq \d+, leg \d+\): amountQuote is \d+, the journal says \d+$/,
        ),
      })
      await change(-1)
      expect((await verify()).code).toBe(0)
      // The comparison of each minute may have seen it too: then nothing is paid out until an operator says so.
      const resumed = await runCommand('reconcile', ['--state', state, '--resume'])
      expect(resumed.code, resumed.output).toBe(0)
    } finally {
      await sql.end()
    }
  })
})

test('a second start on the same folder, or on a busy port, is one clear error', {
  timeout: 60_000,
}, async () => {
  const same = await runCommand('main', [
    '--state',
    state,
    '--gateway-port',
    '0',
    '--rpc-port',
    '0',
    '--postgres-port',
    '0',
  ])
  expect(same.code).toBe(1)
  expect(same.output).toMatch(/already runs on this state folder: process \d+/)
  const other = makeState()
  const port = new URL(house.addresses.gatewayUrl).port
  const busy = await runCommand('main', [
    '--state',
    other,
    '--gateway-port',
    port,
    '--rpc-port',
    '0',
    '--postgres-port',
    '0',
  ])
  removeState(other)
  expect(busy.code).toBe(1)
  expect(busy.output).toMatch(
    new RegExp(`Port ${port} \\(gateway\\) is already used by process ${house.pid('gateway')} `),
  )
})

test('Ctrl-C stops within seconds, verify works on the stopped house, the next start continues', {
  // Where stop, verify and start take more than half a minute, markets come back in steps.
  timeout: 420_000,
}, async () => {
  const before = await createClient({ baseUrl: house.addresses.gatewayUrl }).status()
  const startMs = Date.now()
  expect(await house.stop()).toBe(0)
  expect(Date.now() - startMs).toBeLessThan(8_000)
  const stopped = await verify()
  expect(stopped.code, stopped.output).toBe(0)
  house = await startHouse(state)
  const after = await createClient({ baseUrl: house.addresses.gatewayUrl }).status()
  expect(after.seq).toBeGreaterThanOrEqual(before.seq)
  const outcome = await runCommand('demo', ['--gateway', house.addresses.gatewayUrl])
  expect(outcome.code, outcome.output).toBe(0)
})
