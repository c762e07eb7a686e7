//! The settlement batch as objects: what the relayer builds, the contract settles and the twin predicts.
import {
  type FundingIndex,
  type Lots,
  type MarketId,
  orderKind,
  type Quote,
  type Seq,
  type Side,
  type Ticks,
  type TimeMs,
  type TimeS,
} from '@plumb/model'

/** Owner address as lowercase hex with 0x: compares like the number it is. */
export type Owner = string

/** An order of a Fills segment as it stands on the wire: what was signed, and the two fee rates that applied. */
export type OrderBody = {
  /** EIP-2098, 64 bytes. */
  signature: Uint8Array
  market: MarketId
  subaccount: number
  side: Side
  /** The signed flags byte. */
  flags: number
  kind: number
  /** The limit. */
  priceTicks: Ticks
  /** Signed and on the wire for stop and take-profit orders only; else 0. */
  triggerTicks: Ticks
  sizeLots: Lots
  /** Signed cap, units of 10 ppm. */
  maxFee: number
  lane: number
  laneSeq: number
  expiryS: TimeS
  /** Charged where this order took; units of 10 ppm, 0 … 255. */
  takerFee: number
  /** Charged where it rested; units of 10 ppm, −128 … 127, negative = rebate. */
  makerFee: number
}
/** With the recovered signer, which the wire does not carry. */
export type OrderRecord = OrderBody & { owner: Owner }

/**
 * One fill; `taker` and `maker` are places in the segment's orders. `priceTicks` is the maker's limit, except where the
 * maker reprices (kind 3): there it stands on the wire, inside both limits.
 */
export type FillRecord = { taker: number; maker: number; sizeLots: Lots; priceTicks: Ticks }

export type WithdrawalBody = {
  signature: Uint8Array
  subaccount: number
  amountQuote: Quote
  lane: number
  laneSeq: number
  expiryS: TimeS
}
export type WithdrawalRecord = WithdrawalBody & { owner: Owner }

/** One publisher's signed prices of one page of 32 markets; 0 = no price. */
export type PriceVectorBody = {
  publisher: number
  page: number
  publishTimeMs: TimeMs
  signature: Uint8Array
  prices: readonly Ticks[]
}
export type PriceVector = PriceVectorBody & { signer: Owner }
export type MarkRecord = { market: MarketId; markTicks: Ticks }
/** New cumulative index (absolute), 1e-6 micro-USDC per lot. */
export type FundingRecord = { market: MarketId; fundingIndex: FundingIndex }

export type PricesSegment = {
  kind: 'Prices'
  vectors: readonly PriceVector[]
  marks: readonly MarkRecord[]
}
/** Orders strictly ascending by (owner, subaccount, lane, laneSeq); fills in sequencer order. */
export type FillsSegment = {
  kind: 'Fills'
  orders: readonly OrderRecord[]
  fills: readonly FillRecord[]
}
export type WithdrawalsSegment = {
  kind: 'Withdrawals'
  withdrawals: readonly WithdrawalRecord[]
}
export type FundingSegment = { kind: 'Funding'; updates: readonly FundingRecord[] }
/** Triggered stop and take-profit orders that rest: their lane remembers that they may fill. */
export type ActivationsSegment = { kind: 'Activations'; orders: readonly OrderRecord[] }

/** A signed move of money that stays inside; `to` is a subaccount of the owner, or a market's insurance. */
export type TransferBody = WithdrawalBody & { to: number }
export type TransferRecord = TransferBody & { owner: Owner }
export type TransfersSegment = { kind: 'Transfers'; transfers: readonly TransferRecord[] }
export type InsuranceSegment = { kind: 'Insurance'; transfers: readonly TransferRecord[] }

/** One account's position in one market. */
export type PositionName = { owner: Owner; subaccount: number; market: MarketId }
/** A resting order that takes a part of a liquidated position. */
export type LiquidationFillRecord = { maker: OrderRecord; sizeLots: Lots; priceTicks: Ticks }
export type LiquidationRecord = PositionName & { fills: readonly LiquidationFillRecord[] }
export type LiquidationsSegment = {
  kind: 'Liquidations'
  liquidations: readonly LiquidationRecord[]
}
export type TakeoversSegment = { kind: 'Takeovers'; takeovers: readonly PositionName[] }
/** `deficitQuote`: the counterparty's share of the victim's deficit, micro-USDC. */
export type CounterpartyRecord = {
  owner: Owner
  subaccount: number
  sizeLots: Lots
  deficitQuote: Quote
}
/** Counterparties ascending by (owner, subaccount). */
export type DeleveragingRecord = PositionName & {
  counterparties: readonly CounterpartyRecord[]
}
export type DeleveragingsSegment = {
  kind: 'Deleveragings'
  deleveragings: readonly DeleveragingRecord[]
}
/**
 * For the liquidations, takeovers and deleveragings that follow in this batch: deposits from this id on had not been
 * credited when the engine decided them, and do not count for the victim.
 */
