//! What the exchange answers and streams: the objects of the API.
import { z } from 'zod'
import {
  addressField,
  amountField,
  decimalField,
  hashField,
  idField,
  seqField,
  sideField,
  timeMsField,
} from './fields.ts'
import { privateChannels, publicChannels } from './request-schemas.ts'

const market = z.string()
const currency = z.string().meta({ examples: ['USDC'] })
const owner = { account: addressField, subaccount: z.int() }
const side = sideField
const priceLevel = z.tuple([amountField, amountField])

export const errorObject = z
  .object({
    code: z.string(),
    message: z.string(),
    field: z.string().optional(),
    limit: z.union([z.string(), z.number()]).optional(),
    retryAfter: z.int().optional().meta({ description: 'Milliseconds' }),
    requestId: z.string().optional(),
  })
  .meta({ id: 'Error' })
export const errorReply = z.object({ error: errorObject }).meta({ id: 'ErrorReply' })

export const marketObject = z
  .object({
    id: market,
    index: z.int().meta({ description: 'Market number in signed orders and on-chain' }),
    base: z.string(),
    quote: currency,
    settle: currency,
    baseId: z.string(),
    quoteId: z.string(),
    settleId: z.string(),
    type: z.literal('swap'),
    linear: z.literal(true),
    active: z.boolean(),
    state: z.enum(['trading', 'post_only', 'reduce_only', 'cancel_only', 'halted', 'settled']),
    contractSize: amountField,
    tickSize: amountField,
    stepSize: amountField,
    minAmount: amountField,
    maxAmount: amountField,
    minPrice: amountField,
    maxPrice: amountField,
    minNotional: amountField,
    maxNotional: amountField,
    maxLeverage: amountField,
    makerFee: decimalField,
    takerFee: decimalField,
    makerFeeUnits: z.int().meta({ description: 'Units of 10 ppm, as in maxFee' }),
    takerFeeUnits: z.int().meta({ description: 'Units of 10 ppm, as in maxFee' }),
    initialMarginRate: amountField,
    maintenanceMarginRate: amountField,
    marginModes: z.array(z.enum(['cross', 'isolated'])),
    fundingInterval: timeMsField,
    priceBand: amountField.nullable(),
    positionLimit: amountField,
    openInterestLimit: amountField.nullable(),
    createdAt: timeMsField,
  })
  .meta({ id: 'Market' })
export type MarketObject = z.infer<typeof marketObject>

export const tickerObject = z
  .object({
    market,
    bid: amountField.nullable(),
    bidSize: amountField.nullable(),
    ask: amountField.nullable(),
    askSize: amountField.nullable(),
    last: amountField.nullable(),
    open: amountField.nullable(),
    high: amountField.nullable(),
    low: amountField.nullable(),
    close: amountField.nullable(),
    baseVolume: amountField,
    quoteVolume: amountField,
    mark: amountField.nullable(),
    index: amountField.nullable(),
    fundingRate: decimalField.nullable(),
    nextFundingTime: timeMsField,
    openInterest: amountField,
    ts: timeMsField,
  })
  .meta({ id: 'Ticker' })
export type TickerObject = z.infer<typeof tickerObject>

export const bookObject = z
  .object({
    market,
    seq: seqField,
    ts: timeMsField,
    bids: z.array(priceLevel),
    asks: z.array(priceLevel),
  })
  .meta({ id: 'Book', description: 'Best first; in a delta, amount 0 removes the level' })
export type BookObject = z.infer<typeof bookObject>

export const orderBookObject = z
  .object({
    market,
    seq: seqField,
    ts: timeMsField,
    bids: z.array(z.tuple([amountField, amountField, idField])),
    asks: z.array(z.tuple([amountField, amountField, idField])),
  })
  .meta({ id: 'OrderBook', description: 'Level 3: every order in priority order' })

export const tradeObject = z
  .object({
    id: idField,
    ts: timeMsField,
    market,
    price: amountField,
    amount: amountField,
    side,
    liquidation: z.boolean(),
    seq: seqField,
  })
  .meta({ id: 'Trade' })
