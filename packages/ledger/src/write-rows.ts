//! Pending rows -> SQL, inside one transaction: COPY for what is only added, UNNEST for what changes.

import { CopyRows } from './copy-rows.ts'
import { LedgerError } from './ledger-error.ts'
import {
  type AdvancedTerms,
  type LedgerState,
  type OrderState,
  orderStatus,
} from './ledger-state.ts'
import type { LedgerTransaction } from './ledger-transaction.ts'
import type { PendingRows } from './pending-rows.ts'

/** An int8 array as Postgres reads it from text. */
const int8s = (values: Iterable<number | null>): string =>
  `{${Array.from(values, (value) => value ?? 'NULL').join(',')}}`

function columnOf<T>(rows: readonly T[], read: (row: T) => number | null): string {
  return int8s(rows.map(read))
}

/** One step of a transaction, its values already fixed. */
export type Statement = (tx: LedgerTransaction) => Promise<unknown>

/**
 * Fixes everything that is to be written, so that the state may run ahead while it is being committed. Accounts come
 * first, since the transfers' trigger moves their balances; the check of the balances comes last.
 */
export function prepareRows(state: LedgerState, rows: PendingRows): Statement[] {
  const newOrders = newOrderRows(rows.newOrders)
  const copied = [
    rows.transfers,
    rows.trades,
    rows.positionMoves,
    rows.liquidations,
    rows.notices,
    ...newOrders,
    rows.orderTerms,
    rows.orderRefusals,
    rows.deposits,
    rows.withdrawals,
    rows.withdrawalPayments,
    rows.fundingRates,
    rows.fundingPayments,
    rows.settlements,
    rows.seqTimes,
    rows.exchange,
  ]
  return [
    writeMarkets(state, rows),
    ...[rows.accounts, ...copied].map(
      (table): Statement =>
        (tx) =>
          table.copyInto(tx),
    ),
    updateOrders([...rows.changedOrders]),
    amendOrders([...rows.amendedOrders]),
    moveOpenOrders(rows),
    writePositions(rows),
    writeCandles(rows),
    checkBalances(state, rows),
  ]
}

const nothing: Statement = () => Promise.resolve()

function writeMarkets(
  state: LedgerState,
  { listings, marketStates, marketFigures, fundingIndexes }: PendingRows,
): Statement {
  const figures = [...marketFigures].flatMap((market) => {
    const now = state.markets.get(market)
    const fundingIndex = fundingIndexes.get(market) ?? null
    return now === undefined ? [] : [{ ...now, market, fundingIndex }]
  })
  return async (tx) => {
    await insertListings(tx, listings)
    for (const [market, value] of marketStates)
      await tx`UPDATE markets SET state = ${value} WHERE market = ${market}`
    for (const moved of figures)
      await tx`
        UPDATE markets SET mark_ticks = ${moved.markTicks}, index_ticks = ${moved.indexTicks},
          funding_rate_e10 = ${moved.fundingRateE10},
          funding_index = coalesce(${moved.fundingIndex}::bigint, funding_index)
        WHERE market = ${moved.market}`
  }
}

async function insertListings(
  tx: LedgerTransaction,
  listings: PendingRows['listings'],
): Promise<void> {
  for (const listed of listings)
    await tx`
      INSERT INTO markets (market, symbol, tick_e8, lot_e8, quote_per_tick_lot, im_bps, mm_bps, taker_fee, maker_fee,
        min_order_lots, max_order_lots, max_position_lots, min_notional_quote, max_open_interest_lots,
        price_band_ppm, mark_band_ppm, fixed_index_ticks, state, mark_ticks, index_ticks, listed_ms)
      VALUES (${listed.market}, ${listed.symbol}, ${listed.tickE8}, ${listed.lotE8}, ${listed.quotePerTickLot},
        ${listed.imBps}, ${listed.mmBps}, ${listed.takerFee}, ${listed.makerFee}, ${listed.minOrderLots},
        ${listed.maxOrderLots}, ${listed.maxPositionLots}, ${listed.minNotionalQuote}, ${listed.maxOpenInterestLots},
        ${listed.priceBandPpm}, ${listed.markBandPpm}, ${listed.fixedIndexTicks}, 0, 0, 0, ${listed.listedMs})`
}

