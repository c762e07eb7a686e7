import { env } from 'node:process'
import { decodeCommand, encodeCommand } from '@plumb/model'
import postgres from 'postgres'
import { afterEach, describe, expect, inject, test, vi } from 'vitest'
import { createRandomExchange, type RandomExchange } from '../testing/random-frames.ts'
import { databasesOf } from '../testing/start-test-postgres.ts'
import { checkLedger } from './check-ledger.ts'
import { ledgerAccount } from './ledger-account.ts'
import { createLedgerWriter } from './ledger-writer.ts'
import { listMarkets } from './list-markets.ts'
import { readCursor } from './list-settlements.ts'
import { type Ledger, openLedger } from './open-ledger.ts'
import type { Frame } from './project-frame.ts'
import { balancesAt, ledgerTotalsAt, positionsAt } from './reconciliations.ts'

vi.setConfig({ testTimeout: 60_000 })

const seed = Number(env['SEED'] ?? Date.now() % 1e9)
const steps = Number(env['STEPS'] ?? 600)
const tables = [
  'accounts',
  'balances',
  'transfers',
  'trades',
  'orders',
  'open_orders',
  'position_moves',
  'liquidations',
  'notices',
  'order_terms',
  'order_refusals',
  'positions',
  'candles',
  'deposits',
  'withdrawals',
  'withdrawal_payments',
  'funding_rates',
  'funding_payments',
  'settlements',
  'seq_times',
  'markets',
  'exchange',
  'cursors',
]

const server = databasesOf(inject('postgresUrl'))
const open: Ledger[] = []

afterEach(async () => {
  await Promise.all(open.splice(0).map((ledger) => ledger.close()))
})

async function openAt(url: string): Promise<Ledger> {
  const ledger = await openLedger(url, { applicationName: 'test', max: 2 })
  open.push(ledger)
  return ledger
}
const openFresh = async () => openAt(await server.createDatabase())

function randomExchange(happenings: number, salt = 0): RandomExchange {
  const exchange = createRandomExchange({ seed: seed + salt })
  for (let i = 0; i < happenings; i++) exchange.step()
  return exchange
}

/** Everything in the database, as text. */
async function contents(ledger: Ledger): Promise<Record<string, unknown>> {
  const found = await Promise.all(
    tables.map(async (table) => {
      const rows = await ledger.sql`SELECT t::text AS row FROM ${ledger.sql(table)} t ORDER BY 1`
      return [table, rows.map(({ row }) => row)] as const
    }),
  )
  return Object.fromEntries(found)
}

async function writeInPieces(
  ledger: Ledger,
  frames: readonly Frame[],
  size: number,
): Promise<void> {
  const writer = await createLedgerWriter(ledger)
  for (let at = 0; at < frames.length; at += size) await writer.write(frames.slice(at, at + size))
}

