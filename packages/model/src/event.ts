//! Events as objects, for the edges and for tests. The engine writes the binary form.
import type { NoticeKind } from './notice.ts'
import type {
  CloseReason,
  OrderKind,
  OrderStyle,
  Side,
  TriggerKind,
  TriggerSource,
} from './order.ts'
import type { RejectCode } from './reject-codes.ts'
import type {
  AccountId,
  FundingIndex,
  Lots,
  MarketId,
  OrderId,
  Ppm,
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
  /** Advanced orders (packages/engine/RULES.md 1.2): the signed limit, and how the order waits and rests. */
  limitTicks?: Ticks
  style?: OrderStyle
  triggerKind?: TriggerKind
  triggerSource?: TriggerSource
  waiting?: number
  triggerTicks?: Ticks
  offsetTicks?: number
  count?: number
  displayLots?: Lots
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
  triggerTicks?: Ticks
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
  /** Reason `triggerRefused`: why. */
  rejectCode?: number
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

export type OrderTriggered = {
  kind: 'OrderTriggered'
  accountId: AccountId
  market: MarketId
  orderId: OrderId
  priceTicks: Ticks
  lots: Lots
  limitTicks: Ticks
}
export type OrderRequeued = {
  kind: 'OrderRequeued'
  accountId: AccountId
  market: MarketId
  orderId: OrderId
  priceTicks: Ticks
  shownLots: Lots
  previousPriceTicks: Ticks
  remainingLots: Lots
  side: Side
}
export type OrderReduced = {
  kind: 'OrderReduced'
  accountId: AccountId
  market: MarketId
  orderId: OrderId
  remainingLots: Lots
  byLots: Lots
  side: Side
}
export type TransferBooked = {
  kind: 'TransferBooked'
  accountId: AccountId
  amountQuote: Quote
  cashQuote: Quote
  toCashQuote: Quote
  toAccountId: AccountId
  lane: number
  laneSeq: number
}
export type LeverageSet = {
  kind: 'LeverageSet'
  accountId: AccountId
  market: MarketId
  leverage: number
}
export type AccountModeSet = {
  kind: 'AccountModeSet'
  accountId: AccountId
  isolatedMarket: number
}
export type DeadManSet = {
  kind: 'DeadManSet'
  accountId: AccountId
  /** 0: off. */
  deadlineMs: TimeMs
  /** 0: the account's switch; else that of market `scope − 1`. */
  scope: number
}
export type SelfTradeGroupSet = {
  kind: 'SelfTradeGroupSet'
  accountId: AccountId
  group: number
}
export type FeeTiersSet = { kind: 'FeeTiersSet' }
export type FeeTierChanged = {
  kind: 'FeeTierChanged'
  accountId: AccountId
  volumeQuote: Quote
  tier: number
}
export type MarketRiskSet = {
  kind: 'MarketRiskSet'
  market: MarketId
}
export type VolatilityUpdated = {
  kind: 'VolatilityUpdated'
  market: MarketId
  returnPpb: number
  variance: number
  rawPpm: Ppm
  volatilityPpm: Ppm
  depthQuote: Quote
}
export type BackstopSet = {
  kind: 'BackstopSet'
  accountId: AccountId
  market: MarketId
}
export type InsuranceFunded = {
  kind: 'InsuranceFunded'
  accountId: AccountId
  market: MarketId
  amountQuote: Quote
  cashQuote: Quote
  trancheQuote: Quote
  lane: number
  laneSeq: number
}
export type DustCollected = {
  kind: 'DustCollected'
  market: MarketId
  amountQuote: Quote
  trancheQuote: Quote
}
export type ThrottleSet = {
  kind: 'ThrottleSet'
  minNotionalQuote: Quote
  level: number
}
export type LiquidationExplained = {
  kind: 'LiquidationExplained'
  accountId: AccountId
  market: MarketId
  markTicks: Ticks
  indexTicks: Ticks
  equityQuote: Quote
  maintenanceQuote: Quote
  initialQuote: Quote
  positionLots: Lots
  sizeLots: Lots
  limitTicks: Ticks
  trancheQuote: Quote
  stage: number
}
export type LiquidationFilled = {
  kind: 'LiquidationFilled'
  accountId: AccountId
  market: MarketId
  tradeId: number
  priceTicks: Ticks
  sizeLots: Lots
  quote: Quote
  makerOrderId: OrderId
  insuranceQuote: Quote
  makerFeeQuote: Quote
  realizedQuote: Quote
  makerRealizedQuote: Quote
  positionLots: Lots
  makerPositionLots: Lots
  makerRemainingLots: Lots
  makerAccountId: AccountId
  side: Side
  makerFee: number
  trancheQuote: Quote
}
export type PositionTakenOver = {
  kind: 'PositionTakenOver'
  accountId: AccountId
  market: MarketId
  markTicks: Ticks
  sizeLots: Lots
  quote: Quote
  insuranceQuote: Quote
  realizedQuote: Quote
  backstopPositionLots: Lots
  trancheQuote: Quote
  backstopAccountId: AccountId
  backstopRealizedQuote: Quote
}
export type AdlExecuted = {
  kind: 'AdlExecuted'
  accountId: AccountId
  market: MarketId
  markTicks: Ticks
  sizeLots: Lots
  deficitQuote: Quote
  positionLots: Lots
  realizedQuote: Quote
  /** Mark value of the closed lots, signed as they are: what the victim pays the account, less `deficitQuote`. */
  quote: Quote
  victimAccountId: AccountId
  rank: number
}
export type AdlRound = {
  kind: 'AdlRound'
  accountId: AccountId
  market: MarketId
  closedLots: Lots
  deficitQuote: Quote
  insuranceQuote: Quote
  realizedQuote: Quote
  trancheQuote: Quote
  participants: number
}
export type BadDebt = {
  kind: 'BadDebt'
  accountId: AccountId
  market: MarketId
  amountQuote: Quote
  badDebtQuote: Quote
  insuranceQuote: Quote
  trancheQuote: Quote
}
export type MarketSettled = {
  kind: 'MarketSettled'
  market: MarketId
  priceTicks: Ticks
}
/** A session key's terms, as the chain has them (`RegisterKey`). */
export type KeyRegistered = {
  kind: 'KeyRegistered'
  key: Uint8Array
  owner: Uint8Array
  subaccount: number
  allSubaccounts: number
  expiryS: TimeS
  notionalQuote: Quote
  marketsLow: number
  marketsHigh: number
  maxPositionLots: Lots
  maxOrderNotionalQuote: Quote
}
export type KeyRevoked = {
  kind: 'KeyRevoked'
  key: Uint8Array
  owner: Uint8Array
  expiryS: TimeS
}
export type PositionSettled = {
  kind: 'PositionSettled'
  accountId: AccountId
  market: MarketId
  sizeLots: Lots
  priceTicks: Ticks
  quote: Quote
  realizedQuote: Quote
  cashQuote: Quote
}

export type ChainNoticed = {
  kind: 'ChainNoticed'
  accountId: AccountId
  market: MarketId
  noticeId: number
  amountQuote: Quote
  lots: Lots
  blockNumber: number
  dueS: TimeS
  what: NoticeKind
  lane: number
  laneSeq: number
  txHash: Uint8Array
}
export type PositionReduced = {
  kind: 'PositionReduced'
  accountId: AccountId
  market: MarketId
  priceTicks: Ticks
  sizeLots: Lots
  quote: Quote
  feeQuote: Quote
  realizedQuote: Quote
  positionLots: Lots
  backstopPositionLots: Lots
  backstopAccountId: AccountId
  isServed: 0 | 1
  backstopRealizedQuote: Quote
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
  | OrderTriggered
  | OrderRequeued
  | OrderReduced
  | TransferBooked
  | LeverageSet
  | AccountModeSet
  | DeadManSet
  | SelfTradeGroupSet
  | FeeTiersSet
  | FeeTierChanged
  | MarketRiskSet
  | VolatilityUpdated
  | BackstopSet
  | InsuranceFunded
  | DustCollected
  | ThrottleSet
  | LiquidationExplained
  | LiquidationFilled
  | PositionTakenOver
  | AdlExecuted
  | AdlRound
  | BadDebt
  | MarketSettled
  | PositionSettled
  | KeyRegistered
  | KeyRevoked
  | ChainNoticed
  | PositionReduced

export type EngineEvent = EventHeader & EventBody
