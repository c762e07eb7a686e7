//! What the exchange answers and streams: the objects of the API.
import { accountNoticeKinds } from '@plumb/model'
import { z } from 'zod'
import {
  addressField,
  amountField,
  decimalField,
  hashField,
  idField,
  orderStyleField,
  seqField,
  sideField,
  timeMsField,
  triggerByField,
  triggerKindField,
} from './fields.ts'
import { type Channel, privateChannels, publicChannels } from './request-schemas.ts'

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
const orderLink = z
  .object({ lane: z.int(), seq: z.int() })
  .meta({ description: 'Lane and sequence number of an order' })

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
    style: orderStyleField.or(z.literal('plain')),
    limitPrice: amountField.meta({
      description: 'The signed limit; `price` is where the order rests',
    }),
    waiting: z.boolean().meta({
      description: 'Accepted, and not on the book until its trigger, price or time comes',
    }),
    triggerKind: triggerKindField.nullable(),
    triggerPrice: amountField.nullable(),
    triggerBy: triggerByField.nullable(),
    stopLossPrice: amountField.nullable().meta({ description: 'Of its live bracket child' }),
    takeProfitPrice: amountField.nullable().meta({ description: 'Of its live bracket child' }),
    offset: decimalField.nullable(),
    count: z.int().nullable(),
    intervalS: z.int().nullable(),
    slippage: amountField.nullable(),
    displayAmount: amountField.nullable(),
    oco: orderLink.nullable(),
    parent: orderLink.nullable(),
    rejectCode: z
      .string()
      .nullable()
      .meta({ description: 'Reason trigger_refused: the code it was refused with' }),
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
    orderId: idField.nullable().meta({ description: 'null: taken by a liquidation' }),
    clientOrderId: z.string().nullable(),
    ...owner,
    market,
    side,
    price: amountField,
    amount: amountField,
    cost: amountField,
    liquidity: z.enum(['maker', 'taker']),
    liquidation: z.boolean(),
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
    id: idField.nullable().meta({ description: 'null: nothing was ever deposited here' }),
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
    confirmations: z.int().nullable().meta({
      description: 'Of a pending deposit: blocks of the chain behind its own',
    }),
    confirmationsNeeded: z.int().nullable().meta({
      description: 'How many of them the chain asks for at present before a block is final',
    }),
    queuePlace: z.int().nullable().meta({ description: 'Of a pending withdrawal: 1 is paid next' }),
    eta: timeMsField.nullable().meta({
      description:
        'When a pending withdrawal is paid, if it waits as long as the latest twenty did',
    }),
    ts: timeMsField,
    updatedAt: timeMsField,
    seq: seqField.nullable().meta({ description: 'null: a deposit that is not credited yet' }),
  })
  .meta({ id: 'Transfer', description: 'A deposit or withdrawal' })
export type TransferObject = z.infer<typeof transferObject>

export const internalTransferObject = z
  .object({
    id: idField,
    ...owner,
    ts: timeMsField,
    direction: z.enum(['in', 'out']),
    otherSubaccount: z.int(),
    amount: amountField,
    currency,
    seq: seqField,
  })
  .meta({ id: 'InternalTransfer', description: 'Money between two subaccounts of one owner' })
export type InternalTransferObject = z.infer<typeof internalTransferObject>

export const transferReply = z
  .object({ transfer: internalTransferObject, seq: seqField })
  .meta({ id: 'TransferReply' })
export type TransferReply = z.infer<typeof transferReply>

export const cancelBatchReply = z
  .object({ results: z.array(z.union([orderReply, errorReply])) })
  .meta({ id: 'CancelBatchReply' })
export type CancelBatchReply = z.infer<typeof cancelBatchReply>

export const cancelAfterReply = z
  .object({
    ...owner,
    market: z.string().nullable().meta({ description: 'null: the switch of all markets' }),
    triggerAt: timeMsField.nullable().meta({ description: 'null: disarmed' }),
    seq: seqField,
  })
  .meta({ id: 'CancelAfterReply' })
export type CancelAfterReply = z.infer<typeof cancelAfterReply>

export const leverageObject = z
  .object({
    ...owner,
    market,
    leverage: z.int().meta({ description: '0: none of its own' }),
    maxLeverage: amountField,
    marginMode: z.enum(['cross', 'isolated']),
  })
  .meta({ id: 'Leverage' })
export type LeverageObject = z.infer<typeof leverageObject>