export type CreditedSegment = { kind: 'Credited'; firstUncredited: number }
/** A position of a market that ends, by its owner's account. */
export type AccountRecord = { owner: Owner; subaccount: number }
/** A market ends at `priceTicks`, the same in every segment of it; these accounts' positions are closed at it. */
export type DelistingRecord = {
  market: MarketId
  priceTicks: Ticks
  accounts: readonly AccountRecord[]
}
export type DelistingsSegment = { kind: 'Delistings'; delistings: readonly DelistingRecord[] }
/**
 * What an owner asked for on-chain, carried out in the engine's order: `lots` of a position closed against the backstop at
 * the mark less the fee, or `amountQuote` paid; one of the two is 0. Market 255: a withdrawal of its own.
 */
export type RequestRecord = AccountRecord & { market: number; lots: Lots; amountQuote: Quote }
export type RequestsSegment = { kind: 'Requests'; requests: readonly RequestRecord[] }
/** Stands for no market in a request. */
export const NO_MARKET = 255

export type RiskSegment =
  | DelistingsSegment
  | RequestsSegment
  | CreditedSegment
  | ActivationsSegment
  | TransfersSegment
  | InsuranceSegment
  | LiquidationsSegment
  | TakeoversSegment
  | DeleveragingsSegment
export type Segment =
  | PricesSegment
  | FillsSegment
  | WithdrawalsSegment
  | FundingSegment
  | RiskSegment

/** One batch: segments in sequencer order, and the commitment to the journal it settles. */
export type Batch = {
  /** Last settled batch + 1. */
  batchNo: number
  /** Everything up to this sequence number is settled by this batch. */
  toSeq: Seq
  /** Sequence number the two hashes are of, ≤ toSeq. */
  hashSeq: Seq
  /** 32 bytes. */
  journalHash: Uint8Array
  /** 64 bits. */
  stateHash: bigint
  /** Every segment settles or is skipped by itself (`PairSkipped`); absent: all or nothing. */
  isBestEffort?: boolean
  segments: readonly Segment[]
}

/** Sizes and numbers of the wire format, version 1 (contracts/README.md). */
export const batchFormat = {
  version: 1,
  modeFast: 0,
  modeBestEffort: 1,
  headerBytes: 60,
  segmentHeadBytes: 5,
  orderBytes: 90,
  fillBytes: 9,
  /** Behind an order of kind 1 or 2: its trigger; behind a fill whose maker is of kind 3: its price. */
  ticksBytes: 4,
  withdrawalBytes: 83,
  vectorHeadBytes: 73,
  markBytes: 5,
  fundingBytes: 9,
  transferBytes: 84,
  liquidationHeadBytes: 24,
  quantityBytes: 5,
  takeoverBytes: 22,
  deleveragingHeadBytes: 24,
  counterpartyBytes: 36,
  creditedBytes: 6,
  delistingHeadBytes: 7,
  accountBytes: 21,
  requestBytes: 37,
  segmentKind: {
    Prices: 1,
    Fills: 2,
    Withdrawals: 3,
    Funding: 4,
    Activations: 5,
    Transfers: 6,
    Insurance: 7,
    Liquidations: 8,
    Takeovers: 9,
    Deleveragings: 10,
    Credited: 11,
    Delistings: 12,
    Requests: 13,
  },
} as const

/** Whether an order of this kind carries a trigger. */
export const isConditional = (kind: number): boolean =>
  kind === orderKind.stop || kind === orderKind.takeProfit

/** Order of the table: (owner, subaccount, lane, laneSeq), negative when `a` stands first. */
export function compareOrders(a: OrderRecord, b: OrderRecord): number {
  if (a.owner !== b.owner) return a.owner < b.owner ? -1 : 1
  return a.subaccount - b.subaccount || a.lane - b.lane || a.laneSeq - b.laneSeq
}
