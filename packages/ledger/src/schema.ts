//! The tables of migrations/*.sql, for typed queries. The SQL is the truth; a test compares the two.
import {
  bigint,
  boolean,
  customType,
  integer,
  jsonb,
  numeric,
  pgSchema,
  primaryKey,
  smallint,
  text,
} from 'drizzle-orm/pg-core'

/** The newest migration these tables describe. */
export const schemaVersion = '0010_pending_deposits.sql'

const ledger = pgSchema('ledger')
const quantity = (name: string) => bigint(name, { mode: 'number' })
const bytea = customType<{ data: Uint8Array; driverData: Uint8Array }>({ dataType: () => 'bytea' })

export const cursors = ledger.table('cursors', {
  consumer: text('consumer').primaryKey(),
  seq: quantity('seq').notNull(),
  chainHash: bytea('chain_hash'),
})

export const seqTimes = ledger.table('seq_times', {
  seq: quantity('seq').primaryKey(),
  timeMs: quantity('time_ms').notNull(),
})

export const exchange = ledger.table('exchange', {
  id: smallint('id').primaryKey(),
  chainId: quantity('chain_id').notNull(),
  contract: bytea('contract').notNull(),
  settlementLagS: integer('settlement_lag_s').notNull(),
  openedMs: quantity('opened_ms').notNull(),
})

export const markets = ledger.table('markets', {
  market: smallint('market').primaryKey(),
  symbol: text('symbol').notNull(),
  tickE8: quantity('tick_e8').notNull(),
  lotE8: quantity('lot_e8').notNull(),
  quotePerTickLot: quantity('quote_per_tick_lot').notNull(),
  imBps: integer('im_bps').notNull(),
  mmBps: integer('mm_bps').notNull(),
  takerFee: smallint('taker_fee').notNull(),
  makerFee: smallint('maker_fee').notNull(),
  minOrderLots: quantity('min_order_lots').notNull(),
  maxOrderLots: quantity('max_order_lots').notNull(),
  maxPositionLots: quantity('max_position_lots').notNull(),
  minNotionalQuote: quantity('min_notional_quote').notNull(),
  maxOpenInterestLots: quantity('max_open_interest_lots').notNull(),
  priceBandPpm: integer('price_band_ppm').notNull(),
  markBandPpm: integer('mark_band_ppm').notNull(),
  fixedIndexTicks: quantity('fixed_index_ticks').notNull(),
  state: smallint('state').notNull(),
  markTicks: quantity('mark_ticks').notNull(),
  indexTicks: quantity('index_ticks').notNull(),
  fundingRateE10: quantity('funding_rate_e10').notNull(),
  fundingIndex: quantity('funding_index').notNull(),
  listedMs: quantity('listed_ms').notNull(),
})

export const accounts = ledger.table('accounts', {
  accountId: integer('account_id').primaryKey(),
  kind: text('kind').notNull(),
  owner: bytea('owner'),
  subaccount: smallint('subaccount'),
  market: smallint('market'),
  openedMs: quantity('opened_ms').notNull(),
})

export const balances = ledger.table('balances', {
  accountId: integer('account_id').primaryKey(),
  balanceQuote: quantity('balance_quote').notNull(),
})

export const transferKinds = ledger.table('transfer_kinds', {
  kind: smallint('kind').primaryKey(),
  name: text('name').notNull(),
})

export const transfers = ledger.table(
  'transfers',
  {
    seq: quantity('seq').notNull(),
    timeMs: quantity('time_ms').notNull(),
    amountQuote: quantity('amount_quote').notNull(),
    debitAfterQuote: quantity('debit_after_quote').notNull(),
    creditAfterQuote: quantity('credit_after_quote').notNull(),
    reference: quantity('reference').notNull(),
    leg: integer('leg').notNull(),
    debit: integer('debit').notNull(),
    credit: integer('credit').notNull(),
    kind: smallint('kind').notNull(),
    market: smallint('market').notNull(),
  },
  (table) => [primaryKey({ columns: [table.seq, table.leg] })],
)

