//! What one command of the feed asks of the chain, in the order it happened.
import type {
  DeleveragingRecord,
  DelistingRecord,
  LiquidationRecord,
  MatchedFill,
  OrderRecord,
  PositionName,
  PriceVectorBody,
  RequestRecord,
  TransferRecord,
  TwinSessionKey,
  WithdrawalRecord,
} from '@plumb/chain'
import type { FundingIndex, Market, MarketId, Quote, Seq, Ticks, TimeMs } from '@plumb/model'
import type { AccountName } from './order-store.ts'

/** One fill: both orders as they were live at that moment, and the rates that applied. */
export type FillStep = { kind: 'fill'; seq: Seq } & MatchedFill
export type WithdrawalStep = { kind: 'withdrawal'; seq: Seq; withdrawal: WithdrawalRecord }
/** Money that stays inside: to another subaccount, or into a market's insurance. */
export type TransferStep = {
  kind: 'transfer' | 'insurance'
  seq: Seq
  transfer: TransferRecord
}
/** New cumulative index, absolute. */
export type FundingStep = {
  kind: 'funding'
  seq: Seq
  market: MarketId
  fundingIndex: FundingIndex
}
/** Nobody holds the market any more: what rounding left in its funding pool is its insurance's. */
export type DustStep = { kind: 'dust'; seq: Seq; market: MarketId }
/** A stop or take-profit order was reached by the mark and rests, or works on, without having filled. */
export type ActivationStep = { kind: 'activation'; seq: Seq; order: OrderRecord }
/** One account's position closed into the book, in one command. */
export type LiquidationStep = { kind: 'liquidation'; seq: Seq; liquidation: LiquidationRecord }
export type TakeoverStep = {
  kind: 'takeover'
  seq: Seq
  position: PositionName
  backstop: AccountName
}
export type DeleveragingStep = {
  kind: 'deleveraging'
  seq: Seq
  deleveraging: DeleveragingRecord
}
/** The engine's mark moved: nothing to settle by itself. */
export type MarkStep = { kind: 'mark'; seq: Seq; market: MarketId; markTicks: Ticks }
/** A publisher's newest signed prices: nothing to settle by themselves. */
export type VectorStep = { kind: 'vector'; seq: Seq; timeMs: TimeMs; vector: PriceVectorBody }
/** The engine credited what the contract holds already. */
type DepositStep = {
  kind: 'deposit'
  seq: Seq
  owner: string
  subaccount: number
  amountQuote: Quote
  depositId: number
}
type ListingStep = { kind: 'listing'; seq: Seq; market: Market }

/** The engine has heard of a session key that the contract knows. */
type KeyStep = { kind: 'key'; seq: Seq; key: string; terms: TwinSessionKey }
/** It has heard that the key ends. */
type KeyEndStep = { kind: 'keyEnd'; seq: Seq; key: string; expiryS: number }
/** An owner asks for something on-chain, in place of what he asked for before: nothing to settle by itself. */
export type RequestStep = AccountName & {
  kind: 'request'
  seq: Seq
  market: number
  amountQuote: Quote
  lots: number
  isLong: boolean
  untilS: number
}
/** The engine has carried out what was asked for. */
export type ServedStep = { kind: 'served'; seq: Seq; request: RequestRecord }
/** The contract has paid a claim outside of batches. */
export type ClaimedStep = AccountName & { kind: 'claimed'; seq: Seq; amountQuote: Quote }
/** The contract has reduced a position, or had it taken over, outside of batches. */
export type ReducedStep = {
  kind: 'reduced'
  seq: Seq
  position: PositionName
  lots: number
  quote: Quote
  fundingIndex: FundingIndex
  /** Whose lots they are now: a subaccount of the backstop's owner. */
  taker: number
  insuredQuote: Quote
}
/** The contract has other margins. */
type MarginsStep = { kind: 'margins'; seq: Seq; market: MarketId; imBps: number; mmBps: number }
/** The log is followed up to a notice of this block. */
type NoticedStep = { kind: 'noticed'; seq: Seq; blockNumber: number }
/** A market ends, or positions of one that has ended close. */
export type DelistingStep = { kind: 'delisting'; seq: Seq; delisting: DelistingRecord }

/** How hard the engine throttles new orders from here on: nothing to settle. */
export type ThrottleStep = { kind: 'throttle'; seq: Seq; level: number; minNotionalQuote: Quote }

/** Steps that the risk extension settles, judged at the engine's own marks of that moment. */
export type RiskStep =
  | ActivationStep
  | TransferStep
  | ServedStep
  | DelistingStep
  | LiquidationStep
  | TakeoverStep
  | DeleveragingStep

export type SettlementStep =
  | FillStep
  | WithdrawalStep
  | FundingStep
  | DustStep
  | RiskStep
  | MarkStep
  | VectorStep
  | ThrottleStep
  | RequestStep
  | ClaimedStep
  | ReducedStep
  | MarginsStep
  | NoticedStep
  | DepositStep
  | ListingStep
  | KeyStep
  | KeyEndStep
