//! Numbers of ledger accounts: a trader's cash has the engine's account number, the house's accounts are negative.
import type { AccountId, MarketId } from '@plumb/model'

/** Number of a ledger account (int4 in Postgres). */
export type LedgerAccountId = number

const FUNDING_POOL = -1_000
const INSURANCE = -2_000
const BAD_DEBT = -3_000
const CLEARING = -4_000

/**
 * Balance = credits − debits. Of `external` it is minus what the contract holds for the exchange, of `badDebt` minus
 * the deficits that nobody bore, of `clearing` the worth of a delisted market's positions that are still to be settled.
 */
export const ledgerAccount = {
  external: -1,
  fees: -2,
  pendingWithdrawals: -3,
  trader: (accountId: AccountId): LedgerAccountId => accountId,
  fundingPool: (market: MarketId): LedgerAccountId => FUNDING_POOL - market,
  insurance: (market: MarketId): LedgerAccountId => INSURANCE - market,
  badDebt: (market: MarketId): LedgerAccountId => BAD_DEBT - market,
  clearing: (market: MarketId): LedgerAccountId => CLEARING - market,
} as const

export type LedgerAccountKind =
  | 'trader'
  | 'external'
  | 'fees'
  | 'pendingWithdrawals'
  | 'fundingPool'
  | 'insurance'
  | 'badDebt'
  | 'clearing'

/** What a ledger account is for, by its number. */
export function ledgerAccountKind(id: LedgerAccountId): LedgerAccountKind {
  if (id >= 0) return 'trader'
  if (id === ledgerAccount.external) return 'external'
  if (id === ledgerAccount.fees) return 'fees'
  if (id === ledgerAccount.pendingWithdrawals) return 'pendingWithdrawals'
  if (id > INSURANCE) return 'fundingPool'
  if (id > BAD_DEBT) return 'insurance'
  return id > CLEARING ? 'badDebt' : 'clearing'
}
