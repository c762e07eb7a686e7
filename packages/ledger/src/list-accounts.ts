//! Traders' accounts: who owns which account number.
import type { AccountId, Quote, TimeMs } from '@plumb/model'
import { and, asc, eq, gte } from 'drizzle-orm'
import type { Ledger } from './open-ledger.ts'
import { accounts, balances } from './schema.ts'

export type AccountRow = {
  accountId: AccountId
  owner: Uint8Array
  subaccount: number
  openedMs: TimeMs
}

const columns = {
  accountId: accounts.accountId,
  owner: accounts.owner,
  subaccount: accounts.subaccount,
  openedMs: accounts.openedMs,
}

type Found = {
  accountId: number
  owner: Uint8Array | null
  subaccount: number | null
  openedMs: number
}

// A trader's account always has both: the table checks it.
const accountOf = ({ owner, subaccount, ...row }: Found): AccountRow => ({
  ...row,
  owner: owner ?? new Uint8Array(20),
  subaccount: subaccount ?? 0,
})

/** The account of an owner's subaccount, once its first deposit was credited. */
export async function findAccount(
  ledger: Ledger,
  owner: Uint8Array,
  subaccount: number,
): Promise<AccountRow | undefined> {
  const rows = await ledger.db
    .select(columns)
    .from(accounts)
    .where(and(eq(accounts.owner, owner), eq(accounts.subaccount, subaccount)))
  return rows.map(accountOf)[0]
}

/** All traders' accounts, by number. */
export async function listAccounts(ledger: Ledger): Promise<AccountRow[]> {
  const rows = await ledger.db
    .select(columns)
    .from(accounts)
    .where(gte(accounts.accountId, 0))
    .orderBy(asc(accounts.accountId))
  return rows.map(accountOf)
}

/** Cash of a trader, micro-USDC; 0 for an account that does not exist. */
export async function balanceOf(ledger: Ledger, accountId: AccountId): Promise<Quote> {
  const rows = await ledger.db
    .select({ balanceQuote: balances.balanceQuote })
    .from(balances)
    .where(eq(balances.accountId, accountId))
  return rows[0]?.balanceQuote ?? 0
}
