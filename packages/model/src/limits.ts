//! A limit on everything. Exceeding one is a reject with a stable code, never a crash.

export const limits = {
  /** Largest price in ticks (u32 in the signed order's wire form). */
  priceTicksMax: 4_294_967_295,
  /** Largest size of one order in lots (u40 on the wire). */
  sizeLotsMax: 1_099_511_627_775,
  /** Largest notional of one order and of one position, micro-USDC (2^52). */
  notionalQuoteMax: 4_503_599_627_370_496,
  /** Bound of every cash balance and of the sum of all deposits, micro-USDC (2^53 - 1). */
  cashQuoteMax: 9_007_199_254_740_991,
  /** Markets on one exchange (bits of the account's open-market word). */
  marketsMax: 64,
  /** Subaccounts of one owner. */
  subaccountsMax: 256,
  /** Lanes of one account; also the most orders it can have open. */
  lanesPerAccountMax: 1_024,
  /** Client order ids remembered for each account beyond the open ones. */
  clientIdsRememberedPerAccount: 1_024,
  /** Characters (ASCII, 0x21 … 0x7e) of a client order id. */
  clientOrderIdLengthMax: 36,
  /** A lane at this sequence number is spent. */
  laneSeqMax: 4_294_967_295,
  /** Fee cap of one order, units of 10 ppm (u8 on the wire). */
  maxFeeMax: 255,
  /** Characters of a market symbol. */
  symbolLengthMax: 16,
  /** Price publishers registered at genesis. */
  publishersMax: 5,
  /** Markets whose prices one publisher message carries (a page). */
  pricesPerPage: 32,
  /** Fills of one command; what is left of the order is then cancelled. One settlement transaction holds them all. */
  fillsPerCommandMax: 500,
} as const