export type TradeObject = z.infer<typeof tradeObject>

const feeObject = z.object({ cost: decimalField, currency })

export const orderObject = z
  .object({
    id: idField,
    clientOrderId: z.string().nullable(),
    digest: hashField.nullable(),
    ...owner,
    market,
    createdAt: timeMsField,
    updatedAt: timeMsField,
    lastTradeAt: timeMsField.nullable(),
    type: z.enum(['limit', 'market']),
    side,
    price: amountField,
    amount: amountField,
    filled: amountField,
    remaining: amountField,
    average: amountField.nullable(),
    cost: amountField,
    timeInForce: z.enum(['GTC', 'IOC', 'FOK', 'PO']),
    postOnly: z.boolean(),
    reduceOnly: z.boolean(),
    triggerPrice: amountField.nullable(),
    triggerBy: z.string().nullable(),
    stopLossPrice: amountField.nullable(),
    takeProfitPrice: amountField.nullable(),
    expiresAt: timeMsField,
    status: z.enum(['open', 'closed', 'canceled']),
    reason: z.string().nullable(),
    fee: feeObject,
    signer: addressField,
    maxFee: z.int(),
    lane: z.int(),
    laneSeq: z.int(),
  })
  .meta({ id: 'Order' })
export type OrderObject = z.infer<typeof orderObject>

export const fillObject = z
  .object({
    id: idField,
    ts: timeMsField,
    tradeId: idField,
    orderId: idField,
    clientOrderId: z.string().nullable(),
    ...owner,
    market,
    side,
    price: amountField,
    amount: amountField,
    cost: amountField,
    liquidity: z.enum(['maker', 'taker']),
    fee: z.object({ cost: decimalField, currency, rate: decimalField }),
    realizedPnl: decimalField,
    settlement: z.enum(['matched', 'submitted', 'settled']),
    txHash: hashField.nullable(),
    seq: seqField,
  })
  .meta({ id: 'Fill' })
export type FillObject = z.infer<typeof fillObject>

export const orderReply = z
  .object({ order: orderObject, fills: z.array(fillObject), seq: seqField })
  .meta({ id: 'OrderReply' })
export type OrderReply = z.infer<typeof orderReply>

export const orderBatchReply = z
  .object({ results: z.array(z.union([orderReply, errorReply])) })
  .meta({ id: 'OrderBatchReply' })
export type OrderBatchReply = z.infer<typeof orderBatchReply>

export const cancelAllReply = z
  .object({ orders: z.array(orderObject), seq: seqField })
  .meta({ id: 'CancelAllReply' })
export type CancelAllReply = z.infer<typeof cancelAllReply>

export const positionObject = z
  .object({
    ...owner,
    market,
    ts: timeMsField,
    side: z.enum(['long', 'short']),
    contracts: amountField,
    contractSize: amountField,
    entryPrice: decimalField.nullable(),
    markPrice: amountField.nullable(),
    notional: amountField,
    leverage: amountField,
    unrealizedPnl: decimalField,
    realizedPnl: decimalField,
    percentage: decimalField.nullable(),
    collateral: amountField.nullable(),
    marginMode: z.enum(['cross', 'isolated']),
    initialMargin: amountField,
    initialMarginRate: amountField,
    maintenanceMargin: amountField,
    maintenanceMarginRate: amountField,
    marginRatio: decimalField.nullable(),
    liquidationPrice: amountField.nullable(),
    fundingPaid: decimalField,
    adlRank: z.int().nullable(),
  })
  .meta({ id: 'Position' })
export type PositionObject = z.infer<typeof positionObject>

export const balanceObject = z
  .object({
    ...owner,
    currency,
    total: amountField,
    free: amountField,
    used: amountField,
    debt: amountField,
    ts: timeMsField,
  })
  .meta({ id: 'Balance' })
export type BalanceObject = z.infer<typeof balanceObject>

