//! Numbers of ledger accounts: a trader's cash has the engine's account number, the house's accounts are negative.
import type { AccountId, MarketId } from '@plumb/model'

/** Number of a ledger account (int4 in Postgres). */
export type LedgerAccountId = number

const FUNDING_POOL = -1_000
const INSURANCE = -2_000

/** Balance = credits − debits. Of `external` it is minus what the contract holds for the exchange. */
export const ledgerAccount = {
  external: -1,
  fees: -2,
  pendingWithdrawals: -3,
  trader: (accountId: AccountId): LedgerAccountId => accountId,
  fundingPool: (market: MarketId): LedgerAccountId => FUNDING_POOL - market,
  insurance: (market: MarketId): LedgerAccountId => INSURANCE - market,
} as const

/** What a ledger account is for, by its number. */
export function ledgerAccountKind(
  id: LedgerAccountId,
): 'trader' | 'external' | 'fees' | 'pendingWithdrawals' | 'fundingPool' | 'insurance' {
  if (id >= 0) return 'trader'
  if (id === ledgerAccount.external) return 'external'
  if (id === ledgerAccount.fees) return 'fees'
  if (id === ledgerAccount.pendingWithdrawals) return 'pendingWithdrawals'
  return id > INSURANCE ? 'fundingPool' : 'insurance'
}
