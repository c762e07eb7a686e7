//! What the followers of events share: the exchange by number, and the failure that ends it.
import type { EngineEvent } from '@plumb/model'
import type { AccountView } from './account-view.ts'
import { BatchesView } from './batch-view.ts'
import type { MarketView } from './market-view.ts'
import { SessionKeysView } from './session-keys-view.ts'
import type { ViewSink } from './view-sink.ts'

export type EventOf<K extends EngineEvent['kind']> = Extract<EngineEvent, { kind: K }>

/** Raised on a feed that cannot be of this exchange: the gateway must not serve it. */
export class ViewError extends Error {
  override readonly name = 'ViewError'
}

/** Fee tiers 0 … 7: volume needed (micro-USDC) and what is taken off the market's rates (10 ppm). */
export type FeeTierView = { volumeQuote: number; takerOff: number; makerOff: number }

export class ViewState {
  readonly markets = new Map<number, MarketView>()
  readonly accounts = new Map<number, AccountView>()
  readonly batches = new BatchesView()
  readonly keys = new SessionKeysView()
  feeTiers: FeeTierView[] = []
  throttle = { level: 0, minNotionalQuote: 0 }
  withdrawalsPaused = false
  sink: ViewSink | null = null

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
