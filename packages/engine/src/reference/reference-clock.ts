//! Prices and time in the reference engine: what the publishers say, and the order of work of a tick (RULES.md 6).
import { closeReason, limits, marketState, type ObservePrice } from '@plumb/model'
import { closeMany } from './reference-close.ts'
import { applyFunding, collectDust, samplePremium } from './reference-funding.ts'
import { forgetKeys } from './reference-keys.ts'
import { liquidate } from './reference-liquidation.ts'
import { updateMark, updateVolatility } from './reference-mark.ts'
import { expiredAt } from './reference-match.ts'
import { median } from './reference-math.ts'
import {
  type Emit,
  INVALID,
  marketsAscending,
  ordersOf,
  type ReferenceMarket,
  type ReferenceState,
  type Refusal,
} from './reference-state.ts'
import { advanceReopening, payOutSettled } from './reference-states.ts'
import { wakeOrders } from './reference-waiting.ts'

const PAGE = limits.pricesPerPage

export function observePrice(s: ReferenceState, c: ObservePrice, emit: Emit): Refusal | undefined {
  if (c.publisher < 0 || c.publisher >= s.publisherCount) return { refuse: 'UNKNOWN_PUBLISHER' }
  const pageExists = c.page >= 0 && c.page * PAGE < s.limits.markets
  const plausible =
    c.count >= 1 &&
    c.count <= PAGE &&
    Number.isSafeInteger(c.publishTimeMs) &&
    c.publishTimeMs <= s.timeMs + 5_000
  if (!pageExists || !plausible) return INVALID
  const key = `${c.publisher}:${c.page}`
  const last = s.publishers.get(key)?.timeMs ?? 0
  if (c.publishTimeMs <= last || s.timeMs - c.publishTimeMs > 10_000)
    return { refuse: 'STALE_PRICE_MESSAGE', limitValue: last }
  const prices = Array.from({ length: PAGE }, (_, i) => (i < c.count ? (c.prices[i] ?? 0) : 0))
  s.publishers.set(key, { timeMs: c.publishTimeMs, prices })
  for (const [i, price] of prices.entries()) {
    const market = s.markets.get(c.page * PAGE + i)
    if (price === 0 || market === undefined || market.fixedIndexTicks !== 0) continue
    if (market.state === marketState.settled) continue
    const fresh: bigint[] = []
    for (let p = 0; p < s.publisherCount; p++) {
      const seen = s.publishers.get(`${p}:${c.page}`)
      const quoted = seen?.prices[i] ?? 0
      if (seen !== undefined && quoted !== 0 && s.timeMs - seen.timeMs <= 10_000)
        fresh.push(BigInt(quoted))
    }
    if (fresh.length < s.quorum) continue
    market.indexTimeMs = s.timeMs
    const index = Number(median(...fresh))
    if (index === market.index) continue
    market.index = index
    emit({
      kind: 'IndexUpdated',
      market: market.market,
      indexTicks: index,
      publisherCount: fresh.length,
    })
  }
  return undefined
}

export function tick(s: ReferenceState, emit: Emit): void {
  const due = [...s.orders.values()].filter((order) => expiredAt(s, order.expiryS))
  closeMany(s, due, closeReason.expired, emit)
  s.sweptS = Math.floor(s.timeMs / 1_000)
  forgetKeys(s)
  for (const account of s.accounts) {
    const switches = [...account.deadMan].toSorted(([a], [b]) => a - b)
    for (const [scope, deadlineMs] of switches) {
      if (deadlineMs === 0 || s.timeMs < deadlineMs) continue
      account.deadMan.set(scope, 0)
      emit({ kind: 'DeadManSet', accountId: account.accountId, deadlineMs: 0, scope })
      const orders = ordersOf(s, account.accountId)
      const meant = orders.filter(({ market }) => scope === 0 || market === scope - 1)
      closeMany(s, meant, closeReason.deadMan, emit)
    }
  }
  const markets = marketsAscending(s)
  for (const market of markets) advance(s, market, emit)
  for (const market of markets) wakeOrders(s, market, emit)
  liquidate(s, emit)
  payOutSettled(s, emit)
}

/** Step 3 of a tick for one market. */
function advance(s: ReferenceState, market: ReferenceMarket, emit: Emit): void {
  if (market.state === marketState.settled) return
  advanceReopening(s, market, emit)
  if (market.fixedIndexTicks !== 0) return
  if (market.index !== 0 && s.timeMs - market.indexTimeMs <= 30_000) {
    updateMark(s, market, emit)
    updateVolatility(s, market, emit)
    const newSample = Math.floor(market.sampleTimeMs / 5_000) !== Math.floor(s.timeMs / 5_000)
    if (newSample && market.state !== marketState.halted) samplePremium(s, market, emit)
  }
  const hour = Math.floor(s.timeMs / 3_600_000)
  if (hour === market.fundingHour) return
  if (market.fundingHour !== 0) applyFunding(market, emit)
  market.fundingHour = hour
  collectDust(s, market, emit)
}
