//! Who hears what changed in the view.
import type { AccountView, FillView, NoticeView } from './account-view.ts'
import type { BatchView } from './batch-view.ts'
import type { MarketView, TradeView } from './market-view.ts'
import type { OrderView } from './order-view.ts'
import type { SessionKeyView } from './session-keys-view.ts'

/** Hears what changed, in order. Objects are live: what shall stay must be copied. */
export type ViewSink = {
  orderChanged(order: OrderView): void
  filled(account: AccountView, fill: FillView): void
  /** Cash, positions or both moved. `market`: the position that moved. */
  accountChanged(account: AccountView, market: MarketView | null): void
  /** A key was registered, revoked, or is over. */
  sessionKeyChanged(key: SessionKeyView, timeMs: number): void
  noticed(account: AccountView, notice: NoticeView): void
  traded(market: MarketView, trade: TradeView): void
  pricesChanged(market: MarketView): void
  batchSettled(batch: BatchView): void
  statusChanged(): void
  /** All events of one command are applied. */
  commandApplied(seq: number, timeMs: number): void
  /** All commands of one durable group are applied: nothing is crossed or half done. */
  groupApplied(seq: number, timeMs: number): void
}
