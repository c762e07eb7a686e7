//! Commands as objects, for the edges and for tests. The engine reads the binary form.
import type { Market } from './market.ts'
import type { NoticeKind } from './notice.ts'
import type {
  OrderKind,
  OrderStyle,
  SelfTradePrevention,
  Side,
  TriggerKind,
  TriggerSource,
} from './order.ts'
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

/** First command of a journal: binds it to one chain and one settlement contract. */
export type Genesis = {
  kind: 'Genesis'
  chainId: number
  /** L: longest allowed age of an unsettled fill; orders match until expiry − L. */
  settlementLagS: number
  publisherCount: number
  publisherQuorum: number
  contract: Uint8Array
  /** publisherCount addresses of 20 bytes each, zero-padded to 100 bytes. */
  publishers: Uint8Array
}
export type ListMarket = { kind: 'ListMarket' } & Market

type OrderFields = {
  accountId: AccountId
  market: MarketId
  /** Bits of `orderOption`. */
  options?: number
  side: Side
  /** The signed flags byte (`orderFlags`). */
  flags: number
  orderKind: OrderKind
  priceTicks: Ticks
  sizeLots: Lots
  triggerTicks: Ticks
  /** Units of 10 ppm. */
  maxFee: number
  lane: number
  laneSeq: number
  expiryS: TimeS
  selfTrade: SelfTradePrevention
  clientOrderId: string
  /** Recovered signer, 20 bytes. */
  signer: Uint8Array
  /** EIP-2098 compact signature, 64 bytes. */
  signature: Uint8Array
}
export type PlaceOrder = { kind: 'PlaceOrder'; orderId: 0 } & OrderFields
/** Same lane, higher laneSeq; `sizeLots` is what shall remain. */
export type AmendOrder = { kind: 'AmendOrder'; orderId: OrderId } & OrderFields
/** By `orderId`, or by `clientOrderId` when it is 0. */
export type CancelOrder = {
  kind: 'CancelOrder'
  accountId: AccountId
  orderId: OrderId
  clientOrderId: string
}
export type CancelAll = {
  kind: 'CancelAll'
  accountId: AccountId
  /** −1: all. */
  market: MarketId
  side: Side | -1
}
export type CreditDeposit = {
  kind: 'CreditDeposit'
  owner: Uint8Array
  subaccount: number
  amountQuote: Quote
  depositId: number
  blockNumber: number
  txHash: Uint8Array
}
type SignedAmount = {
  accountId: AccountId
  amountQuote: Quote
  lane: number
  laneSeq: number
  expiryS: TimeS
  signer: Uint8Array
  signature: Uint8Array
}
export type RequestWithdrawal = { kind: 'RequestWithdrawal' } & SignedAmount
/** To another subaccount of the same owner. */
export type Transfer = { kind: 'Transfer'; toSubaccount: number } & SignedAmount
/** Cash of an account into a market's insurance tranche. */
export type FundInsurance = { kind: 'FundInsurance'; market: MarketId } & SignedAmount
/** packages/engine/RULES.md 1.2; lanes of links are given plus one, 0 = none. */
export type PlaceAdvancedOrder = { kind: 'PlaceAdvancedOrder'; orderId: 0 } & OrderFields & {
    style: OrderStyle
    triggerKind: TriggerKind
    triggerSource: TriggerSource
    parentLane: number
    parentSeq: number
    ocoLane: number
    ocoSeq: number
    offsetTicks: number
    count: number
    seconds: number
    slippagePpm: number
    displayLots: Lots
  }
