//! The settlement batch as objects: what the relayer builds, the contract settles and the twin predicts.
import type {
  FundingIndex,
  Lots,
  MarketId,
  Quote,
  Seq,
  Side,
  Ticks,
  TimeMs,
  TimeS,
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
  priceTicks: Ticks
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

/** One fill at the maker's limit; `taker` and `maker` are places in the segment's orders. */
export type FillRecord = { taker: number; maker: number; sizeLots: Lots }

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
export type Segment = PricesSegment | FillsSegment | WithdrawalsSegment | FundingSegment

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
  segments: readonly Segment[]
}

/** Sizes and numbers of the wire format, version 1 (contracts/README.md). */
export const batchFormat = {
  version: 1,
  modeFast: 0,
  headerBytes: 60,
  segmentHeadBytes: 5,
  orderBytes: 90,
  fillBytes: 9,
  withdrawalBytes: 83,
  vectorHeadBytes: 73,
  markBytes: 5,
  fundingBytes: 9,
  segmentKind: { Prices: 1, Fills: 2, Withdrawals: 3, Funding: 4 },
} as const

/** Order of the table: (owner, subaccount, lane, laneSeq), negative when `a` stands first. */
export function compareOrders(a: OrderRecord, b: OrderRecord): number {
  if (a.owner !== b.owner) return a.owner < b.owner ? -1 : 1
  return a.subaccount - b.subaccount || a.lane - b.lane || a.laneSeq - b.laneSeq
}