describe(`random exchange, SEED=${seed}`, () => {
  test('cash, positions and totals are the exchange’s own at every seq', async () => {
    const exchange = randomExchange(steps / 2)
    const half = exchange.frames.length
    const midCash = [...exchange.cash]
    const midLots = exchange.positions.map((markets) => markets.map(({ lots }) => lots))
    for (let i = 0; i < steps / 2; i++) exchange.step()
    const ledger = await openFresh()
    await writeInPieces(ledger, exchange.frames, 37)
    expect(await checkLedger(ledger)).toBeUndefined()
    const end = exchange.frames.length
    for (const [seq, cash, lots] of [
      [half, midCash, midLots],
      [end, exchange.cash, exchange.positions.map((markets) => markets.map((p) => p.lots))],
    ] as const) {
      const balances = await balancesAt(ledger, seq)
      for (const [accountId, quote] of cash.entries()) expect(balances.get(accountId)).toBe(quote)
      expect([...balances.values()].reduce((sum, quote) => sum + quote, 0)).toBe(0)
      const held = await positionsAt(ledger, seq)
      const expected = lots.flatMap((markets, accountId) =>
        markets
          .map((positionLots, market) => ({ accountId, market, positionLots }))
          .filter(({ positionLots }) => positionLots !== 0),
      )
      expect(held).toEqual(expected)
      const t = await ledgerTotalsAt(ledger, seq)
      expect(t.cashQuote + t.feesQuote + t.poolsQuote + t.pendingWithdrawalsQuote).toBe(
        t.depositsQuote - t.paidQuote,
      )
      expect(balances.get(ledgerAccount.external)).toBe(t.paidQuote - t.depositsQuote)
    }
  })

  test('any cut into transactions, redelivery and restarts give the same rows', async () => {
    const { frames } = randomExchange(steps, 1)
    const whole = await openFresh()
    await writeInPieces(whole, frames, frames.length)
    const url = await server.createDatabase()
    const pieces = await openAt(url)
    for (let at = 0; at < frames.length; ) {
      // A new writer each time, as after a crash, fed from before its cursor.
      const writer = await createLedgerWriter(pieces)
      expect(writer.cursor).toBe(at)
      const next = Math.min(at + 1 + ((at * 7919) % 90), frames.length)
      const report = await writer.write(frames.slice(Math.max(0, at - 20), next))
      expect(report).toMatchObject({ toSeq: next, frames: next - at })
      expect(await writer.write(frames.slice(0, next))).toMatchObject({ frames: 0 })
      at = next
    }
    expect(await contents(pieces)).toEqual(await contents(whole))
  })
})

test('a failure behind the last row leaves nothing, and the next writer goes on', async () => {
  const { frames } = randomExchange(200, 2)
  const url = await server.createDatabase()
  const ledger = await openAt(url)
  const writer = await createLedgerWriter(ledger)
  await writer.write(frames.slice(0, 100))
  const before = await contents(ledger)
  const admin = postgres(url, { max: 1, onnotice: () => {} })
  // seq_times comes last but one: everything else has been sent when it fails.
  await admin`ALTER TABLE ledger.seq_times ADD CONSTRAINT crash CHECK (seq < 0) NOT VALID`
  await expect(writer.write(frames.slice(100))).rejects.toThrow('crash')
  expect(await contents(ledger)).toEqual(before)
  await admin`ALTER TABLE ledger.seq_times DROP CONSTRAINT crash`
  await admin.end()
  await expect(writer.write(frames.slice(100))).rejects.toMatchObject({ code: 'CURSOR_MISMATCH' })
  const again = await createLedgerWriter(ledger)
  expect(again.cursor).toBe(100)
  await again.write(frames)
  expect(await checkLedger(ledger)).toBeUndefined()
})

test('a gap, a second writer and a journal that says otherwise are refused', async () => {
  const { frames } = randomExchange(50, 3)
  const ledger = await openFresh()
  const writer = await createLedgerWriter(ledger)
  const second = await createLedgerWriter(ledger)
  await writer.write(frames.slice(0, 20), new Uint8Array(32).fill(5))
  expect(await readCursor(ledger)).toEqual({ seq: 20, chainHash: Buffer.alloc(32, 5) })
  await expect(second.write(frames)).rejects.toMatchObject({ code: 'CURSOR_MISMATCH' })
  await expect(writer.write(frames.slice(21))).rejects.toMatchObject({ code: 'GAP' })
  const third = await createLedgerWriter(ledger)
  const other = randomExchange(400, 4).frames
  const deposit = other.find((frame) => frame.seq > 20 && frame.events[16] === 5)
  if (deposit === undefined) throw new Error('no deposit in the random exchange')
  const alien: Frame = { ...deposit, seq: 21 }
  await expect(third.write([alien])).rejects.toMatchObject({ code: 'DIVERGED' })
})

