//! Events as objects, for the edges and for tests. The engine writes the binary form.
import type { CloseReason, OrderKind, Side } from './order.ts'
import type { RejectCode } from './reject-codes.ts'
import type {
  AccountId,
  FundingIndex,
  Lots,
  MarketId,
  OrderId,
  Quote,
  Seq,
  Ticks,
  TimeMs,
  TimeS,
} from './units.ts'

/** Every event: the command's seq and time, and `leg`, its place among that command's events. */
export type EventHeader = { seq: Seq; timeMs: TimeMs; leg: number }

export type CommandRejected = {
  kind: 'CommandRejected'
  accountId: AccountId
  market: MarketId
  code: RejectCode
  commandKind: number
  orderId: OrderId
  limitValue: number
  clientOrderId: string
}
export type ExchangeOpened = { kind: 'ExchangeOpened'; chainId: number }
export type MarketListed = { kind: 'MarketListed'; market: MarketId }
export type AccountOpened = {
  kind: 'AccountOpened'
  accountId: AccountId
  subaccount: number
  owner: Uint8Array
}
export type DepositCredited = {
  kind: 'DepositCredited'
  accountId: AccountId
  amountQuote: Quote
  depositId: number
  blockNumber: number
  cashQuote: Quote
  txHash: Uint8Array
}
export type WithdrawalAccepted = {
  kind: 'WithdrawalAccepted'
  accountId: AccountId
  amountQuote: Quote
  withdrawalId: number
  cashQuote: Quote
  lane: number
  laneSeq: number
}
export type WithdrawalPaid = {
  kind: 'WithdrawalPaid'
  accountId: AccountId
  amountQuote: Quote
  withdrawalId: number
  batchNo: number
}
export type OrderPlaced = {
  kind: 'OrderPlaced'
  accountId: AccountId
  market: MarketId
  orderId: OrderId
  priceTicks: Ticks
  sizeLots: Lots
  side: Side
  flags: number
  orderKind: OrderKind
  maxFee: number
  lane: number
  laneSeq: number
  expiryS: TimeS
  clientOrderId: string
}
export type OrderAmended = {
  kind: 'OrderAmended'
  accountId: AccountId
  market: MarketId
  orderId: OrderId
  priceTicks: Ticks
  sizeLots: Lots
  side: Side
  flags: number
  keepsPriority: 0 | 1
  maxFee: number
  lane: number
  laneSeq: number
  expiryS: TimeS
  previousPriceTicks: Ticks
  previousRemainingLots: Lots
}
export type OrderClosed = {
  kind: 'OrderClosed'
  accountId: AccountId
  market: MarketId
  orderId: OrderId
  remainingLots: Lots
  priceTicks: Ticks
  side: Side
  reason: CloseReason
}
export type TradeExecuted = {
  kind: 'TradeExecuted'
  takerAccountId: AccountId
  makerAccountId: AccountId
  market: MarketId
  tradeId: number
  priceTicks: Ticks
  sizeLots: Lots
  quote: Quote
  takerSide: Side
  takerOrderId: OrderId
  makerOrderId: OrderId
  /** Units of 10 ppm. */
  takerFee: number
  makerFee: number
  takerFeeQuote: Quote
  makerFeeQuote: Quote
  takerRealizedQuote: Quote
  makerRealizedQuote: Quote
  takerPositionLots: Lots
  makerPositionLots: Lots
  takerRemainingLots: Lots
  makerRemainingLots: Lots
}
export type FundingSettled = {
  kind: 'FundingSettled'
  accountId: AccountId
  market: MarketId
  paymentQuote: Quote
  positionLots: Lots
  fundingIndex: FundingIndex
  cashQuote: Quote
}
export type IndexUpdated = {
  kind: 'IndexUpdated'
  market: MarketId
  indexTicks: Ticks
  publisherCount: number
}
export type MarkUpdated = {
  kind: 'MarkUpdated'
  market: MarketId
  markTicks: Ticks
  indexTicks: Ticks
}
export type PremiumSampled = {
  kind: 'PremiumSampled'
  market: MarketId
  premium: number
  predictedRate: number
  sampleCount: number
}
export type FundingApplied = {
  kind: 'FundingApplied'
  market: MarketId
  rate: number
  deltaIndex: FundingIndex
  fundingIndex: FundingIndex
  indexTicks: Ticks
  intervalS: number
}
export type BatchConfirmed = {
  kind: 'BatchConfirmed'
  batchNo: number
  toSeq: Seq
  gasUsed: number
  blockNumber: number
  txHash: Uint8Array
}
export type MarketStateChanged = { kind: 'MarketStateChanged'; market: MarketId; state: number }
export type WithdrawalsSwitched = { kind: 'WithdrawalsSwitched'; paused: 0 | 1 }
export type DuplicateRequest = {
  kind: 'DuplicateRequest'
  accountId: AccountId
  orderId: OrderId
  clientOrderId: string
}

export type EventBody =
  | CommandRejected
  | ExchangeOpened
  | MarketListed
  | AccountOpened
  | DepositCredited
  | WithdrawalAccepted
  | WithdrawalPaid
  | OrderPlaced
  | OrderAmended
  | OrderClosed
  | TradeExecuted
  | FundingSettled
  | IndexUpdated
  | MarkUpdated
  | PremiumSampled
  | FundingApplied
  | BatchConfirmed
  | MarketStateChanged
  | WithdrawalsSwitched
  | DuplicateRequest

export type EngineEvent = EventHeader & EventBody
