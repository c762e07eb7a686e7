//! Commands as objects, for the edges and for tests. The engine reads the binary form.
import type { Market } from './market.ts'
import type { OrderKind, SelfTradePrevention, Side } from './order.ts'
import type {
  AccountId,
  Lots,
  MarketId,
  OrderId,
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
export type RequestWithdrawal = {
  kind: 'RequestWithdrawal'
  accountId: AccountId
  amountQuote: Quote
  lane: number
  laneSeq: number
  expiryS: TimeS
  signer: Uint8Array
  signature: Uint8Array
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

/** A command with its place in the one order of everything. */
export type Envelope<C extends Command = Command> = { seq: Seq; timeMs: TimeMs; command: C }
