//! Pending rows -> SQL, inside one transaction: COPY for what is only added, UNNEST for what changes.

import { CopyRows } from './copy-rows.ts'
import type { LedgerState, OrderState } from './ledger-state.ts'
import type { LedgerTransaction } from './ledger-transaction.ts'
import type { PendingRows } from './pending-rows.ts'

/** An int8 array as Postgres reads it from text. */
const int8s = (values: Iterable<number | null>): string =>
  `{${Array.from(values, (value) => value ?? 'NULL').join(',')}}`

function columnOf<T>(rows: readonly T[], read: (row: T) => number | null): string {
  return int8s(rows.map(read))
}

/** Writes everything; accounts first, since the transfers' trigger moves their balances. */
export async function writeRows(
  tx: LedgerTransaction,
  state: LedgerState,
  rows: PendingRows,
): Promise<void> {
  await writeMarkets(tx, state, rows)
  await rows.accounts.copyInto(tx)
  await rows.transfers.copyInto(tx)
  await rows.trades.copyInto(tx)
  await newOrderRows(rows.newOrders).copyInto(tx)
  await updateOrders(tx, [...rows.changedOrders])
  await writePositions(tx, rows)
  await writeCandles(tx, rows)
  await rows.deposits.copyInto(tx)
  await rows.withdrawals.copyInto(tx)
  await rows.withdrawalPayments.copyInto(tx)
  await rows.fundingRates.copyInto(tx)
  await rows.fundingPayments.copyInto(tx)
  await rows.settlements.copyInto(tx)
  await rows.seqTimes.copyInto(tx)
  await rows.exchange.copyInto(tx)
}

async function writeMarkets(
  tx: LedgerTransaction,
  state: LedgerState,
  { listings, marketStates, marketFigures, fundingIndexes }: PendingRows,
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
  for (const [market, value] of marketStates)
    await tx`UPDATE markets SET state = ${value} WHERE market = ${market}`
  for (const market of marketFigures) {
    const figures = state.markets.get(market)
    if (figures === undefined) continue
    const fundingIndex = fundingIndexes.get(market) ?? null
    await tx`
      UPDATE markets SET mark_ticks = ${figures.markTicks}, index_ticks = ${figures.indexTicks},
        funding_rate_e10 = ${figures.fundingRateE10}, funding_index = coalesce(${fundingIndex}::bigint, funding_index)
      WHERE market = ${market}`
  }
}

function newOrderRows(orders: Iterable<OrderState>): CopyRows {
  const rows = new CopyRows('orders', [
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
  ])
  for (const order of orders) addOrder(rows, order)
  return rows
}

function addOrder(rows: CopyRows, order: OrderState): void {
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
  if (order.lastTradeMs === null) rows.null()
  else rows.i64(order.lastTradeMs)
  rows
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
  if (order.reason === null) rows.null()
  else rows.i16(order.reason)
  rows.bytes(order.signer)
  if (order.clientOrderId === null) rows.null()
  else rows.text(order.clientOrderId)
}

async function updateOrders(tx: LedgerTransaction, orders: OrderState[]): Promise<void> {
  if (orders.length === 0) return
  await tx`
    UPDATE orders o SET price_ticks = n.price_ticks, size_lots = n.size_lots, filled_lots = n.filled_lots,
      cost_quote = n.cost_quote, fee_quote = n.fee_quote, lane_seq = n.lane_seq, expiry_s = n.expiry_s,
      updated_ms = n.updated_ms, last_trade_ms = n.last_trade_ms, updated_seq = n.updated_seq, flags = n.flags,
      max_fee = n.max_fee, lane = n.lane, status = n.status, reason = n.reason
    FROM unnest(
      ${columnOf(orders, (o) => o.orderId)}::text::bigint[], ${columnOf(orders, (o) => o.priceTicks)}::text::bigint[],
      ${columnOf(orders, (o) => o.sizeLots)}::text::bigint[], ${columnOf(orders, (o) => o.filledLots)}::text::bigint[],
      ${columnOf(orders, (o) => o.costQuote)}::text::bigint[], ${columnOf(orders, (o) => o.feeQuote)}::text::bigint[],
      ${columnOf(orders, (o) => o.laneSeq)}::text::bigint[], ${columnOf(orders, (o) => o.expiryS)}::text::bigint[],
      ${columnOf(orders, (o) => o.updatedMs)}::text::bigint[], ${columnOf(orders, (o) => o.lastTradeMs)}::text::bigint[],
      ${columnOf(orders, (o) => o.updatedSeq)}::text::bigint[], ${columnOf(orders, (o) => o.flags)}::text::smallint[],
      ${columnOf(orders, (o) => o.maxFee)}::text::smallint[], ${columnOf(orders, (o) => o.lane)}::text::smallint[],
      ${columnOf(orders, (o) => o.status)}::text::smallint[], ${columnOf(orders, (o) => o.reason)}::text::smallint[]
    ) AS n (order_id, price_ticks, size_lots, filled_lots, cost_quote, fee_quote, lane_seq, expiry_s, updated_ms,
      last_trade_ms, updated_seq, flags, max_fee, lane, status, reason)
    WHERE o.order_id = n.order_id`
}