const plainColumns = [
  'order_id',
  'price_ticks',
  'size_lots',
  'filled_lots',
  'cost_quote',
  'fee_quote',
  'lane_seq',
  'expiry_s',
  'created_ms',
  'updated_ms',
  'last_trade_ms',
  'created_seq',
  'updated_seq',
  'account_id',
  'market',
  'side',
  'flags',
  'order_kind',
  'max_fee',
  'lane',
  'status',
  'reason',
  'signer',
  'client_order_id',
]
/** What only orders made by PlaceAdvancedOrder have: sent for them alone, since each column costs time in every row. */
const advancedColumns = [
  'style',
  'trigger_kind',
  'trigger_source',
  'trigger_ticks',
  'limit_ticks',
  'offset_ticks',
  'parts',
  'display_lots',
  'triggered_ms',
]

function newOrderRows(orders: Iterable<OrderState>): CopyRows[] {
  const plain = new CopyRows('orders', plainColumns)
  const advanced = new CopyRows('orders', [...plainColumns, ...advancedColumns])
  for (const order of orders) {
    const { terms } = order
    if (terms === null) addOrder(plain, order)
    else addTerms(addOrder(advanced, order), terms)
  }
  return [plain, advanced]
}

function addOrder(rows: CopyRows, order: OrderState): CopyRows {
  rows
    .begin()
    .i64(order.orderId)
    .i64(order.priceTicks)
    .i64(order.sizeLots)
    .i64(order.filledLots)
    .i64(order.costQuote)
    .i64(order.feeQuote)
    .i64(order.laneSeq)
    .i64(order.expiryS)
    .i64(order.createdMs)
    .i64(order.updatedMs)
    .i64OrNull(order.lastTradeMs)
    .i64(order.createdSeq)
    .i64(order.updatedSeq)
    .i32(order.accountId)
    .i16(order.market)
    .i16(order.side)
    .i16(order.flags)
    .i16(order.orderKind)
    .i16(order.maxFee)
    .i16(order.lane)
    .i16(order.status)
    .i16OrNull(order.reason)
    .bytes(order.signer)
  return order.clientOrderId === null ? rows.null() : rows.text(order.clientOrderId)
}

function addTerms(rows: CopyRows, terms: AdvancedTerms): void {
  rows
    .i16(terms.style)
    .i16(terms.triggerKind)
    .i16(terms.triggerSource)
    .i64OrNull(terms.triggerTicks)
    .i64(terms.limitTicks)
    .i64(terms.offsetTicks)
    .i32(terms.parts)
    .i64(terms.displayLots)
    .i64OrNull(terms.triggeredMs)
}

/** What fills, triggers and closes change; amended orders have more. */
function updateOrders(orders: readonly OrderState[]): Statement {
  if (orders.length === 0) return nothing
  const [c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11] = [
    columnOf(orders, (o) => o.orderId),
    columnOf(orders, (o) => o.priceTicks),
    columnOf(orders, (o) => o.sizeLots),
    columnOf(orders, (o) => o.filledLots),
    columnOf(orders, (o) => o.costQuote),
    columnOf(orders, (o) => o.feeQuote),
    columnOf(orders, (o) => o.updatedMs),
    columnOf(orders, (o) => o.lastTradeMs),
    columnOf(orders, (o) => o.updatedSeq),
    columnOf(orders, (o) => o.status),
    columnOf(orders, (o) => o.reason),
    columnOf(orders, (o) => o.terms?.triggeredMs ?? null),
  ] as const
  return (tx) => tx`
    UPDATE orders o SET price_ticks = n.price_ticks, size_lots = n.size_lots, filled_lots = n.filled_lots,
      cost_quote = n.cost_quote, fee_quote = n.fee_quote, updated_ms = n.updated_ms, last_trade_ms = n.last_trade_ms,
      updated_seq = n.updated_seq, status = n.status, reason = n.reason, triggered_ms = n.triggered_ms
    FROM unnest(
      ${c0}::text::bigint[], ${c1}::text::bigint[],
      ${c2}::text::bigint[], ${c3}::text::bigint[],
      ${c4}::text::bigint[], ${c5}::text::bigint[],
      ${c6}::text::bigint[], ${c7}::text::bigint[],
      ${c8}::text::bigint[], ${c9}::text::smallint[],
      ${c10}::text::smallint[], ${c11}::text::bigint[]
    ) AS n (order_id, price_ticks, size_lots, filled_lots, cost_quote, fee_quote, updated_ms, last_trade_ms,
      updated_seq, status, reason, triggered_ms)
    WHERE o.order_id = n.order_id`
}

