import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest'
import { createRandomExchange } from '../testing/random-frames.ts'
import { databasesOf } from '../testing/start-test-postgres.ts'
import { csvLine, decimalText } from './csv-columns.ts'
import { csvTables, exportCsv } from './export-csv.ts'
import { createLedgerWriter } from './ledger-writer.ts'
import { findAccount, listAccounts } from './list-accounts.ts'
import { listCandles, marketStats } from './list-candles.ts'
import { listDeposits, listEntries, listWithdrawals } from './list-cash.ts'
import { listFundingPayments, listFundingRates } from './list-funding.ts'
import { listMarkets, listPositions } from './list-markets.ts'
import { listOrders, orderByClientId, orderById } from './list-orders.ts'
import { settledSeq } from './list-settlements.ts'
import { listFills, listTrades } from './list-trades.ts'
import { type Ledger, openLedger } from './open-ledger.ts'
import type { Page, PageQuery } from './page.ts'

vi.setConfig({ testTimeout: 60_000 })

const server = databasesOf(inject('postgresUrl'))
let ledger: Ledger
const exchange = createRandomExchange({ seed: 5, accounts: 4 })
for (let i = 0; i < 1_500; i++) exchange.step()
const happened = <K extends (typeof exchange.events)[number]['kind']>(kind: K) =>
  exchange.events.filter(
    (event): event is Extract<typeof event, { kind: K }> => event.kind === kind,
  )

beforeAll(async () => {
  ledger = await openLedger(await server.createDatabase(), { applicationName: 'test' })
  const writer = await createLedgerWriter(ledger)
  for (let at = 0; at < exchange.frames.length; at += 400)
    await writer.write(exchange.frames.slice(at, at + 400))
}, 60_000)
afterAll(async () => {
  await ledger.close()
})

const accountId = 1
const market = 0
type List = (query: PageQuery) => Promise<Page<object>>
const ownTrade = (event: { takerAccountId: number; makerAccountId: number }) =>
  event.takerAccountId === accountId || event.makerAccountId === accountId

const lists: Record<string, { list: List; count: number }> = {
  trades: {
    list: (query) => listTrades(ledger, { ...query, market }),
    count: happened('TradeExecuted').filter((event) => event.market === market).length,
  },
  fills: {
    list: (query) => listFills(ledger, { ...query, accountId }),
    count: happened('TradeExecuted').filter(ownTrade).length,
  },
  orders: {
    list: (query) => listOrders(ledger, { ...query, accountId }),
    count: happened('OrderPlaced').filter((event) => event.accountId === accountId).length,
  },
  deposits: {
    list: (query) => listDeposits(ledger, { ...query, accountId }),
    count: happened('DepositCredited').filter((event) => event.accountId === accountId).length,
  },
  withdrawals: {
    list: (query) => listWithdrawals(ledger, { ...query, accountId }),
    count: happened('WithdrawalAccepted').filter((event) => event.accountId === accountId).length,
  },
  'funding rates': {
    list: (query) => listFundingRates(ledger, { ...query, market }),
    count: happened('FundingApplied').filter((event) => event.market === market).length,
  },
  'funding payments': {
    list: (query) => listFundingPayments(ledger, { ...query, accountId }),
    count: happened('FundingSettled').filter((event) => event.accountId === accountId).length,
  },
}

const timeOf = (row: object) => Reflect.get(row, 'timeMs') ?? Reflect.get(row, 'createdMs')

async function walk(list: List, first: PageQuery): Promise<object[][]> {
  const pages: object[][] = []
  for (let query = first; ; ) {
    const { items, nextCursor } = await list(query)
    pages.push(items)
    if (nextCursor === null) return pages
    query = { limit: first.limit, cursor: nextCursor }
  }
}