export const accountObject = z
  .object({
    ...owner,
    id: idField,
    equity: decimalField,
    cash: decimalField,
    unrealizedPnl: decimalField,
    initialMargin: amountField,
    maintenanceMargin: amountField,
    orderMargin: amountField,
    marginRatio: decimalField.nullable(),
    withdrawable: amountField,
    pendingWithdrawals: amountField,
    ts: timeMsField,
    seq: seqField,
  })
  .meta({ id: 'Account' })
export type AccountObject = z.infer<typeof accountObject>

export const fundingObject = z
  .object({
    market,
    rate: decimalField.nullable(),
    mark: amountField.nullable(),
    index: amountField.nullable(),
    nextFundingTime: timeMsField,
    interval: timeMsField,
    cap: amountField,
    ts: timeMsField,
  })
  .meta({ id: 'Funding' })
export type FundingObject = z.infer<typeof fundingObject>

export const fundingRateObject = z
  .object({
    ts: timeMsField,
    market,
    rate: decimalField,
    mark: amountField.nullable(),
    index: amountField.nullable(),
    interval: timeMsField,
  })
  .meta({ id: 'FundingRate' })
export type FundingRateObject = z.infer<typeof fundingRateObject>

export const fundingPaymentObject = z
  .object({
    id: idField,
    ts: timeMsField,
    ...owner,
    market,
    amount: decimalField.meta({ description: 'Positive = received' }),
    size: decimalField,
    rate: decimalField.nullable(),
    mark: amountField.nullable(),
    currency,
  })
  .meta({ id: 'FundingPayment' })
export type FundingPaymentObject = z.infer<typeof fundingPaymentObject>

export const transferObject = z
  .object({
    id: idField,
    ...owner,
    status: z.enum(['ok', 'pending', 'failed', 'canceled']),
    reason: z.string().nullable(),
    amount: amountField,
    fee: amountField,
    currency,
    network: z.string(),
    txid: hashField.nullable(),
    addressFrom: addressField.nullable(),
    addressTo: addressField.nullable(),
    ts: timeMsField,
    updatedAt: timeMsField,
    seq: seqField,
  })
  .meta({ id: 'Transfer', description: 'A deposit or withdrawal' })
export type TransferObject = z.infer<typeof transferObject>

export const withdrawalReply = z
  .object({ withdrawal: transferObject, seq: seqField })
  .meta({ id: 'WithdrawalReply' })
export type WithdrawalReply = z.infer<typeof withdrawalReply>

export const ledgerObject = z
  .object({
    id: z.string(),
    ts: timeMsField,
    ...owner,
    direction: z.enum(['in', 'out']),
    type: z.string(),
    amount: amountField,
    before: decimalField,
    after: decimalField,
    currency,
    market: z.string().nullable(),
    referenceId: z.string().nullable(),
  })
  .meta({ id: 'LedgerEntry' })
export type LedgerObject = z.infer<typeof ledgerObject>

export const batchObject = z
  .object({
    batchNo: z.int(),
    toSeq: seqField,
    txHash: hashField.nullable(),
    status: z.enum(['submitted', 'settled']),
    fills: z.int(),
    gasUsed: z.int().nullable(),
    blockNumber: z.int().nullable(),
    ts: timeMsField,
  })
  .meta({ id: 'Batch' })
export type BatchObject = z.infer<typeof batchObject>

export const loginReply = z
  .object({ token: z.string(), account: addressField, expiresAt: timeMsField })
  .meta({ id: 'LoginReply' })
export type LoginReply = z.infer<typeof loginReply>

/** A page of any list. */
export const listOf = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), nextCursor: z.string().nullable() })
export type ListOf<T> = { items: T[]; nextCursor: string | null }

/** One message of a channel. */
export const streamEvent = z
  .object({
    channel: z.enum([...publicChannels, ...privateChannels]),
    market: z.string().nullable(),
    account: addressField.optional(),
    subaccount: z.int().optional(),
    type: z.enum(['snapshot', 'delta', 'update']),
    seq: seqField,
    prevSeq: seqField,
    ts: timeMsField,
    data: z.unknown(),
  })
  .meta({ id: 'StreamEvent' })
export type StreamEvent = z.infer<typeof streamEvent>