/** What only an amend changes. */
function amendOrders(orders: readonly OrderState[]): Statement {
  if (orders.length === 0) return nothing
  const [c0, c1, c2, c3, c4, c5, c6, c7] = [
    columnOf(orders, (o) => o.orderId),
    columnOf(orders, (o) => o.laneSeq),
    columnOf(orders, (o) => o.expiryS),
    columnOf(orders, (o) => o.flags),
    columnOf(orders, (o) => o.maxFee),
    columnOf(orders, (o) => o.lane),
    columnOf(orders, (o) => o.terms?.triggerTicks ?? null),
    columnOf(orders, (o) => o.terms?.limitTicks ?? null),
  ] as const
  const signers = `{${orders.map((o) => `"\\\\x${Buffer.from(o.signer).toString('hex')}"`).join(',')}}`
  return (tx) => tx`
    UPDATE orders o SET lane_seq = n.lane_seq, expiry_s = n.expiry_s, flags = n.flags, max_fee = n.max_fee,
      lane = n.lane, trigger_ticks = n.trigger_ticks, limit_ticks = n.limit_ticks, signer = n.signer
    FROM unnest(
      ${c0}::text::bigint[], ${c1}::text::bigint[],
      ${c2}::text::bigint[], ${c3}::text::smallint[],
      ${c4}::text::smallint[], ${c5}::text::smallint[],
      ${c6}::text::bigint[], ${c7}::text::bigint[],
      ${signers}::text::bytea[]
    ) AS n (order_id, lane_seq, expiry_s, flags, max_fee, lane, trigger_ticks, limit_ticks, signer)
    WHERE o.order_id = n.order_id`
}

/** New ones that are still open; the ones of before that no longer are. */
function moveOpenOrders({ newOrders, changedOrders }: PendingRows): Statement {
  const opened = new CopyRows('open_orders', ['account_id', 'created_seq', 'order_id'])
  for (const order of newOrders)
    if (order.status === orderStatus.open)
      opened.begin().i32(order.accountId).i64(order.createdSeq).i64(order.orderId)
  const closed = [...changedOrders].filter(({ status }) => status !== orderStatus.open)
  const [c0, c1, c2] = [
    columnOf(closed, (o) => o.accountId),
    columnOf(closed, (o) => o.createdSeq),
    columnOf(closed, (o) => o.orderId),
  ] as const
  return async (tx) => {
    await opened.copyInto(tx)
    if (closed.length === 0) return
    const gone = await tx`
      DELETE FROM open_orders o
      USING unnest(${c0}::text::integer[], ${c1}::text::bigint[], ${c2}::text::bigint[])
        AS n (account_id, created_seq, order_id)
      WHERE o.account_id = n.account_id AND o.created_seq = n.created_seq AND o.order_id = n.order_id`
    if (gone.count !== closed.length)
      throw new LedgerError('DIVERGED', `${closed.length} orders close, ${gone.count} were open`)
  }
}

