//! A limit on everything. Exceeding one is a reject with a stable code, never a crash.

/**
 * Why amounts stay exact integers, |x| < 2^53, in plain numbers. A double rounds monotonely and 2^52 is one, so comparing a
 * product or a sum with 2^52 decides as the exact value would, however large it is.
 * - Orders: price × size × q is at most 2^52, so the quote of an order and of each of its fills is exact, and so are fees
 *   (rates below 0.3 %). One side's open orders of an account in a market add up to less than 2^52, else their requirement
 *   counts as infinite.
 * - Accounts: |cash| + Σ(|position value| + |funding due|) is below 2^52 before and after each fill, and wherever something is
 *   opened, withdrawn, transferred or liquidated. So equity and Σ of requirements without orders (none exceeds its notional)
 *   are below 2^53. A mark that moves may lift an account beyond: until it comes back, the account does none of these.
 * - Sums: the positions of a market add up to zero, so cash, fees, funding pools, pending withdrawals and insurance add up to
 *   deposits (at most 2^52) less what was paid: exact as long as what all accounts together owe beyond what they have stays
 *   below 2^52. A transfer moves cash inside that sum.
 * - Rates: a notional times a rate is never formed: `mulDiv` divides first where the product would not fit. A tier's
 *   deduction is at most its bound × its rate, 2^52.
 * - Prices: mark × q is below 2^32 × 2^20. The averages of the mark stay below 2^32 × 10 % × 2^16 × 151, its weighing below
 *   1,800 × 2^33, five minutes of marks below 2^53 for 2^21 of them.
 * - Funding: the index stops at ± 2^52; a payment beyond 2^53 counts as 2^53 − 1, which freezes its account as above.
 * - Volatility: variance and depth at most 2^50; squares and three-factor products are big integers or decided by a bound.
 */
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
