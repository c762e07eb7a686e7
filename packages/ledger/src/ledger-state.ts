//! What the writer must know to turn events into rows: the running figures, loaded once and kept in memory.
import type { AccountId, MarketId, OrderId, OrderKind, Side } from '@plumb/model'
import type { LedgerAccountId } from './ledger-account.ts'
import type { Ledger } from './open-ledger.ts'

export const orderStatus = { open: 0, closed: 1, canceled: 2 } as const

/** An order as its row stands. */
export type OrderState = {
  readonly orderId: OrderId
  readonly accountId: AccountId
  readonly market: MarketId
  readonly side: Side
  readonly orderKind: OrderKind
  readonly createdMs: number
  readonly createdSeq: number
  readonly signer: Uint8Array
  readonly clientOrderId: string | null
  flags: number
  priceTicks: number
  /** Filled + still wanted. */
  sizeLots: number
  filledLots: number
  costQuote: number
  feeQuote: number
  maxFee: number
  lane: number
  laneSeq: number
  expiryS: number
  updatedMs: number
  lastTradeMs: number | null
  updatedSeq: number
  status: number
  reason: number | null
}

/** A position as its row stands; `entryCostQuote` is signed, + for long. */
export type PositionState = {
  readonly accountId: AccountId
  readonly market: MarketId
  positionLots: number
  entryCostQuote: number
  realizedQuote: number
  feesQuote: number
  fundingQuote: number
  sinceRealizedQuote: number
  sinceFundingQuote: number
  openedMs: number
  updatedSeq: number
}

export type MarketFigures = { markTicks: number; indexTicks: number; fundingRateE10: number }

export type LedgerState = {
  /** Last seq in the database. */
  seq: number
  /** Time of the newest row of seq_times. */
  timeMarkMs: number
  readonly balances: Map<LedgerAccountId, number>
  /** By positionKey. */
  readonly positions: Map<number, PositionState>
  /** Open orders only. */
  readonly orders: Map<OrderId, OrderState>
  readonly markets: Map<MarketId, MarketFigures>
}

const MARKETS = 64
export function positionKey(accountId: AccountId, market: MarketId): number {
  return accountId * MARKETS + market
}

/** Reads the state at the ledger's cursor, all from one snapshot. */
export function loadState(ledger: Ledger): Promise<LedgerState> {
  return ledger.sql.begin('ISOLATION LEVEL REPEATABLE READ READ ONLY', async (tx) => {
    const [cursor] = await tx<{ seq: number; timeMs: number | null }[]>`
      SELECT seq, (SELECT max(time_ms) FROM seq_times) AS "timeMs" FROM cursors WHERE consumer = 'ledger'`
    const balances = await tx<{ id: number; quote: number }[]>`
      SELECT account_id AS id, balance_quote AS quote FROM balances`
    const positions = await tx<PositionState[]>`
      SELECT account_id AS "accountId", market, position_lots AS "positionLots",
        entry_cost_quote AS "entryCostQuote", realized_quote AS "realizedQuote", fees_quote AS "feesQuote",
        funding_quote AS "fundingQuote", since_realized_quote AS "sinceRealizedQuote",
        since_funding_quote AS "sinceFundingQuote", opened_ms AS "openedMs", updated_seq AS "updatedSeq"
      FROM positions`
    const orders = await tx<OrderState[]>`
      SELECT order_id AS "orderId", account_id AS "accountId", market, side, order_kind AS "orderKind",
        created_ms AS "createdMs", created_seq AS "createdSeq", signer, client_order_id AS "clientOrderId", flags,
        price_ticks AS "priceTicks", size_lots AS "sizeLots", filled_lots AS "filledLots", cost_quote AS "costQuote",
        fee_quote AS "feeQuote", max_fee AS "maxFee", lane, lane_seq AS "laneSeq", expiry_s AS "expiryS",
        updated_ms AS "updatedMs", last_trade_ms AS "lastTradeMs", updated_seq AS "updatedSeq", status, reason
      FROM orders WHERE status = ${orderStatus.open}`
    const markets = await tx<(MarketFigures & { market: number })[]>`
      SELECT market, mark_ticks AS "markTicks", index_ticks AS "indexTicks", funding_rate_e10 AS "fundingRateE10"
      FROM markets`
    return {
      seq: cursor?.seq ?? 0,
      timeMarkMs: cursor?.timeMs ?? 0,
      balances: new Map(balances.map(({ id, quote }) => [id, quote])),
      positions: new Map(positions.map((row) => [positionKey(row.accountId, row.market), row])),
      orders: new Map(orders.map((row) => [row.orderId, row])),
      markets: new Map(markets.map((row) => [row.market, row])),
    }
  })
}
