//! The rows one transaction will write, collected while its events are read.
import type { Market } from '@plumb/model'
import { CopyRows } from './copy-rows.ts'
import type { OrderState, PositionState } from './ledger-state.ts'

/** A minute of trades of one market, as far as this transaction saw it. */
export type CandleRow = {
  market: number
  openTimeMs: number
  open: number
  high: number
  low: number
  close: number
  baseLots: number
  quote: number
  trades: number
}

const place = ['seq', 'leg', 'time_ms'] as const

/** Insert-only tables by COPY, in the order they are sent; what changes as the sets of what was touched. */
export function createPendingRows() {
  return {
    accounts: new CopyRows('accounts', [
      'account_id',
      'kind',
      'owner',
      'subaccount',
      'market',
      'opened_ms',
    ]),
    transfers: new CopyRows('transfers', [
      ...place,
      'debit',
      'credit',
      'amount_quote',
      'debit_after_quote',
      'credit_after_quote',
      'reference',
      'kind',
      'market',
    ]),
    trades: new CopyRows('trades', [
      ...place,
      'trade_id',
      'price_ticks',
      'size_lots',
      'quote',
      'taker_order_id',
      'maker_order_id',
      'taker_fee_quote',
      'maker_fee_quote',
      'taker_realized_quote',
      'maker_realized_quote',
      'taker_account_id',
      'maker_account_id',
      'market',
      'taker_side',
      'taker_fee',
      'maker_fee',
      'kind',
      'insurance_quote',
    ]),
    positionMoves: new CopyRows('position_moves', [
      ...place,
      'kind',
      'account_id',
      'market',
      'lots_change',
      'price_ticks',
      'quote',
      'realized_quote',
      'insurance_quote',
      'deficit_quote',
      'counterparty_id',
      'rank',
    ]),
    liquidations: new CopyRows('liquidations', [
      ...place,
      'account_id',
      'market',
      'stage',
      'mark_ticks',
      'index_ticks',
      'equity_quote',
      'maintenance_quote',
      'initial_quote',
      'position_lots',
      'size_lots',
      'limit_ticks',
      'tranche_quote',
    ]),
    notices: new CopyRows('notices', [...place, 'account_id', 'market', 'kind', 'detail']),
    orderTerms: new CopyRows('order_terms', [
      'order_id',
      'seq',
      'seconds',
      'slippage_ppm',
      'oco_seq',
      'parent_seq',
      'oco_lane',
      'parent_lane',
    ]),
    orderRefusals: new CopyRows('order_refusals', ['order_id', 'seq', 'reject_code']),
    deposits: new CopyRows('deposits', [
      ...place,
      'deposit_id',
      'account_id',
      'amount_quote',
      'block_number',
      'tx_hash',
    ]),
    withdrawals: new CopyRows('withdrawals', [
      ...place,
      'withdrawal_id',
      'account_id',
      'amount_quote',
      'lane',
      'lane_seq',
    ]),
    withdrawalPayments: new CopyRows('withdrawal_payments', [
      ...place,
      'withdrawal_id',
      'batch_no',
    ]),
    fundingRates: new CopyRows('funding_rates', [
      ...place,
      'market',
      'rate_e10',
      'delta_index',
      'funding_index',
      'index_ticks',
      'mark_ticks',
      'interval_s',
    ]),
    fundingPayments: new CopyRows('funding_payments', [
      ...place,
      'account_id',
      'market',
      'payment_quote',
      'position_lots',
      'funding_index',
      'rate_e10',
      'mark_ticks',
    ]),
    settlements: new CopyRows('settlements', [
      'seq',
      'time_ms',
      'batch_no',
      'to_seq',
      'gas_used',
      'block_number',
      'tx_hash',
    ]),
    seqTimes: new CopyRows('seq_times', ['seq', 'time_ms']),
    exchange: new CopyRows('exchange', ['chain_id', 'contract', 'settlement_lag_s', 'opened_ms']),
    listings: [] as (Market & { listedMs: number })[],
    newOrders: new Set<OrderState>(),
    /** Of earlier transactions. */
    changedOrders: new Set<OrderState>(),
    /** Those of them whose signed terms changed. */
    amendedOrders: new Set<OrderState>(),
    positions: new Set<PositionState>(),
    candles: new Map<string, CandleRow>(),
    /** market -> new state of trading */
    marketStates: new Map<number, number>(),
    /** Markets whose mark, index or funding moved. */
    marketFigures: new Set<number>(),
    fundingIndexes: new Map<number, number>(),
    touchedBalances: new Set<number>(),
  }
}
export type PendingRows = ReturnType<typeof createPendingRows>