export const marginModeObject = z
  .object({
    ...owner,
    market,
    marginMode: z.enum(['cross', 'isolated']),
    isolatedMarket: z.string().nullable(),
  })
  .meta({ id: 'MarginMode' })
export type MarginModeObject = z.infer<typeof marginModeObject>

export const isolatedMarginObject = z
  .object({
    ...owner,
    market,
    collateral: decimalField.meta({ description: 'Equity of the isolated subaccount' }),
    withdrawable: amountField,
  })
  .meta({ id: 'IsolatedMargin' })

export const tierObject = z
  .object({
    market,
    tier: z.int(),
    minNotional: amountField,
    maxNotional: amountField.nullable(),
    maxLeverage: amountField,
    initialMarginRate: amountField,
    maintenanceMarginRate: amountField,
    maintenanceAmount: amountField,
  })
  .meta({ id: 'Tier', description: 'Margin by the notional of the position' })
export type TierObject = z.infer<typeof tierObject>

export const openInterestObject = z
  .object({ market, ts: timeMsField, amount: amountField, quote: amountField.nullable() })
  .meta({ id: 'OpenInterest' })
export type OpenInterestObject = z.infer<typeof openInterestObject>

export const feeTierObject = z
  .object({
    tier: z.int(),
    volume: amountField.meta({ description: '30-day volume it needs' }),
    markets: z.array(z.object({ market, maker: decimalField, taker: decimalField })),
  })
  .meta({ id: 'FeeTier' })
export type FeeTierObject = z.infer<typeof feeTierObject>

export const accountFeesObject = z
  .object({
    ...owner,
    tier: z.int(),
    volume: amountField,
    nextTier: z.object({ tier: z.int(), volume: amountField }).nullable(),
    markets: z.array(z.object({ market, maker: decimalField, taker: decimalField })),
  })
  .meta({ id: 'AccountFees' })
export type AccountFeesObject = z.infer<typeof accountFeesObject>

export const noticeObject = z
  .object({
    id: z.string(),
    ts: timeMsField,
    ...owner,
    market: z.string().nullable(),
    type: z.enum(accountNoticeKinds),
    detail: z
      .record(z.string(), z.union([z.string(), z.number()]))
      .meta({ description: 'The inputs that were used, in decimals' }),
    seq: seqField,
  })
  .meta({ id: 'Notice', description: 'What the exchange did to an account, and why' })
export type NoticeObject = z.infer<typeof noticeObject>

/** A session key as registered on-chain, and what it has left. */
export const agentObject = z
  .object({
    address: addressField,
    account: addressField,
    subaccount: z.int().nullable().meta({ description: 'null: every subaccount' }),
    scopes: z.array(z.string()),
    status: z.enum(['active', 'revoked', 'expired']),
    createdAt: timeMsField,
    expiresAt: timeMsField.meta({
      description: 'Its orders settle until then; they match until L before',
    }),
    markets: z.array(z.string()),
    notional: amountField.meta({
      description: 'What its orders may fill in all, at their limit prices',
    }),
    notionalFilled: amountField,
    notionalLeft: amountField.meta({ description: 'What new orders may still ask for' }),
    maxOrderNotional: amountField.nullable().meta({ description: 'null: no limit' }),
    maxPosition: z
      .record(z.string(), amountField)
      .nullable()
      .meta({ description: 'Largest position by market, either side; null: no limit' }),
    openOrders: z.int(),
  })
  .meta({ id: 'Agent' })
export type AgentObject = z.infer<typeof agentObject>

const liquidationStages = ['cancel', 'book', 'backstop', 'insurance', 'adl'] as const
export const liquidationObject = z
  .object({
    id: z.string(),
    ts: timeMsField,
    ...owner,
    market,
    stage: z.enum(liquidationStages).meta({
      description:
        'orders cancelled; closed on the book; taken over by the backstop, with insurance; auto-deleveraging',
    }),
    mark: amountField,
    index: amountField,
    equity: decimalField,
    maintenanceMargin: amountField,
    initialMargin: amountField,
    position: decimalField.meta({ description: 'Signed' }),
    amount: amountField.meta({ description: 'To be closed by this step' }),
    limitPrice: amountField.nullable().meta({ description: 'Of the order sent to the book' }),
    insurance: amountField.meta({ description: 'What the market’s tranche held' }),
    seq: seqField,
  })
  .meta({
    id: 'LiquidationStep',
    description: 'Figures of an account right before a step of its liquidation',
  })
export type LiquidationObject = z.infer<typeof liquidationObject>

