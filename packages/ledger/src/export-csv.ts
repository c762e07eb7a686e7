//! History as CSV, streamed: a page at a time, never the whole of it in memory.
import type { AccountId, MarketId } from '@plumb/model'
import {
  type CsvColumns,
  type CsvMarkets,
  csvLine,
  hexText,
  priceText,
  sizeText,
  symbolOf,
  timeText,
  usdc,
} from './csv-columns.ts'
import {
  type DepositRow,
  type EntryRow,
  listDeposits,
  listEntries,
  listWithdrawals,
  type WithdrawalRow,
} from './list-cash.ts'
import { type FundingPaymentRow, listFundingPayments } from './list-funding.ts'
import { listMarkets } from './list-markets.ts'
import { listOrders, type OrderRow } from './list-orders.ts'
import {
  type LiquidationRow,
  listLiquidations,
  listPositionMoves,
  type PositionMoveRow,
} from './list-safety.ts'
import { readCursor } from './list-settlements.ts'
import { type FillRow, listFills } from './list-trades.ts'
import type { Ledger } from './open-ledger.ts'
import type { Page, PageQuery } from './page.ts'
import { attributePnl, type MarketPnl, type TimeRange } from './statement.ts'

const sideText = (side: number) => (side === 0 ? 'buy' : 'sell')

const entryColumns: CsvColumns<EntryRow> = [
  ['time', (row) => timeText(row.timeMs)],
  ['seq', (row) => row.seq],
  ['leg', (row) => row.leg],
  ['kind', (row) => row.kind],
  ['market', (row, markets) => symbolOf(row.market, markets)],
  ['amount', (row) => usdc(row.direction === 'in' ? row.amountQuote : -row.amountQuote)],
  ['balance', (row) => usdc(row.afterQuote)],
  ['reference', (row) => row.reference],
]
const fillColumns: CsvColumns<FillRow> = [
  ['time', (row) => timeText(row.timeMs)],
  ['trade', (row) => row.tradeId],
  ['market', (row, markets) => symbolOf(row.market, markets)],
  ['order', (row) => (row.orderId === 0 ? null : row.orderId)],
  ['client order', (row) => row.clientOrderId],
  ['side', (row) => sideText(row.side)],
  ['liquidity', (row) => row.liquidity],
  ['liquidation', (row) => String(row.liquidation)],
  ['price', (row, markets) => priceText(row.priceTicks, row.market, markets)],
  ['size', (row, markets) => sizeText(row.sizeLots, row.market, markets)],
  ['value', (row) => usdc(row.quote)],
  ['fee', (row) => usdc(row.feeQuote)],
  ['realized pnl', (row) => usdc(row.realizedQuote)],
  ['settlement', (row) => row.settlement],
  ['transaction', (row) => hexText(row.txHash)],
]
const orderColumns: CsvColumns<OrderRow> = [
  ['created', (row) => timeText(row.createdMs)],
  ['updated', (row) => timeText(row.updatedMs)],
  ['order', (row) => row.orderId],
  ['client order', (row) => row.clientOrderId],
  ['market', (row, markets) => symbolOf(row.market, markets)],
  ['side', (row) => sideText(row.side)],
  ['price', (row, markets) => priceText(row.priceTicks, row.market, markets)],
  ['trigger price', (row, markets) => priceText(row.triggerTicks, row.market, markets)],
  ['size', (row, markets) => sizeText(row.sizeLots, row.market, markets)],
  ['filled', (row, markets) => sizeText(row.filledLots, row.market, markets)],
  ['filled value', (row) => usdc(row.costQuote)],
  ['fee', (row) => usdc(row.feeQuote)],
  ['status', (row) => row.status],
]
const fundingColumns: CsvColumns<FundingPaymentRow> = [
  ['time', (row) => timeText(row.timeMs)],
  ['seq', (row) => row.seq],
  ['market', (row, markets) => symbolOf(row.market, markets)],
  ['position', (row, markets) => sizeText(row.positionLots, row.market, markets)],
  ['paid', (row) => usdc(row.paymentQuote)],
]
const depositColumns: CsvColumns<DepositRow> = [
  ['time', (row) => timeText(row.timeMs)],
  ['deposit', (row) => row.depositId],
  ['amount', (row) => usdc(row.amountQuote)],
  ['block', (row) => row.blockNumber],
  ['transaction', (row) => hexText(row.txHash)],
]
const withdrawalColumns: CsvColumns<WithdrawalRow> = [
  ['time', (row) => timeText(row.timeMs)],
  ['withdrawal', (row) => row.withdrawalId],
  ['amount', (row) => usdc(row.amountQuote)],
  ['status', (row) => row.status],
  ['paid', (row) => timeText(row.paidMs)],
  ['transaction', (row) => hexText(row.txHash)],
]
const liquidationColumns: CsvColumns<LiquidationRow> = [
  ['time', (row) => timeText(row.timeMs)],
  ['seq', (row) => row.seq],
  ['market', (row, markets) => symbolOf(row.market, markets)],
  ['stage', (row) => row.stage],
  ['mark', (row, markets) => priceText(row.markTicks, row.market, markets)],
  ['index', (row, markets) => priceText(row.indexTicks, row.market, markets)],
  ['equity', (row) => usdc(row.equityQuote)],
  ['maintenance margin', (row) => usdc(row.maintenanceQuote)],
  ['position', (row, markets) => sizeText(row.positionLots, row.market, markets)],
  ['size', (row, markets) => sizeText(row.sizeLots, row.market, markets)],
]
const positionMoveColumns: CsvColumns<PositionMoveRow> = [
  ['time', (row) => timeText(row.timeMs)],
  ['seq', (row) => row.seq],
  ['kind', (row) => row.kind],
  ['market', (row, markets) => symbolOf(row.market, markets)],
  ['change', (row, markets) => sizeText(row.lotsChange, row.market, markets)],
  ['price', (row, markets) => priceText(row.priceTicks, row.market, markets)],
  ['received', (row) => usdc(row.quote)],
  ['realized pnl', (row) => usdc(row.realizedQuote)],
  ['insurance', (row) => usdc(row.insuranceQuote)],
  ['deficit borne', (row) => usdc(row.deficitQuote)],
]
const pnlColumns: CsvColumns<MarketPnl> = [
  ['from', (row) => (row.fromMs === 0 ? null : timeText(row.fromMs))],
  ['market', (row, markets) => symbolOf(row.market, markets)],
  ['realized pnl', (row) => usdc(row.realizedQuote)],
  ['fees', (row) => usdc(row.feesQuote)],
  ['rebates', (row) => usdc(row.rebatesQuote)],
  ['funding paid', (row) => usdc(row.fundingQuote)],
  ['liquidation fees', (row) => usdc(row.liquidationFeesQuote)],
  ['insurance', (row) => usdc(row.insuranceQuote)],
  ['deficits borne', (row) => usdc(row.deficitsQuote)],
  ['bad debt', (row) => usdc(row.badDebtQuote)],
  ['net', (row) => usdc(row.netQuote)],
  ['fills', (row) => row.fills],
  ['volume', (row) => usdc(row.volumeQuote)],
]

