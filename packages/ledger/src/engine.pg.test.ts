import { env } from 'node:process'

import { CommandBuffer, decodeEvents, encodeCommand } from '@plumb/model'
import { describe, expect, inject, test, vi } from 'vitest'
// A test may look across: the engine itself, and its own fuzz stream of commands, good and bad.
import { createEngine } from '../../engine/src/index.ts'
import { CommandStream } from '../../engine/src/reference/command-stream.ts'
import { streamProfiles } from '../../engine/src/reference/stream-profiles.ts'
import { databasesOf } from '../testing/start-test-postgres.ts'
import { checkLedger } from './check-ledger.ts'
import { createLedgerWriter } from './ledger-writer.ts'
import { listEntries } from './list-cash.ts'
import { listPositions } from './list-markets.ts'
import { listOrders } from './list-orders.ts'
import { type Ledger, openLedger } from './open-ledger.ts'
import type { Frame } from './project-frame.ts'
import { balancesAt, ledgerTotalsAt, positionsAt } from './reconciliations.ts'
import { attributePnl, type MarketPnl, statementOf } from './statement.ts'

vi.setConfig({ testTimeout: 60_000 })

const firstSeed = Number(env['PLUMB_SEED'] ?? 1)
const runs = [
  { name: 'usual', seed: firstSeed },
  { name: 'leveraged', seed: firstSeed },
  { name: 'deep', seed: firstSeed },
]
const commands = 2_500

const server = databasesOf(inject('postgresUrl'))

describe.each(runs)('the engine, profile $name, seed $seed', ({ name, seed }) => {
  test('cash, positions, orders and totals are the engine’s own', async () => {
    const profile = streamProfiles[name]
    if (profile === undefined) throw new Error('profiles are listed by name')
    const engine = createEngine(profile.limits)
    const stream = new CommandStream(seed, profile)
    const buffer = new CommandBuffer(1)
    const frames: Frame[] = []
    for (let seq = 1; seq <= commands; seq++) {
      const command = encodeCommand(stream.next(), seq, stream.timeMs)
      buffer.load(0, command)
      engine.events.clear()
      engine.apply(buffer, 0)
      const events = engine.events.bytes().slice()
      stream.observe(decodeEvents(events))
      frames.push({ seq, command, events })
    }
    const ledger = await openLedger(await server.createDatabase(), { applicationName: 'test' })
    const writer = await createLedgerWriter(ledger)
    for (let at = 0; at < commands; at += 250) await writer.write(frames.slice(at, at + 250))

    expect(await checkLedger(ledger)).toBeUndefined()
    const totals = engine.totals()
    const balances = await balancesAt(ledger, commands)
    const held = await positionsAt(ledger, commands)
    const accounts = Array.from({ length: totals.accounts }, (_, i) => engine.account(i + 1))
    for (const account of accounts) {
      if (account === undefined) throw new Error('accounts are dense')
      const { accountId } = account
      expect(balances.get(accountId)).toBe(account.cashQuote)
      const own = held.filter((row) => row.accountId === accountId)
      expect(own.map((row) => [row.market, row.positionLots])).toEqual(
        account.positions
          .map(({ market: id, lots }) => [id, lots])
          .toSorted(([a = 0], [b = 0]) => a - b),
      )
      const kept = await listPositions(ledger, accountId)
      for (const position of account.positions)
        expect(kept.find((row) => row.market === position.market)?.entryCostQuote).toBe(
          position.entryCostQuote,
        )
      const { items } = await listOrders(ledger, { accountId, status: 'open', limit: 5_000 })
      const open = items.map(({ orderId, remainingLots }) => [orderId, remainingLots])
      expect(open.toSorted(([a = 0], [b = 0]) => a - b)).toEqual(
        engine
          .openOrders(accountId)
          .map(({ orderId, remainingLots }) => [orderId, remainingLots])
          .toSorted(([a = 0], [b = 0]) => a - b),
      )
    }
    expect(await ledgerTotalsAt(ledger, commands)).toEqual({
      cashQuote: totals.cashQuote,
      feesQuote: totals.feesQuote,
      poolsQuote: totals.fundingPoolsQuote + totals.insuranceQuote,
      pendingWithdrawalsQuote: totals.pendingWithdrawalsQuote,
      depositsQuote: totals.depositsQuote,
      paidQuote: totals.paidQuote,
    })
    for (const { accountId } of accounts.flatMap((account) => account ?? []))
      await checkStatement(ledger, accountId, balances.get(accountId) ?? 0, stream.timeMs)
    await ledger.close()
  })
})

const sumOf = (rows: readonly MarketPnl[]) => rows.reduce((sum, { netQuote }) => sum + netQuote, 0)

/** Statement and profit and loss of an account add up to its cash, whole and cut in two at any moment. */
async function checkStatement(ledger: Ledger, accountId: number, cashQuote: number, nowMs: number) {
  const whole = await statementOf(ledger, { accountId })
  expect(whole).toMatchObject({ openingQuote: 0, closingQuote: cashQuote })
  const { items } = await listEntries(ledger, { accountId, limit: 100_000 })
  const cutMs = items[Math.floor(items.length / 2)]?.timeMs ?? nowMs
  const before = await statementOf(ledger, { accountId, until: cutMs - 1 })
  const after = await statementOf(ledger, { accountId, since: cutMs })
  expect(after.openingQuote).toBe(before.closingQuote)
  expect(after.closingQuote).toBe(cashQuote)
  const last = items.toReversed().find(({ timeMs }) => timeMs < cutMs)
  expect(last?.afterQuote ?? 0).toBe(after.openingQuote)

  const outside = new Set(['deposit', 'withdrawal', 'transfer', 'insurance_contribution'])
  const moved = whole.lines
    .filter(({ kind }) => outside.has(kind))
    .reduce((sum, { inQuote, outQuote }) => sum + inQuote - outQuote, 0)
  const net = sumOf(await attributePnl(ledger, { accountId }))
  const positions = await listPositions(ledger, accountId)
  const cost = positions.reduce((sum, { entryCostQuote }) => sum + entryCostQuote, 0)
  expect(moved + net - cost).toBe(cashQuote)
  expect(sumOf(await attributePnl(ledger, { accountId, bucketMs: 3_600_000 }))).toBe(net)
  const earlier = await attributePnl(ledger, { accountId, until: cutMs - 1 })
  const later = await attributePnl(ledger, { accountId, since: cutMs })
  expect(sumOf(earlier) + sumOf(later)).toBe(net)
}
