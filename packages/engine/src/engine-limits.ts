//! How much one engine holds. Memory is allocated once; what does not fit is refused with CAPACITY.

export type EngineLimits = {
  /** Accounts (owner, subaccount). */
  accounts: number
  /** Markets, at most 64. */
  markets: number
  /** Orders on all books together, at most 2^20 (the slot bits of an order id). */
  openOrders: number
  /** Orders one account can have open. */
  ordersPerAccount: number
  /** (account, market) pairs with a position or an open order; what the chain has done may take more, `chainPositions`. */
  positions: number
  /** Pages of 1,024 prices with at least one resting order, over all markets. */
  pages: number
  /** Ranges of 2^21 prices with at least one resting order, over all markets. */
  pageDirectories: number
  /** Blocks of 16 lanes above lane 15 that accounts have ever used one of (lanes 0 … 15 are every account's own). */
  lanePages: number
  /** Client order ids remembered, open ones included; more than `openOrders`. */
  clientIds: number
  /** Withdrawals accepted and not yet confirmed paid. */
  pendingWithdrawals: number
  /** Session keys known and not yet over. */
  sessionKeys: number
}

/**
 * Pairs beyond `positions` that only what the chain has done already may take (RULES.md 7): one for each account, and in each
 * market one for either backstop.
 */
export const chainPositions = ({ accounts, markets }: EngineLimits): number =>
  accounts + 2 * markets

/** Enough for a devnet and its tests: about 150 MiB of address space, of which only what is used becomes resident. */
export const defaultLimits: EngineLimits = {
  accounts: 4_096,
  markets: 64,
  openOrders: 131_072,
  ordersPerAccount: 1_024,
  positions: 32_768,
  pages: 4_096,
  pageDirectories: 512,
  lanePages: 32_768,
  clientIds: 196_608,
  pendingWithdrawals: 65_536,
  sessionKeys: 65_536,
}