type Query = PageQuery & { accountId: AccountId; market?: MarketId | undefined }
type Table = (
  ledger: Ledger,
  query: Query,
  markets: CsvMarkets,
) => Promise<{ lines: string[]; nextCursor: string | null; lastSeq: number }>

/** A list with its columns: one page as lines. `seqOf`: rows behind the end of the export are left out. */
function tableOf<T>(
  columns: CsvColumns<T>,
  list: (ledger: Ledger, query: Query) => Promise<Page<T>>,
  seqOf: (row: T) => number,
): { header: string; page: Table } {
  return {
    header: csvLine(columns.map(([name]) => name)),
    page: async (ledger, query, markets) => {
      const { items, nextCursor } = await list(ledger, query)
      const lines = items.map((row) => csvLine(columns.map(([, read]) => read(row, markets))))
      const last = items.at(-1)
      return { lines, nextCursor, lastSeq: last === undefined ? 0 : seqOf(last) }
    },
  }
}

const tables = {
  entries: tableOf(entryColumns, listEntries, ({ seq }) => seq),
  fills: tableOf(fillColumns, listFills, ({ seq }) => seq),
  orders: tableOf(orderColumns, listOrders, ({ createdSeq }) => createdSeq),
  funding: tableOf(fundingColumns, listFundingPayments, ({ seq }) => seq),
  deposits: tableOf(depositColumns, listDeposits, ({ seq }) => seq),
  withdrawals: tableOf(withdrawalColumns, listWithdrawals, ({ withdrawalId }) => withdrawalId),
  liquidations: tableOf(liquidationColumns, listLiquidations, ({ seq }) => seq),
  positionMoves: tableOf(positionMoveColumns, listPositionMoves, ({ seq }) => seq),
}

/** What can be exported; `pnl` is by day and market. */
export type CsvTable = keyof typeof tables | 'pnl'
export const csvTables: readonly CsvTable[] = [...keysOf(tables), 'pnl']

const PAGE_ROWS = 1_000
const DAY_MS = 86_400_000

/**
 * An account's history as CSV text, in pieces of about a thousand lines, header first, oldest first. It ends with what
 * the ledger held when it began; rows are read as they are asked for, so a slow reader holds nothing up and nothing in
 * memory. Sizes in the base asset, money in USDC, times ISO 8601 UTC.
 *
 * @example for await (const text of exportCsv(ledger, { table: 'fills', accountId: 7 })) response.write(text)
 */
export async function* exportCsv(
  ledger: Ledger,
  query: TimeRange & { table: CsvTable; accountId: AccountId; market?: MarketId | undefined },
): AsyncGenerator<string, void, void> {
  const { table, accountId, market, until } = query
  const markets = new Map((await listMarkets(ledger)).map((row) => [row.market, row]))
  const since = query.since ?? 0
  if (table === 'pnl') {
    const range = { accountId, market, since, until, bucketMs: DAY_MS }
    yield csvLine(pnlColumns.map(([name]) => name))
    const rows = await attributePnl(ledger, range)
    yield rows.map((row) => csvLine(pnlColumns.map(([, read]) => read(row, markets)))).join('')
    return
  }
  const { header, page } = tables[table]
  const endSeq = (await readCursor(ledger))?.seq ?? 0
  yield header
  let cursor: string | undefined
  for (;;) {
    const place = { accountId, market, since, until, limit: PAGE_ROWS, cursor }
    const { lines, nextCursor, lastSeq } = await page(ledger, place, markets)
    yield lines.join('')
    if (nextCursor === null || lastSeq >= endSeq) return
    cursor = nextCursor
  }
}

function keysOf<T extends object>(value: T): (keyof T)[] {
  // Own literals only: their keys are their type's.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return Object.keys(value) as (keyof T)[]
}