export const trades = ledger.table(
  'trades',
  {
    seq: quantity('seq').notNull(),
    tradeId: quantity('trade_id').notNull(),
    timeMs: quantity('time_ms').notNull(),
    priceTicks: quantity('price_ticks').notNull(),
    sizeLots: quantity('size_lots').notNull(),
    quote: quantity('quote').notNull(),
    takerOrderId: quantity('taker_order_id').notNull(),
    makerOrderId: quantity('maker_order_id').notNull(),
    takerFeeQuote: quantity('taker_fee_quote').notNull(),
    makerFeeQuote: quantity('maker_fee_quote').notNull(),
    takerRealizedQuote: quantity('taker_realized_quote').notNull(),
    makerRealizedQuote: quantity('maker_realized_quote').notNull(),
    leg: integer('leg').notNull(),
    takerAccountId: integer('taker_account_id').notNull(),
    makerAccountId: integer('maker_account_id').notNull(),
    market: smallint('market').notNull(),
    takerSide: smallint('taker_side').notNull(),
    takerFee: smallint('taker_fee').notNull(),
    makerFee: smallint('maker_fee').notNull(),
    kind: smallint('kind').notNull(),
    insuranceQuote: quantity('insurance_quote'),
  },
  (table) => [primaryKey({ columns: [table.seq, table.leg] })],
)

export const orders = ledger.table('orders', {
  orderId: quantity('order_id').primaryKey(),
  priceTicks: quantity('price_ticks').notNull(),
  sizeLots: quantity('size_lots').notNull(),
  filledLots: quantity('filled_lots').notNull(),
  costQuote: quantity('cost_quote').notNull(),
  feeQuote: quantity('fee_quote').notNull(),
  laneSeq: quantity('lane_seq').notNull(),
  expiryS: quantity('expiry_s').notNull(),
  createdMs: quantity('created_ms').notNull(),
  updatedMs: quantity('updated_ms').notNull(),
  lastTradeMs: quantity('last_trade_ms'),
  createdSeq: quantity('created_seq').notNull(),
  updatedSeq: quantity('updated_seq').notNull(),
  accountId: integer('account_id').notNull(),
  market: smallint('market').notNull(),
  side: smallint('side').notNull(),
  flags: smallint('flags').notNull(),
  orderKind: smallint('order_kind').notNull(),
  maxFee: smallint('max_fee').notNull(),
  lane: smallint('lane').notNull(),
  status: smallint('status').notNull(),
  reason: smallint('reason'),
  signer: bytea('signer').notNull(),
  clientOrderId: text('client_order_id'),
  style: smallint('style').notNull(),
  triggerKind: smallint('trigger_kind'),
  triggerSource: smallint('trigger_source'),
  triggerTicks: quantity('trigger_ticks'),
  limitTicks: quantity('limit_ticks'),
  offsetTicks: quantity('offset_ticks'),
  parts: integer('parts'),
  displayLots: quantity('display_lots'),
  triggeredMs: quantity('triggered_ms'),
})

export const positions = ledger.table(
  'positions',
  {
    accountId: integer('account_id').notNull(),
    market: smallint('market').notNull(),
    positionLots: quantity('position_lots').notNull(),
    entryCostQuote: quantity('entry_cost_quote').notNull(),
    realizedQuote: quantity('realized_quote').notNull(),
    feesQuote: quantity('fees_quote').notNull(),
    fundingQuote: quantity('funding_quote').notNull(),
    sinceRealizedQuote: quantity('since_realized_quote').notNull(),
    sinceFundingQuote: quantity('since_funding_quote').notNull(),
    openedMs: quantity('opened_ms').notNull(),
    updatedSeq: quantity('updated_seq').notNull(),
  },
  (table) => [primaryKey({ columns: [table.accountId, table.market] })],
)

export const candles = ledger.table(
  'candles',
  {
    market: smallint('market').notNull(),
    openTimeMs: quantity('open_time_ms').notNull(),
    openTicks: quantity('open_ticks').notNull(),
    highTicks: quantity('high_ticks').notNull(),
    lowTicks: quantity('low_ticks').notNull(),
    closeTicks: quantity('close_ticks').notNull(),
    baseLots: quantity('base_lots').notNull(),
    quote: quantity('quote').notNull(),
    trades: integer('trades').notNull(),
  },
  (table) => [primaryKey({ columns: [table.market, table.openTimeMs] })],
)

export const openOrders = ledger.table(
  'open_orders',
  {
    accountId: integer('account_id').notNull(),
    createdSeq: quantity('created_seq').notNull(),
    orderId: quantity('order_id').notNull(),
  },
  (table) => [primaryKey({ columns: [table.accountId, table.createdSeq, table.orderId] })],
)

export const partitionedTables = ledger.table('partitioned_tables', {
  name: text('name').primaryKey(),
})

