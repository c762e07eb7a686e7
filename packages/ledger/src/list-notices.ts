//! What the exchange did to an account, as history.
import {
  type AccountId,
  type AccountNoticeKind,
  accountNoticeKinds,
  type MarketId,
} from '@plumb/model'
import { and, eq } from 'drizzle-orm'
import { LedgerError } from './ledger-error.ts'
import type { Ledger } from './open-ledger.ts'
import { order, type Page, type PageQuery, pageOf, walkOf, within } from './page.ts'
import { notices } from './schema.ts'

/** `detail`: fields of the event, in engine units. */
export type NoticeRow = {
  seq: number
  leg: number
  timeMs: number
  accountId: AccountId
  market: MarketId | null
  kind: AccountNoticeKind
  detail: Record<string, number>
}

/** @throws RangeError 'cursor'; LedgerError DIVERGED for a kind of a later version */
export async function listNotices(
  ledger: Ledger,
  query: PageQuery & { accountId: AccountId },
): Promise<Page<NoticeRow>> {
  const walk = await walkOf(ledger, query)
  const rows = await ledger.db
    .select()
    .from(notices)
    .where(and(eq(notices.accountId, query.accountId), within(walk, notices)))
    .orderBy(...order(walk, notices.seq, notices.leg))
    .limit(walk.limit)
  return pageOf(rows.map(noticeOf), walk, ({ seq, leg }) => [seq, leg])
}

function noticeOf({ market, kind, detail, ...row }: typeof notices.$inferSelect): NoticeRow {
  const name = accountNoticeKinds[kind - 1]
  if (name === undefined) throw new LedgerError('DIVERGED', `notice of unknown kind ${kind}`)
  const figures: Record<string, number> = JSON.parse(detail)
  return { ...row, market: market < 0 ? null : market, kind: name, detail: figures }
}