function writePositions(rows: PendingRows): Statement {
  const touched = [...rows.positions]
  if (touched.length === 0) return nothing
  const [c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10] = [
    columnOf(touched, (p) => p.accountId),
    columnOf(touched, (p) => p.market),
    columnOf(touched, (p) => p.positionLots),
    columnOf(touched, (p) => p.entryCostQuote),
    columnOf(touched, (p) => p.realizedQuote),
    columnOf(touched, (p) => p.feesQuote),
    columnOf(touched, (p) => p.fundingQuote),
    columnOf(touched, (p) => p.sinceRealizedQuote),
    columnOf(touched, (p) => p.sinceFundingQuote),
    columnOf(touched, (p) => p.openedMs),
    columnOf(touched, (p) => p.updatedSeq),
  ] as const
  return (tx) => tx`
    INSERT INTO positions AS p (account_id, market, position_lots, entry_cost_quote, realized_quote, fees_quote,
      funding_quote, since_realized_quote, since_funding_quote, opened_ms, updated_seq)
    SELECT * FROM unnest(
      ${c0}::text::integer[], ${c1}::text::smallint[],
      ${c2}::text::bigint[],
      ${c3}::text::bigint[],
      ${c4}::text::bigint[],
      ${c5}::text::bigint[],
      ${c6}::text::bigint[],
      ${c7}::text::bigint[],
      ${c8}::text::bigint[],
      ${c9}::text::bigint[],
      ${c10}::text::bigint[])
    ON CONFLICT (account_id, market) DO UPDATE SET position_lots = excluded.position_lots,
      entry_cost_quote = excluded.entry_cost_quote, realized_quote = excluded.realized_quote,
      fees_quote = excluded.fees_quote, funding_quote = excluded.funding_quote,
      since_realized_quote = excluded.since_realized_quote, since_funding_quote = excluded.since_funding_quote,
      opened_ms = excluded.opened_ms, updated_seq = excluded.updated_seq`
}

function writeCandles(rows: PendingRows): Statement {
  const candles = [...rows.candles.values()]
  if (candles.length === 0) return nothing
  const [c0, c1, c2, c3, c4, c5, c6, c7, c8] = [
    columnOf(candles, (c) => c.market),
    columnOf(candles, (c) => c.openTimeMs),
    columnOf(candles, (c) => c.open),
    columnOf(candles, (c) => c.high),
    columnOf(candles, (c) => c.low),
    columnOf(candles, (c) => c.close),
    columnOf(candles, (c) => c.baseLots),
    columnOf(candles, (c) => c.quote),
    columnOf(candles, (c) => c.trades),
  ] as const
  return (tx) => tx`
    INSERT INTO candles AS c (market, open_time_ms, open_ticks, high_ticks, low_ticks, close_ticks, base_lots, quote,
      trades)
    SELECT * FROM unnest(
      ${c0}::text::smallint[], ${c1}::text::bigint[],
      ${c2}::text::bigint[], ${c3}::text::bigint[],
      ${c4}::text::bigint[], ${c5}::text::bigint[],
      ${c6}::text::bigint[], ${c7}::text::bigint[],
      ${c8}::text::integer[])
    ON CONFLICT (market, open_time_ms) DO UPDATE SET high_ticks = greatest(c.high_ticks, excluded.high_ticks),
      low_ticks = least(c.low_ticks, excluded.low_ticks), close_ticks = excluded.close_ticks,
      base_lots = c.base_lots + excluded.base_lots, quote = c.quote + excluded.quote,
      trades = c.trades + excluded.trades`
}

/** The trigger kept the balances; they must be what the transfers' running figures say. */
function checkBalances(state: LedgerState, rows: PendingRows): Statement {
  const touched = [...rows.touchedBalances]
  if (touched.length === 0) return nothing
  const ids = int8s(touched)
  const balances = int8s(touched.map((id) => state.balances.get(id) ?? null))
  return async (tx) => {
    const [first] = await tx<{ id: number; balance: number | null; booked: number }[]>`
      SELECT n.account_id AS id, b.balance_quote AS balance, n.balance_quote AS booked
      FROM unnest(${ids}::text::integer[], ${balances}::text::bigint[]) AS n (account_id, balance_quote)
      LEFT JOIN balances b ON b.account_id = n.account_id
      WHERE b.balance_quote IS DISTINCT FROM n.balance_quote ORDER BY 1 LIMIT 1`
    if (first !== undefined)
      throw new LedgerError(
        'DIVERGED',
        `the balance of account ${first.id} is ${first.balance}, booked to it are ${first.booked}`,
      )
  }
}