describe.each(Object.entries(lists))('%s', (_, { list, count }) => {
  test('pages forward and backward give every row once, ascending', async () => {
    const { items: all } = await list({ limit: 10_000 })
    expect(all).toHaveLength(count)
    expect(all.map(timeOf)).toEqual(all.map(timeOf).toSorted((a, b) => a - b))
    const forward = await walk(list, { since: 0, limit: 7 })
    expect(forward.flat()).toEqual(all)
    const backward = await walk(list, { limit: 7 })
    expect(backward.toReversed().flat()).toEqual(all)
    expect(backward[0]).toEqual(all.slice(-7))
  })

  test('since and until are inclusive', async () => {
    const { items: all } = await list({ limit: 10_000 })
    const since = timeOf(all[Math.floor(count / 3)] ?? {})
    const until = timeOf(all[Math.floor((2 * count) / 3)] ?? {})
    const { items } = await list({ since, until, limit: 10_000 })
    expect(items).toEqual(all.filter((row) => timeOf(row) >= since && timeOf(row) <= until))
  })

  test('a cursor that no page gave out is refused', async () => {
    for (const cursor of ['', 'x1.1', 'n1', "n1.1'", 'n99999999999999999.0'])
      await expect(list({ limit: 1, cursor })).rejects.toThrow('cursor')
  })
})

test('statements chain from zero to the balance, and match the exchange', async () => {
  for (const account of await listAccounts(ledger)) {
    const { items } = await listEntries(ledger, {
      accountId: account.accountId,
      since: 0,
      limit: 10_000,
    })
    let balance = 0
    for (const entry of items) {
      expect(entry.beforeQuote).toBe(balance)
      balance += entry.direction === 'in' ? entry.amountQuote : -entry.amountQuote
      expect(entry.afterQuote).toBe(balance)
    }
    expect(balance).toBe(exchange.cash[account.accountId])
    const backward = await walk(
      (query) => listEntries(ledger, { ...query, accountId: account.accountId }),
      { limit: 9 },
    )
    expect(backward.toReversed().flat()).toEqual(items)
    expect(await findAccount(ledger, account.owner, account.subaccount)).toEqual(account)
  }
})

test('a statement of one market is the lines of that market', async () => {
  const { items: all } = await listEntries(ledger, { accountId, limit: 10_000 })
  const ofMarket = all.filter((entry) => entry.market === market)
  expect(ofMarket.length).toBeGreaterThan(0)
  expect(ofMarket.length).toBeLessThan(all.length)
  const { items } = await listEntries(ledger, { accountId, market, limit: 10_000 })
  expect(items).toEqual(ofMarket)
  const pages = await walk((query) => listEntries(ledger, { ...query, accountId, market }), {
    limit: 9,
  })
  expect(pages.toReversed().flat()).toEqual(ofMarket)
})

test('orders carry what their fills add up to', async () => {
  const { items } = await listOrders(ledger, { accountId, limit: 10_000 })
  for (const row of items) {
    const { items: fills } = await listFills(ledger, {
      accountId,
      orderId: row.orderId,
      limit: 1_000,
    })
    const sum = (read: (fill: (typeof fills)[number]) => number) =>
      fills.reduce((total, fill) => total + read(fill), 0)
    expect(row.filledLots).toBe(sum((fill) => fill.sizeLots))
    expect(row.costQuote).toBe(sum((fill) => fill.quote))
    expect(row.feeQuote).toBe(sum((fill) => fill.feeQuote))
    expect(row.lastTradeMs).toBe(fills.at(-1)?.timeMs ?? null)
    expect(row.sizeLots).toBe(row.filledLots + row.remainingLots)
    if (row.status === 'closed') expect(row.remainingLots).toBe(0)
  }
  const closed = await listOrders(ledger, { accountId, status: 'closed', limit: 10_000 })
  const open = await listOrders(ledger, { accountId, status: 'open', limit: 10_000 })
  expect(closed.items.length + open.items.length).toBe(items.length)
  const canceled = await listOrders(ledger, { accountId, status: 'canceled', limit: 10_000 })
  expect(canceled.items).toEqual(items.filter(({ status }) => status === 'canceled'))
  expect(canceled.items.length).toBeGreaterThan(0)
  const ids = new Set(items.flatMap((row) => row.clientOrderId ?? []))
  expect(ids.size).toBeGreaterThan(0)
  for (const id of ids) {
    const newest = items.findLast((row) => row.clientOrderId === id)
    expect(await orderByClientId(ledger, accountId, id)).toEqual(newest)
  }
  const [first] = items
  expect(await orderById(ledger, first?.orderId ?? 0)).toEqual(first)
  expect(await orderById(ledger, 1e15)).toBeUndefined()
})

