//! What protects the exchange, as history: why accounts were liquidated, and positions that moved without a trade.
import type { AccountId, MarketId } from '@plumb/model'
import { and, eq, sql } from 'drizzle-orm'
import type { Ledger } from './open-ledger.ts'
import { order, type Page, type PageQuery, pageOf, walkOf, within } from './page.ts'
import { liquidations, positionMoves } from './schema.ts'

/**
 * The account's figures right before a step. stage 0 orders cancelled, 1 on the book, 2 backstop, 3 backstop with
 * insurance, 4 auto-deleveraging; `limitTicks` 0 but for stage 1.
 */
export type LiquidationRow = typeof liquidations.$inferSelect

type SafetyQuery = PageQuery & {
  accountId?: AccountId | undefined
  market?: MarketId | undefined
}

/** Of an account, of a market, or of all. @throws RangeError 'cursor' */
export async function listLiquidations(
  ledger: Ledger,
  query: SafetyQuery,
): Promise<Page<LiquidationRow>> {
  const walk = await walkOf(ledger, query)
  const rows = await ledger.db
    .select()
    .from(liquidations)
    .where(and(...ofWhom(liquidations, query), within(walk, liquidations)))
    .orderBy(...order(walk, liquidations.seq, liquidations.leg))
    .limit(walk.limit)
  return pageOf(rows, walk, ({ seq, leg }) => [seq, leg])
}

/**
 * `quote` is what the account received for the lots (negative = paid), `insuranceQuote` what the tranche added,
 * `deficitQuote` what it bore of another's deficit (negative = others bore of its own).
 */
export type PositionMoveRow = Omit<typeof positionMoves.$inferSelect, 'kind'> & {
  kind: 'takeover' | 'adl' | 'settlement'
}

const kindName = sql<PositionMoveRow['kind']>`
  CASE ${positionMoves.kind} WHEN 1 THEN 'takeover' WHEN 2 THEN 'adl' ELSE 'settlement' END`

/** Takeovers, auto-deleveragings and settlements, of an account, of a market, or of all. @throws RangeError 'cursor' */
export async function listPositionMoves(
  ledger: Ledger,
  query: SafetyQuery,
): Promise<Page<PositionMoveRow>> {
  const walk = await walkOf(ledger, query)
  const columns = {
    seq: positionMoves.seq,
    leg: positionMoves.leg,
    timeMs: positionMoves.timeMs,
    kind: kindName,
    accountId: positionMoves.accountId,
    market: positionMoves.market,
    lotsChange: positionMoves.lotsChange,
    priceTicks: positionMoves.priceTicks,
    quote: positionMoves.quote,
    realizedQuote: positionMoves.realizedQuote,
    insuranceQuote: positionMoves.insuranceQuote,
    deficitQuote: positionMoves.deficitQuote,
    counterpartyId: positionMoves.counterpartyId,
    rank: positionMoves.rank,
  }
  const rows = await ledger.db
    .select(columns)
    .from(positionMoves)
    .where(and(...ofWhom(positionMoves, query), within(walk, positionMoves)))
    .orderBy(...order(walk, positionMoves.seq, positionMoves.leg))
    .limit(walk.limit)
  return pageOf(rows, walk, ({ seq, leg }) => [seq, leg])
}

const ofWhom = (
  table: typeof liquidations | typeof positionMoves,
  { accountId, market }: SafetyQuery,
) => [
  accountId === undefined ? undefined : eq(table.accountId, accountId),
  market === undefined ? undefined : eq(table.market, market),
]
