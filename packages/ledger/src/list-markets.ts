//! Markets as they were listed and as they stand; positions.
import type { AccountId, Market } from '@plumb/model'
import { asc, eq } from 'drizzle-orm'
import type { Ledger } from './open-ledger.ts'
import { markets, positions } from './schema.ts'

/** `state` is a model `marketState`; `fundingRateE10` and `fundingIndex` of the last funding. */
export type MarketRow = Market & {
  state: number
  markTicks: number
  indexTicks: number
  fundingRateE10: number
  fundingIndex: number
  listedMs: number
}

export function listMarkets(ledger: Ledger): Promise<MarketRow[]> {
  return ledger.db.select().from(markets).orderBy(asc(markets.market))
}

/**
 * `entryCostQuote` is signed (+ long); `…Quote` totals are over the account's life in the market (fees and funding
 * positive = paid), `since…` since the position was opened.
 */
export type PositionRow = typeof positions.$inferSelect

/** Positions an account ever had, flat ones too. */
export function listPositions(ledger: Ledger, accountId: AccountId): Promise<PositionRow[]> {
  return ledger.db
    .select()
    .from(positions)
    .where(eq(positions.accountId, accountId))
    .orderBy(asc(positions.market))
}
