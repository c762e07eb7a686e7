//! What one command of the feed asks of the chain, in the order it happened.
import type { MatchedFill, PriceVectorBody, WithdrawalRecord } from '@plumb/chain'
import type { FundingIndex, Market, MarketId, Quote, Seq, Ticks } from '@plumb/model'

/** One fill: both orders as they were live at that moment, and the rates that applied. */
export type FillStep = { kind: 'fill'; seq: Seq } & MatchedFill
export type WithdrawalStep = { kind: 'withdrawal'; seq: Seq; withdrawal: WithdrawalRecord }
/** New cumulative index, absolute. */
export type FundingStep = {
  kind: 'funding'
  seq: Seq
  market: MarketId
  fundingIndex: FundingIndex
}
/** The engine's mark moved: nothing to settle by itself. */
export type MarkStep = { kind: 'mark'; seq: Seq; market: MarketId; markTicks: Ticks }
/** A publisher's newest signed prices: nothing to settle by themselves. */
export type VectorStep = { kind: 'vector'; seq: Seq; vector: PriceVectorBody }
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

export type SettlementStep =
  | FillStep
  | WithdrawalStep
  | FundingStep
  | MarkStep
  | VectorStep
  | DepositStep
  | ListingStep