export const positionMoves = ledger.table(
  'position_moves',
  {
    seq: quantity('seq').notNull(),
    timeMs: quantity('time_ms').notNull(),
    lotsChange: quantity('lots_change').notNull(),
    priceTicks: quantity('price_ticks').notNull(),
    quote: quantity('quote').notNull(),
    realizedQuote: quantity('realized_quote').notNull(),
    insuranceQuote: quantity('insurance_quote').notNull(),
    deficitQuote: quantity('deficit_quote').notNull(),
    leg: integer('leg').notNull(),
    accountId: integer('account_id').notNull(),
    counterpartyId: integer('counterparty_id'),
    rank: smallint('rank'),
    market: smallint('market').notNull(),
    kind: smallint('kind').notNull(),
  },
  (table) => [primaryKey({ columns: [table.seq, table.leg] })],
)

export const liquidations = ledger.table(
  'liquidations',
  {
    seq: quantity('seq').notNull(),
    timeMs: quantity('time_ms').notNull(),
    markTicks: quantity('mark_ticks').notNull(),
    indexTicks: quantity('index_ticks').notNull(),
    equityQuote: quantity('equity_quote').notNull(),
    maintenanceQuote: quantity('maintenance_quote').notNull(),
    initialQuote: quantity('initial_quote').notNull(),
    positionLots: quantity('position_lots').notNull(),
    sizeLots: quantity('size_lots').notNull(),
    limitTicks: quantity('limit_ticks').notNull(),
    trancheQuote: quantity('tranche_quote').notNull(),
    leg: integer('leg').notNull(),
    accountId: integer('account_id').notNull(),
    market: smallint('market').notNull(),
    stage: smallint('stage').notNull(),
  },
  (table) => [primaryKey({ columns: [table.seq, table.leg] })],
)

/** Tables that came later than the first version have their rows from a seq on. */
export const keptSince = ledger.table('kept_since', {
  name: text('name').primaryKey(),
  seq: quantity('seq').notNull(),
})

export const notices = ledger.table(
  'notices',
  {
    seq: quantity('seq').notNull(),
    timeMs: quantity('time_ms').notNull(),
    leg: integer('leg').notNull(),
    accountId: integer('account_id').notNull(),
    market: smallint('market').notNull(),
    kind: smallint('kind').notNull(),
    detail: text('detail').notNull(),
  },
  (table) => [primaryKey({ columns: [table.seq, table.leg] })],
)

export const orderTerms = ledger.table('order_terms', {
  orderId: quantity('order_id').primaryKey(),
  seq: quantity('seq').notNull(),
  seconds: integer('seconds').notNull(),
  slippagePpm: integer('slippage_ppm').notNull(),
  ocoSeq: quantity('oco_seq').notNull(),
  parentSeq: quantity('parent_seq').notNull(),
  ocoLane: smallint('oco_lane'),
  parentLane: smallint('parent_lane'),
})

export const orderRefusals = ledger.table('order_refusals', {
  orderId: quantity('order_id').primaryKey(),
  seq: quantity('seq').notNull(),
  rejectCode: smallint('reject_code').notNull(),
})

export const fundingRates = ledger.table(
  'funding_rates',
  {
    seq: quantity('seq').notNull(),
    leg: integer('leg').notNull(),
    timeMs: quantity('time_ms').notNull(),
    market: smallint('market').notNull(),
    rateE10: quantity('rate_e10').notNull(),
    deltaIndex: quantity('delta_index').notNull(),
    fundingIndex: quantity('funding_index').notNull(),
    indexTicks: quantity('index_ticks').notNull(),
    markTicks: quantity('mark_ticks').notNull(),
    intervalS: integer('interval_s').notNull(),
  },
  (table) => [primaryKey({ columns: [table.seq, table.leg] })],
)

export const fundingPayments = ledger.table(
  'funding_payments',
  {
    seq: quantity('seq').notNull(),
    leg: integer('leg').notNull(),
    timeMs: quantity('time_ms').notNull(),
    accountId: integer('account_id').notNull(),
    market: smallint('market').notNull(),
    paymentQuote: quantity('payment_quote').notNull(),
    positionLots: quantity('position_lots').notNull(),
    fundingIndex: quantity('funding_index').notNull(),
    rateE10: quantity('rate_e10').notNull(),
    markTicks: quantity('mark_ticks').notNull(),
  },
  (table) => [primaryKey({ columns: [table.seq, table.leg] })],
)

export const deposits = ledger.table('deposits', {
  depositId: quantity('deposit_id').primaryKey(),
  seq: quantity('seq').notNull(),
  leg: integer('leg').notNull(),
  timeMs: quantity('time_ms').notNull(),
  accountId: integer('account_id').notNull(),
  amountQuote: quantity('amount_quote').notNull(),
  blockNumber: quantity('block_number').notNull(),
  txHash: bytea('tx_hash').notNull(),
})

