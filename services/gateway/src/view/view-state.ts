//! What the followers of events share: the exchange by number, and the failure that ends it.
import type { EngineEvent } from '@plumb/model'
import type { AccountView } from './account-view.ts'
import { BatchesView } from './batch-view.ts'
import type { MarketView } from './market-view.ts'
import type { OrderView } from './order-view.ts'
import { PendingWithdrawals } from './pending-withdrawals.ts'
import { SessionKeysView } from './session-keys-view.ts'
import { SettlementView } from './settlement-view.ts'
import type { ViewSink } from './view-sink.ts'

export type EventOf<K extends EngineEvent['kind']> = Extract<EngineEvent, { kind: K }>

/** Raised on a feed that cannot be of this exchange: the gateway must not serve it. */
export class ViewError extends Error {
  override readonly name = 'ViewError'
}

/** Fee tiers 0 … 7: volume needed (micro-USDC) and what is taken off the market's rates (10 ppm). */
export type FeeTierView = { volumeQuote: number; takerOff: number; makerOff: number }

/** Closed orders remembered in all, of every account: the latest. */
const CLOSED_ORDERS_KEPT = 65_536

export class ViewState {
  readonly markets = new Map<number, MarketView>()
  readonly accounts = new Map<number, AccountView>()
  readonly batches = new BatchesView()
  readonly keys = new SessionKeysView()
  readonly settlement = new SettlementView()
  readonly withdrawals = new PendingWithdrawals()
  feeTiers: FeeTierView[] = []
  throttle = { level: 0, minNotionalQuote: 0 }
  withdrawalsPaused = false
  sink: ViewSink | null = null
  /** In the order they closed, from `#firstClosed` on; nothing before, so that nothing holds what is forgotten. */
  #closed: (OrderView | undefined)[] = []
  #firstClosed = 0

  orderClosed(order: OrderView): void {
    this.#closed.push(order)
  }

  /** Forgets the oldest closed orders beyond what is kept; only once nobody asks for those of a group any more. */
  forgetClosed(): void {
    while (this.#closed.length - this.#firstClosed > CLOSED_ORDERS_KEPT) {
      const oldest = this.#closed[this.#firstClosed]
      this.#closed[this.#firstClosed++] = undefined
      oldest?.owner.forgetOrder(oldest)
    }
    if (this.#firstClosed < CLOSED_ORDERS_KEPT) return
    this.#closed = this.#closed.slice(this.#firstClosed)
    this.#firstClosed = 0
  }

  market(id: number): MarketView {
    const market = this.markets.get(id)
    if (market === undefined) throw new ViewError(`event of unknown market ${id}`)
    return market
  }

  account(id: number): AccountView {
    const account = this.accounts.get(id)
    if (account === undefined) throw new ViewError(`event of unknown account ${id}`)
    return account
  }
}
