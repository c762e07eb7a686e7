//! What the exchange did to an account, as the API tells it.
import { accountNotice, accountNoticeKinds, type EngineEvent } from '@plumb/model'
import type { PendingRows } from './pending-rows.ts'

const NO_MARKET = -1

export function projectNotice({ notices }: PendingRows, event: EngineEvent): void {
  const notice = accountNotice(event)
  if (notice === undefined) return
  const { seq, leg, timeMs } = event
  const { accountId, market, kind, detail } = notice
  notices
    .begin()
    .i64(seq)
    .i32(leg)
    .i64(timeMs)
    .i32(accountId)
    .i16(market ?? NO_MARKET)
    .i16(accountNoticeKinds.indexOf(kind) + 1)
    .text(JSON.stringify(detail))
}