test('fills say how far they are settled', async () => {
  const settled = await settledSeq(ledger)
  const { items } = await listFills(ledger, { accountId, limit: 10_000 })
  for (const fill of items) {
    expect(fill.settlement).toBe(fill.seq <= settled ? 'settled' : 'matched')
    expect(fill.txHash === null).toBe(fill.seq > settled)
  }
})

test('positions: cost, realised and flat ones', async () => {
  for (const [id, markets] of exchange.positions.entries()) {
    const rows = await listPositions(ledger, id)
    for (const row of rows) {
      const held = markets[row.market]
      expect(row).toMatchObject({ positionLots: held?.lots, entryCostQuote: held?.cost })
    }
  }
  expect(await listMarkets(ledger)).toMatchObject([{ symbol: 'M0-PERP' }, { symbol: 'M1-PERP' }])
})

describe('candles', () => {
  const trades = happened('TradeExecuted').filter((event) => event.market === market)

  test.each([60_000, 300_000, 604_800_000])(
    'of %d ms are what the trades say',
    async (intervalMs) => {
      const candles = await listCandles(ledger, { market, intervalMs, limit: 10_000 })
      const volume = candles.reduce((sum, candle) => sum + candle.baseLots, 0)
      expect(volume).toBe(trades.reduce((sum, event) => sum + event.sizeLots, 0))
      let close: number | undefined
      for (const [i, candle] of candles.entries()) {
        const end = candle.openTimeMs + intervalMs
        const within = trades.filter((t) => t.timeMs >= candle.openTimeMs && t.timeMs < end)
        const prices = within.map((t) => t.priceTicks)
        expect(candle.trades).toBe(within.length)
        expect(candle.open).toBe(prices[0] ?? close)
        expect(candle.close).toBe(prices.at(-1) ?? close)
        expect(candle.high).toBe(prices.length > 0 ? Math.max(...prices) : close)
        expect(candle.low).toBe(prices.length > 0 ? Math.min(...prices) : close)
        if (i > 0) expect(candle.openTimeMs - (candles[i - 1]?.openTimeMs ?? 0)).toBe(intervalMs)
        close = candle.close
      }
      expect(await listCandles(ledger, { market, intervalMs, limit: 1 })).toEqual(candles.slice(-1))
      expect(await listCandles(ledger, { market, intervalMs, since: 0, limit: 2 })).toEqual(
        candles.slice(0, 2),
      )
    },
  )

  test('of a market that never traded there are none', async () => {
    expect(await listCandles(ledger, { market: 9, intervalMs: 60_000, limit: 5 })).toEqual([])
    expect(await marketStats(ledger, 9, 0)).toBeUndefined()
    expect(await marketStats(ledger, market, 0)).toMatchObject({
      trades: trades.length,
      last: trades.at(-1)?.priceTicks,
    })
    expect(await marketStats(ledger, market, 1.9e12)).toMatchObject({
      trades: 0,
      open: trades.at(-1)?.priceTicks,
    })
  })
})

test.each(csvTables)('%s as CSV: a header, then every row of the list once', async (table) => {
  const pieces: string[] = []
  for await (const text of exportCsv(ledger, { table, accountId })) pieces.push(text)
  const lines = pieces.join('').split('\r\n')
  expect(lines.pop()).toBe('')
  const [header = '', ...rows] = lines
  for (const row of rows) expect(row.split(',')).toHaveLength(header.split(',').length)
  const counted = lists[table]
  if (counted !== undefined) expect(rows).toHaveLength(counted.count)
  if (table === 'fills') {
    const { items } = await listFills(ledger, { accountId, limit: 1, since: 0 })
    const [fill] = items
    const value = ((fill?.quote ?? 0) / 1e6).toString()
    expect(rows[0]?.split(',')).toEqual(expect.arrayContaining([String(fill?.tradeId), value]))
  }
})

test('a CSV cell is quoted where it must be, and no formula', () => {
  expect(csvLine(['a,b', 'say "x"', '=1+1', '-5.5', '-x', null, 7])).toBe(
    [`"a,b"`, `"say ""x"""`, `'=1+1`, '-5.5', `'-x`, '', '7\r\n'].join(','),
  )
  expect([decimalText(-1_500_000n, 6), decimalText(7n, 8), decimalText(0n, 6)]).toEqual([
    '-1.5',
    '0.00000007',
    '0',
  ])
})