/** 0: none of its own. */
export type SetLeverage = {
  kind: 'SetLeverage'
  accountId: AccountId
  market: MarketId
  leverage: number
}
/** −1: cross margin; else the one market of the account. */
export type SetAccountMode = {
  kind: 'SetAccountMode'
  accountId: AccountId
  isolatedMarket: number
}
export type SetDeadMan = {
  kind: 'SetDeadMan'
  accountId: AccountId
  /** 0 or not given: all orders of the account; else those of market `scope − 1`, by a switch of its own. */
  scope?: number
  /** 0: off. */
  timeoutMs: number
}
/** 0: the owner's accounts alone. */
export type SetSelfTradeGroup = {
  kind: 'SetSelfTradeGroup'
  accountId: AccountId
  group: number
}
/** Tiers 1 … 7 of 30-day volume; offs in units of 10 ppm. */
export type SetFeeTiers = {
  kind: 'SetFeeTiers'
  volumeQuote: readonly Quote[]
  takerOff: readonly number[]
  makerOff: readonly number[]
}
/** Everything of a market's risk beyond its listing (packages/engine/RULES.md 2.1). */
export type SetMarketRisk = {
  kind: 'SetMarketRisk'
  market: MarketId
  boundUsdc: readonly number[]
  imfPpm: readonly Ppm[]
  oiLowUsdc: number
  oiHighUsdc: number
  partialAboveQuote: Quote
  volatilitySeed: number
  openingGainPpm: Ppm
  scopePpm: Ppm
  volatility: number
  liquidation: number
  liquidationFeePpm: Ppm
  cancelOnlyS: number
  postOnlyS: number
  rearmS: number
}
/** Account 0: none. */
export type SetBackstop = { kind: 'SetBackstop'; accountId: AccountId; market: MarketId }
/** 0 none, 1 a least notional, 2 post-only besides. */
export type SetThrottle = { kind: 'SetThrottle'; level: number; minNotionalQuote: Quote }
export type ReopenMarket = { kind: 'ReopenMarket'; market: MarketId }
export type SettleMarket = { kind: 'SettleMarket'; market: MarketId }
/** A session key that the chain knows now (contracts: `ISessionKeys`); amounts beyond 2^53 − 1 are given as that. */
export type RegisterKey = {
  kind: 'RegisterKey'
  key: Uint8Array
  owner: Uint8Array
  subaccount: number
  /** 1: it trades every subaccount of the owner. */
  allSubaccounts: number
  /** Last second at which its orders settle. */
  expiryS: TimeS
  /** What its orders may fill in all, at their own limit prices; below 2^48. */
  notionalQuote: Quote
  marketsLow: number
  marketsHigh: number
  maxPositionLots: Lots
  maxOrderNotionalQuote: Quote
}
/** The owner ended it on-chain: `expiryS` is its expiry from then on. */
export type RevokeKey = { kind: 'RevokeKey'; key: Uint8Array; expiryS: TimeS }
/** What the contract logged, once final, in its order: ids rise by one (packages/engine/RULES.md 7). */
export type ChainNotice = {
  kind: 'ChainNotice'
  noticeId: number
  what: NoticeKind
  market: MarketId
  subaccount: number
  owner: Uint8Array
  /** Owner of the backstop's accounts. */
  backstop: Uint8Array
  blockNumber: number
  txHash: Uint8Array
  amountQuote?: Quote
  lots?: Lots
  priceTicks?: Ticks
  feeQuote?: Quote
  fundingIndex?: FundingIndex
  leftQuote?: Quote
  /** Block time until which a batch may serve the request; 0: none may. Of a pause: its end. */
  dueS?: TimeS
  lane?: number
  laneSeq?: number
  feePpm?: Ppm
  isLong?: number
}
/** One publisher's signed prices of one page of 32 markets. */
export type ObservePrice = {
  kind: 'ObservePrice'
  publisher: number
  page: number
  count: number
  publishTimeMs: TimeMs
  signature: Uint8Array
  prices: readonly Ticks[]
}
export type Tick = { kind: 'Tick' }
export type ConfirmBatch = {
  kind: 'ConfirmBatch'
  batchNo: number
  toSeq: Seq
  gasUsed: number
  blockNumber: number
  txHash: Uint8Array
}
export type SetMarketState = { kind: 'SetMarketState'; market: MarketId; state: number }
export type SetWithdrawals = { kind: 'SetWithdrawals'; paused: 0 | 1 }

export type Command =
  | Genesis
  | ListMarket
  | PlaceOrder
  | AmendOrder
  | CancelOrder
  | CancelAll
  | CreditDeposit
  | RequestWithdrawal
  | ObservePrice
  | Tick
  | ConfirmBatch
  | SetMarketState
  | SetWithdrawals
  | PlaceAdvancedOrder
  | Transfer
  | SetLeverage
  | SetAccountMode
  | SetDeadMan
  | SetSelfTradeGroup
  | SetFeeTiers
  | SetMarketRisk
  | SetBackstop
  | FundInsurance
  | SetThrottle
  | ReopenMarket
  | SettleMarket
  | RegisterKey
  | RevokeKey
  | ChainNotice

/** A command with its place in the one order of everything. */
export type Envelope<C extends Command = Command> = { seq: Seq; timeMs: TimeMs; command: C }