test('history cannot be changed, by the application or by its superuser', async () => {
  const url = await server.createDatabase()
  const ledger = await openAt(url)
  await writeInPieces(ledger, randomExchange(100, 5).frames, 1_000)
  const { sql } = ledger
  await expect(sql`UPDATE transfers SET amount_quote = 1`).rejects.toThrow('permission denied')
  await expect(sql`DELETE FROM transfers`).rejects.toThrow('permission denied')
  await expect(sql`TRUNCATE transfers`).rejects.toThrow('permission denied')
  await expect(sql`UPDATE balances SET balance_quote = 0`).rejects.toThrow('permission denied')
  await expect(sql`INSERT INTO balances VALUES (99, 5)`).rejects.toThrow('permission denied')
  const admin = postgres(url, { max: 1, onnotice: () => {} })
  for (const change of [
    'UPDATE ledger.transfers SET amount_quote = 1',
    'DELETE FROM ledger.trades',
    'TRUNCATE ledger.deposits',
  ])
    await expect(admin.unsafe(change)).rejects.toThrow('history is append-only')
  await admin.end()
})

test('a symbol that is listed again is another market', async () => {
  const ledger = await openFresh()
  const { frames } = randomExchange(0, 8)
  const listed = frames.filter(
    ({ command }) => decodeCommand(command).command.kind === 'ListMarket',
  )
  const again = listed.map(({ command, events }): Frame => {
    const { command: market, timeMs } = decodeCommand(command)
    if (market.kind !== 'ListMarket') throw new Error('filtered')
    const bytes = encodeCommand(
      { ...market, market: market.market + 30 },
      frames.length + 1,
      timeMs,
    )
    const record = events.slice()
    const view = new DataView(record.buffer)
    view.setFloat64(0, frames.length + 1, true)
    view.setInt32(28, market.market + 30, true)
    return { seq: frames.length + 1, command: bytes, events: record }
  })
  await writeInPieces(ledger, [...frames, ...again.slice(0, 1)], 1_000)
  const markets = await listMarkets(ledger)
  expect(markets.map(({ market, symbol }) => [market, symbol])).toEqual([
    [0, 'M0-PERP'],
    [1, 'M1-PERP'],
    [30, 'M0-PERP'],
  ])
})

test('the database refuses transfers that do not hold together', async () => {
  const ledger = await openFresh()
  const { sql } = ledger
  await writeInPieces(ledger, randomExchange(0, 6).frames, 1_000)
  const seq = 999
  const insert = (debit: number, credit: number, amount: number) =>
    sql.begin(async (tx) => {
      await tx`UPDATE cursors SET seq = ${seq} WHERE consumer = 'ledger'`
      await tx`
        INSERT INTO transfers (seq, leg, time_ms, debit, credit, amount_quote, debit_after_quote, credit_after_quote,
          reference, kind, market)
        VALUES (${seq}, 0, 0, ${debit}, ${credit}, ${amount}, 0, 0, 0, 2, -1)`
    })
  await expect(insert(0, 777, 5)).rejects.toThrow('transfers name 2 accounts, of which 1 exist')
  await expect(insert(0, 0, 5)).rejects.toThrow('check constraint')
  await expect(insert(0, 1, 0)).rejects.toThrow('check constraint')
  await expect(insert(ledgerAccount.fees, 1, 5)).rejects.toThrow('check constraint')
  await insert(0, 1, 5)
  await expect(insert(0, 1, 5)).rejects.toThrow('duplicate key')
  expect(await checkLedger(ledger)).toContain('statements chain')
  const outside = sql`INSERT INTO seq_times (seq, time_ms) VALUES (5000, 0)`
  await expect(outside).rejects.toThrow('this transaction did not move the cursor')
  await expect(sql`UPDATE positions SET position_lots = 0`).rejects.toThrow(
    'did not move the cursor',
  )
})

test('one unit changed behind the triggers’ back is found', async () => {
  const url = await server.createDatabase()
  const ledger = await openAt(url)
  await writeInPieces(ledger, randomExchange(200, 7).frames, 1_000)
  expect(await checkLedger(ledger)).toBeUndefined()
  const admin = postgres(url, { max: 1, onnotice: () => {} })
  await admin`SET session_replication_role = replica`
  await admin`UPDATE ledger.transfers SET amount_quote = amount_quote + 1
    WHERE (seq, leg) = (SELECT seq, leg FROM ledger.transfers WHERE kind = 2 ORDER BY seq, leg LIMIT 1)`
  await admin.end()
  expect(await checkLedger(ledger)).toMatch(/^statements chain: account \d+: transfer \(\d+, \d+\)/)
})