async function writePositions(tx: LedgerTransaction, rows: PendingRows): Promise<void> {
  const touched = [...rows.positions]
  if (touched.length === 0) return
  await tx`
    INSERT INTO positions AS p (account_id, market, position_lots, entry_cost_quote, realized_quote, fees_quote,
      funding_quote, since_realized_quote, since_funding_quote, opened_ms, updated_seq)
    SELECT * FROM unnest(
      ${columnOf(touched, (p) => p.accountId)}::text::integer[], ${columnOf(touched, (p) => p.market)}::text::smallint[],
      ${columnOf(touched, (p) => p.positionLots)}::text::bigint[],
      ${columnOf(touched, (p) => p.entryCostQuote)}::text::bigint[],
      ${columnOf(touched, (p) => p.realizedQuote)}::text::bigint[],
      ${columnOf(touched, (p) => p.feesQuote)}::text::bigint[],
      ${columnOf(touched, (p) => p.fundingQuote)}::text::bigint[],
      ${columnOf(touched, (p) => p.sinceRealizedQuote)}::text::bigint[],
      ${columnOf(touched, (p) => p.sinceFundingQuote)}::text::bigint[],
      ${columnOf(touched, (p) => p.openedMs)}::text::bigint[],
      ${columnOf(touched, (p) => p.updatedSeq)}::text::bigint[])
    ON CONFLICT (account_id, market) DO UPDATE SET position_lots = excluded.position_lots,
      entry_cost_quote = excluded.entry_cost_quote, realized_quote = excluded.realized_quote,
      fees_quote = excluded.fees_quote, funding_quote = excluded.funding_quote,
      since_realized_quote = excluded.since_realized_quote, since_funding_quote = excluded.since_funding_quote,
      opened_ms = excluded.opened_ms, updated_seq = excluded.updated_seq`
}

async function writeCandles(tx: LedgerTransaction, rows: PendingRows): Promise<void> {
  const candles = [...rows.candles.values()]
  if (candles.length === 0) return
  await tx`
    INSERT INTO candles AS c (market, open_time_ms, open_ticks, high_ticks, low_ticks, close_ticks, base_lots, quote,
      trades)
    SELECT * FROM unnest(
      ${columnOf(candles, (c) => c.market)}::text::smallint[], ${columnOf(candles, (c) => c.openTimeMs)}::text::bigint[],
      ${columnOf(candles, (c) => c.open)}::text::bigint[], ${columnOf(candles, (c) => c.high)}::text::bigint[],
      ${columnOf(candles, (c) => c.low)}::text::bigint[], ${columnOf(candles, (c) => c.close)}::text::bigint[],
      ${columnOf(candles, (c) => c.baseLots)}::text::bigint[], ${columnOf(candles, (c) => c.quote)}::text::bigint[],
      ${columnOf(candles, (c) => c.trades)}::text::integer[])
    ON CONFLICT (market, open_time_ms) DO UPDATE SET high_ticks = greatest(c.high_ticks, excluded.high_ticks),
      low_ticks = least(c.low_ticks, excluded.low_ticks), close_ticks = excluded.close_ticks,
      base_lots = c.base_lots + excluded.base_lots, quote = c.quote + excluded.quote,
      trades = c.trades + excluded.trades`
}

/** The trigger kept the balances; they must be what the transfers' running figures say. */
export async function countWrongBalances(
  tx: LedgerTransaction,
  state: LedgerState,
  rows: PendingRows,
): Promise<number> {
  const touched = [...rows.touchedBalances]
  if (touched.length === 0) return 0
  const [answer] = await tx<{ wrong: number }[]>`
    SELECT count(*) FILTER (WHERE b.balance_quote IS DISTINCT FROM n.balance_quote)::integer AS wrong
    FROM unnest(${int8s(touched)}::text::integer[],
      ${int8s(touched.map((id) => state.balances.get(id) ?? null))}::text::bigint[]) AS n (account_id, balance_quote)
    LEFT JOIN balances b ON b.account_id = n.account_id`
  return answer?.wrong ?? touched.length
}