export const positionMoveObject = z
  .object({
    id: z.string(),
    ts: timeMsField,
    ...owner,
    market,
    type: z.enum(['takeover', 'adl', 'settlement']),
    amount: decimalField.meta({ description: 'Signed change of the position' }),
    price: amountField,
    value: decimalField.meta({ description: 'Received for it, negative: paid' }),
    realizedPnl: decimalField,
    insurance: decimalField.meta({ description: 'Added by the market’s tranche' }),
    deficit: decimalField.meta({
      description: 'Borne of another account’s deficit; negative: others bore of this one',
    }),
    rank: z.int().nullable().meta({ description: 'Place among those deleveraged, 1 = first' }),
    seq: seqField,
  })
  .meta({ id: 'PositionMove', description: 'A position that moved without a trade' })
export type PositionMoveObject = z.infer<typeof positionMoveObject>

const riskLevelField = z.enum(['safe', 'restricted', 'warning', 'danger', 'liquidation']).meta({
  description:
    'restricted: equity below initial margin with orders; warning: below 1.5 maintenance; danger: below 1.2; liquidation: below it',
})
export const riskWarningObject = z
  .object({
    id: z.string(),
    ts: timeMsField,
    ...owner,
    from: riskLevelField,
    to: riskLevelField,
    equity: decimalField,
    initialMargin: amountField.nullable(),
    maintenanceMargin: amountField,
    seq: seqField,
  })
  .meta({
    id: 'RiskWarning',
    description: 'The account came nearer to liquidation, or went further from it',
  })
export type RiskWarningObject = z.infer<typeof riskWarningObject>

export const marginNoticeObject = z
  .object({
    id: z.string(),
    ts: timeMsField,
    market,
    from: amountField,
    to: amountField,
    effectiveAt: timeMsField,
    seq: seqField,
  })
  .meta({
    id: 'MarginNotice',
    description:
      'The volatility margin rate of a market rises at effectiveAt unless its index comes back before',
  })
export type MarginNoticeObject = z.infer<typeof marginNoticeObject>

const adlSide = z.object({
  positions: z.int(),
  amount: amountField,
  queue: z.array(z.object({ rank: z.int(), amount: amountField, leverage: amountField })),
})
export const adlQueueObject = z
  .object({ market, ts: timeMsField, seq: seqField, longs: adlSide, shorts: adlSide })
  .meta({
    id: 'AdlQueue',
    description:
      'Positions in the order in which auto-deleveraging would take them now; a position says its own rank',
  })
export type AdlQueueObject = z.infer<typeof adlQueueObject>

export const meObject = z
  .object({
    account: addressField,
    scopes: z.array(z.string()),
    expiresAt: timeMsField,
    agent: agentObject
      .nullable()
      .meta({ description: 'The session key that signed in; null: the account itself' }),
    subaccounts: z.array(
      z.object({
        subaccount: z.int(),
        id: idField,
        marginMode: z.enum(['cross', 'isolated']),
        isolatedMarket: z.string().nullable(),
        cancelAfter: timeMsField
          .nullable()
          .meta({ description: 'When the switch of all markets cancels everything; null: off' }),
        cancelAfterByMarket: z.record(z.string(), timeMsField).meta({
          description: 'When the switches of single markets cancel; only those that are set',
        }),
        cancelOnDisconnect: z.int().meta({
          description: 'Open connections whose end cancels the orders',
        }),
        feeTier: z.int(),
        openOrders: z.int(),
      }),
    ),
    limits: z.record(z.string(), z.object({ limit: z.int(), remaining: z.int(), resetS: z.int() })),
  })
  .meta({ id: 'Me' })
export type MeObject = z.infer<typeof meObject>

export const marginPreviewObject = z
  .object({
    ...owner,
    equity: decimalField,
    openingEquity: decimalField.meta({ description: 'What new orders are judged by' }),
    unrealizedPnl: decimalField,
    initialMargin: amountField.meta({ description: 'With open orders' }),
    maintenanceMargin: amountField,
    marginRatio: decimalField.nullable(),
    withdrawable: amountField,
    orders: z.array(
      z.object({
        code: z.string().nullable().meta({ description: 'null: it would be accepted' }),
        field: z.string().nullable(),
        limit: z.union([z.string(), z.number()]).nullable(),
      }),
    ),
    positions: z.array(
      z.object({
        market,
        size: decimalField.meta({ description: 'Negative = short' }),
        markPrice: amountField,
        notional: amountField,
        unrealizedPnl: decimalField,
        initialMargin: amountField,
        maintenanceMargin: amountField,
        liquidationPrice: amountField.nullable(),
      }),
    ),
  })
  .meta({ id: 'MarginPreview' })