export const withdrawals = ledger.table('withdrawals', {
  withdrawalId: quantity('withdrawal_id').primaryKey(),
  seq: quantity('seq').notNull(),
  leg: integer('leg').notNull(),
  timeMs: quantity('time_ms').notNull(),
  accountId: integer('account_id').notNull(),
  amountQuote: quantity('amount_quote').notNull(),
  lane: smallint('lane').notNull(),
  laneSeq: quantity('lane_seq').notNull(),
})

export const withdrawalPayments = ledger.table('withdrawal_payments', {
  withdrawalId: quantity('withdrawal_id').primaryKey(),
  seq: quantity('seq').notNull(),
  leg: integer('leg').notNull(),
  timeMs: quantity('time_ms').notNull(),
  batchNo: quantity('batch_no').notNull(),
})

export const settlements = ledger.table('settlements', {
  batchNo: quantity('batch_no').primaryKey(),
  seq: quantity('seq').notNull(),
  timeMs: quantity('time_ms').notNull(),
  toSeq: quantity('to_seq').notNull(),
  gasUsed: quantity('gas_used').notNull(),
  blockNumber: quantity('block_number').notNull(),
  txHash: bytea('tx_hash').notNull(),
})

export const reconciliations = ledger.table('reconciliations', {
  id: bigint('id', { mode: 'number' }).generatedAlwaysAsIdentity().primaryKey(),
  checkedMs: quantity('checked_ms').notNull(),
  trigger: text('trigger').notNull(),
  batchNo: quantity('batch_no').notNull(),
  seq: quantity('seq').notNull(),
  ok: boolean('ok').notNull(),
  accounts: integer('accounts').notNull(),
  engine: jsonb('engine'),
  ledger: jsonb('ledger').notNull(),
  chain: jsonb('chain'),
  firstDifference: text('first_difference'),
})

export const batches = ledger.table('batches', {
  batchNo: quantity('batch_no').primaryKey(),
  fromSeq: quantity('from_seq').notNull(),
  toSeq: quantity('to_seq').notNull(),
  hashSeq: quantity('hash_seq').notNull(),
  status: text('status').notNull(),
  nonce: quantity('nonce').notNull(),
  calldata: bytea('calldata').notNull(),
  fillCount: integer('fill_count').notNull(),
  withdrawalCount: integer('withdrawal_count').notNull(),
  orderCount: integer('order_count').notNull(),
  segmentCount: integer('segment_count').notNull(),
  gasLimit: quantity('gas_limit').notNull(),
  txHash: bytea('tx_hash').notNull(),
  gasUsed: quantity('gas_used'),
  blockNumber: quantity('block_number'),
  preparedMs: quantity('prepared_ms').notNull(),
  sentMs: quantity('sent_ms'),
  minedMs: quantity('mined_ms'),
  finalMs: quantity('final_ms'),
  error: text('error'),
})

export const batchAttempts = ledger.table(
  'batch_attempts',
  {
    batchNo: quantity('batch_no').notNull(),
    attempt: integer('attempt').notNull(),
    txHash: bytea('tx_hash').notNull(),
    rawTx: bytea('raw_tx').notNull(),
    maxFeePerGas: numeric('max_fee_per_gas').notNull(),
    createdMs: quantity('created_ms').notNull(),
  },
  (table) => [primaryKey({ columns: [table.batchNo, table.attempt] })],
)

export const relayerCursor = ledger.table('relayer_cursor', {
  id: smallint('id').primaryKey(),
  cursorSeq: quantity('cursor_seq').notNull(),
  depositId: quantity('deposit_id').notNull(),
  depositBlock: quantity('deposit_block').notNull(),
  depositHash: bytea('deposit_hash').notNull(),
})

export const pendingDeposits = ledger.table('pending_deposits', {
  depositId: quantity('deposit_id').primaryKey(),
  owner: bytea('owner').notNull(),
  subaccount: smallint('subaccount').notNull(),
  amountQuote: quantity('amount_quote').notNull(),
  blockNumber: quantity('block_number').notNull(),
  txHash: bytea('tx_hash').notNull(),
  seenMs: quantity('seen_ms').notNull(),
  headBlock: quantity('head_block').notNull(),
  finalBlock: quantity('final_block').notNull(),
})

export const relayerRecords = ledger.table(
  'relayer_records',
  {
    kind: smallint('kind').notNull(),
    key: text('key').notNull(),
    body: bytea('body').notNull(),
  },
  (table) => [primaryKey({ columns: [table.kind, table.key] })],
)
