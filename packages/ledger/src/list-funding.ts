//! Funding: the rates of a market, the payments of an account.
import type { AccountId, MarketId } from '@plumb/model'
import { and, eq } from 'drizzle-orm'
import type { Ledger } from './open-ledger.ts'
import { order, type Page, type PageQuery, pageOf, walkOf, within } from './page.ts'
import { fundingPayments, fundingRates } from './schema.ts'

/** `rateE10`: the 8-hour rate in 1e-10; indexes in 1e-6 micro-USDC per lot. */
export type FundingRateRow = typeof fundingRates.$inferSelect
/** `paymentQuote` positive = the account paid; rate and mark are the newest when it was booked. */
export type FundingPaymentRow = typeof fundingPayments.$inferSelect

/** @throws RangeError 'cursor' */
export async function listFundingRates(
  ledger: Ledger,
  query: PageQuery & { market: MarketId },
): Promise<Page<FundingRateRow>> {
  const walk = await walkOf(ledger, query)
  const rows = await ledger.db
    .select()
    .from(fundingRates)
    .where(and(eq(fundingRates.market, query.market), within(walk, fundingRates)))
    .orderBy(...order(walk, fundingRates.seq, fundingRates.leg))
    .limit(walk.limit)
  return pageOf(rows, walk, ({ seq, leg }) => [seq, leg])
}

/** @throws RangeError 'cursor' */
export async function listFundingPayments(
  ledger: Ledger,
  query: PageQuery & { accountId: AccountId; market?: MarketId | undefined },
): Promise<Page<FundingPaymentRow>> {
  const walk = await walkOf(ledger, query)
  const { accountId, market } = query
  const rows = await ledger.db
    .select()
    .from(fundingPayments)
    .where(
      and(
        eq(fundingPayments.accountId, accountId),
        market === undefined ? undefined : eq(fundingPayments.market, market),
        within(walk, fundingPayments),
      ),
    )
    .orderBy(...order(walk, fundingPayments.seq, fundingPayments.leg))
    .limit(walk.limit)
  return pageOf(rows, walk, ({ seq, leg }) => [seq, leg])
}