export type MarginPreviewObject = z.infer<typeof marginPreviewObject>

export const withdrawalReply = z
  .object({ withdrawal: transferObject, seq: seqField })
  .meta({ id: 'WithdrawalReply' })
export type WithdrawalReply = z.infer<typeof withdrawalReply>

export const ledgerObject = z
  .object({
    id: z.string().meta({ description: 'seq.leg: ascending, never reused' }),
    ts: timeMsField,
    ...owner,
    direction: z.enum(['in', 'out']),
    type: z.string().meta({
      description:
        'deposit, trade, fee, rebate, funding, withdrawal, transfer, insurance_contribution, liquidation, ' +
        'liquidation_fee, insurance_payout, takeover, adl, adl_deficit, settlement, bad_debt',
    }),
    amount: amountField.meta({ description: 'Never negative; direction says which way' }),
    before: decimalField.meta({ description: 'Cash before; the after of the entry before' }),
    after: decimalField,
    currency,
    market: z.string().nullable(),
    referenceId: z.string().nullable().meta({
      description:
        'The trade, deposit or withdrawal; for funding the funding index; else what the type says',
    }),
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
    interval: z.string().optional().meta({ description: 'candles only' }),
    type: z.enum(['snapshot', 'delta', 'update']),
    seq: seqField,
    prevSeq: seqField,
    checksum: z
      .int()
      .optional()
      .meta({ description: 'book: CRC-32 of the whole book after this message' }),
    ts: timeMsField,
    data: z.unknown(),
  })
  .meta({ id: 'StreamEvent' })
export type StreamEvent = z.infer<typeof streamEvent>

const levels = z
  .object({ bids: z.array(priceLevel), asks: z.array(priceLevel) })
  .meta({ id: 'BookLevels', description: 'Best first; in a delta, amount 0 removes the level' })
const bboObject = z
  .object({
    bid: amountField.nullable(),
    bidSize: amountField.nullable(),
    ask: amountField.nullable(),
    askSize: amountField.nullable(),
  })
  .meta({ id: 'BestBidOffer' })
export const candleRow = z
  .tuple([
    timeMsField,
    amountField,
    amountField,
    amountField,
    amountField,
    amountField,
    amountField,
    z.int(),
  ])
  .meta({
    id: 'Candle',
    description: '[openTime, open, high, low, close, baseVolume, quoteVolume, trades]',
  })
export const statusObject = z
  .object({
    state: z.enum(['ok', 'post_only', 'cancel_only', 'maintenance']),
    message: z.string().nullable(),
    since: timeMsField.nullable(),
    until: timeMsField.nullable(),
    markets: z.array(
      z.object({
        market,
        state: marketObject.shape.state,
        since: timeMsField.nullable(),
        reason: z
          .string()
          .nullable()
          .meta({ description: 'Why fewer orders are taken than usual, and what ends it' }),
        until: timeMsField
          .nullable()
          .meta({ description: 'Earliest end of this stage of a reopening' }),
      }),
    ),
    withdrawals: z.enum(['open', 'paused']),
    throttle: z
      .object({ level: z.int(), minNotional: amountField })
      .meta({ description: 'Settlement is behind: 1 a least notional, 2 post-only besides' }),
    ts: timeMsField,
    seq: seqField,
    settledSeq: seqField,
    unsettledFills: z.int(),
    settlementLagMs: z.int(),
  })
  .meta({ id: 'Status' })
export type StatusObject = z.infer<typeof statusObject>

/** What the `data` of each channel is. Lists of one channel are never empty, but in a snapshot of a private one. */
export const channelData: Record<Channel, z.ZodType> = {
  book: levels,
  book20: levels,
  bbo: bboObject,
  trades: z.array(tradeObject),
  candles: candleRow,
  ticker: tickerObject,
  funding: fundingObject,
  liquidations: z.array(tradeObject),
  status: statusObject,
  batches: z.array(batchObject),
  orders: z.array(orderObject),
  fills: z.array(fillObject),
  balances: z.array(balanceObject),
  positions: z.array(positionObject),
  account: accountObject,
  ledger: z.array(ledgerObject),
  agents: z.array(agentObject),
  notices: z.array(noticeObject),
}
