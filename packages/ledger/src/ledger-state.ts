//! What the writer must know to turn events into rows: the running figures, loaded once and kept in memory.
import type {
  AccountId,
  Lots,
  MarketId,
  OrderId,
  OrderKind,
  OrderStyle,
  Quote,
  Side,
  TriggerKind,
  TriggerSource,
} from '@plumb/model'
import type { LedgerAccountId } from './ledger-account.ts'
import type { Ledger } from './open-ledger.ts'

export const orderStatus = { open: 0, closed: 1, canceled: 2 } as const

/** What an order made by PlaceAdvancedOrder has beyond a plain one; null in the row of a plain one. */
export type AdvancedTerms = {
  readonly style: OrderStyle
  readonly triggerKind: TriggerKind
  readonly triggerSource: TriggerSource
  readonly offsetTicks: number
  /** Slices of a twap, levels of a scale. */
  readonly parts: number
  readonly displayLots: number
  /** Null without a trigger. */
  triggerTicks: number | null
  /** As signed; `priceTicks` is where the order rests or waits. */
  limitTicks: number
  triggeredMs: number | null
}

/** An order as its row stands. */
export type OrderState = {
  readonly orderId: OrderId
  readonly accountId: AccountId
  readonly market: MarketId
  readonly side: Side
  readonly orderKind: OrderKind
  readonly createdMs: number
  readonly createdSeq: number
  /** Who signed it last: the owner, or a session key. */
  signer: Uint8Array
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
  readonly terms: AdvancedTerms | null
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
  /** What the victim of the deleveraging that is being read has closed so far: it is told apart at its end. */
  readonly adl: { lots: Lots; quote: Quote; markTicks: number }
}

/** Before the first command. */
export const emptyState = (): LedgerState => ({
  seq: 0,
  timeMarkMs: 0,
  balances: new Map(),
  positions: new Map(),
  orders: new Map(),
  markets: new Map(),
  adl: { lots: 0, quote: 0, markTicks: 0 },
})

/** A row of orders: the terms beside the rest, null together. */
type StoredOrder = Omit<OrderState, 'terms'> &
  Omit<AdvancedTerms, 'limitTicks'> & { limitTicks: number | null }

function orderOf(row: StoredOrder): OrderState {
  const { style, triggerKind, triggerSource, triggerTicks, limitTicks, ...rest } = row
  const { offsetTicks, parts, displayLots, triggeredMs, ...order } = rest
  if (limitTicks === null) return { ...order, terms: null }
  const trigger = { triggerKind, triggerSource, triggerTicks, triggeredMs }
  return { ...order, terms: { style, limitTicks, offsetTicks, parts, displayLots, ...trigger } }
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
    const orders = await tx<StoredOrder[]>`
      SELECT order_id AS "orderId", account_id AS "accountId", market, side, order_kind AS "orderKind",
        created_ms AS "createdMs", created_seq AS "createdSeq", signer, client_order_id AS "clientOrderId", flags,
        price_ticks AS "priceTicks", size_lots AS "sizeLots", filled_lots AS "filledLots", cost_quote AS "costQuote",
        fee_quote AS "feeQuote", max_fee AS "maxFee", lane, lane_seq AS "laneSeq", expiry_s AS "expiryS",
        updated_ms AS "updatedMs", last_trade_ms AS "lastTradeMs", updated_seq AS "updatedSeq", status, reason,
        style, trigger_kind AS "triggerKind", trigger_source AS "triggerSource", trigger_ticks AS "triggerTicks",
        limit_ticks AS "limitTicks", offset_ticks AS "offsetTicks", parts, display_lots AS "displayLots",
        triggered_ms AS "triggeredMs"
      FROM orders JOIN open_orders USING (account_id, created_seq, order_id)`
    const markets = await tx<(MarketFigures & { market: number })[]>`
      SELECT market, mark_ticks AS "markTicks", index_ticks AS "indexTicks", funding_rate_e10 AS "fundingRateE10"
      FROM markets`
    return {
      seq: cursor?.seq ?? 0,
      timeMarkMs: cursor?.timeMs ?? 0,
      balances: new Map(balances.map(({ id, quote }) => [id, quote])),
      positions: new Map(positions.map((row) => [positionKey(row.accountId, row.market), row])),
      orders: new Map(orders.map((row) => [row.orderId, orderOf(row)])),
      markets: new Map(markets.map((row) => [row.market, row])),
      adl: { lots: 0, quote: 0, markTicks: 0 },
    }
  })
}
