import { env } from 'node:process'

import { CommandBuffer, decodeEvents, encodeCommand, type Market } from '@plumb/model'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
// A test may look across: the engine itself, and its own fuzz stream of commands, good and bad.
import { createEngine } from '../../engine/src/index.ts'
import { CommandStream } from '../../engine/src/reference/command-stream.ts'
import { startTestPostgres, type TestPostgres } from '../testing/start-test-postgres.ts'
import { checkLedger } from './check-ledger.ts'
import { createLedgerWriter } from './ledger-writer.ts'
import { listPositions } from './list-markets.ts'
import { listOrders } from './list-orders.ts'
import { openLedger } from './open-ledger.ts'
import type { Frame } from './project-frame.ts'
import { balancesAt, ledgerTotalsAt, positionsAt } from './reconciliations.ts'

vi.setConfig({ testTimeout: 60_000 })

const market: Market = {
  market: 0,
  symbol: 'BTC-PERP',
  tickE8: 10_000_000,
  lotE8: 100_000,
  quotePerTickLot: 100,
  imBps: 500,
  mmBps: 250,
  takerFee: 45,
  makerFee: -10,
  minOrderLots: 1,
  maxOrderLots: 100_000,
  maxPositionLots: 300,
  minNotionalQuote: 0,
  maxOpenInterestLots: 0,
  priceBandPpm: 50_000,
  markBandPpm: 30_000,
  fixedIndexTicks: 0,
}
const profile = {
  owners: 6,
  markets: [market, { ...market, market: 7, symbol: 'ETH-PERP', quotePerTickLot: 7, makerFee: 15 }],
  lanes: 12,
  depositMax: 2_000_000_000,
  sizeMax: 30,
  spread: 5,
  volatility: 1_000,
  depth: 60,
}
const firstSeed = Number(env['PLUMB_SEED'] ?? 1)
const seeds = Array.from(
  { length: Number(env['PLUMB_LEDGER_SEEDS'] ?? 3) },
  (_, i) => firstSeed + i,
)
const commands = 2_500

let server: TestPostgres
beforeAll(async () => {
  server = await startTestPostgres()
}, 60_000)
afterAll(() => server.stop())

describe.each(seeds)('the engine, seed %d', (seed) => {
  test('cash, positions, orders and totals are the engine’s own', async () => {
    const engine = createEngine()
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
      expect(items.map(({ orderId, remainingLots }) => [orderId, remainingLots])).toEqual(
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
    await ledger.close()
  })
})
