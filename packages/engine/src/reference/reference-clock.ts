//! Prices and time in the reference engine: index, mark, premium, funding, expiry (risk.md 1.1-1.4).
import { closeReason, limits, type ObservePrice } from '@plumb/model'
import { abs, ceilDiv, clamp, floorDiv, max, median, min } from './reference-math.ts'
import { closeResting, type Emit, type Refusal } from './reference-orders.ts'
import { allOrders, type ReferenceMarket, type ReferenceState } from './reference-state.ts'

const PAGE = limits.pricesPerPage

export function observePrice(s: ReferenceState, c: ObservePrice, emit: Emit): Refusal | undefined {
  if (c.publisher < 0 || c.publisher >= s.publisherCount) return { refuse: 'UNKNOWN_PUBLISHER' }
  const pageExists = c.page >= 0 && c.page * PAGE < s.limits.markets
  const plausible =
    c.count >= 1 &&
    c.count <= PAGE &&
    Number.isSafeInteger(c.publishTimeMs) &&
    c.publishTimeMs <= s.timeMs + 5_000
  if (!pageExists || !plausible) return { refuse: 'INVALID_PARAMETER' }
  const key = `${c.publisher}:${c.page}`
  const last = s.publishers.get(key)?.timeMs ?? 0
  if (c.publishTimeMs <= last || s.timeMs - c.publishTimeMs > 10_000)
    return { refuse: 'STALE_PRICE_MESSAGE', limitValue: last }
  const prices = Array.from({ length: PAGE }, (_, i) => (i < c.count ? (c.prices[i] ?? 0) : 0))
  s.publishers.set(key, { timeMs: c.publishTimeMs, prices })
  for (const [i, price] of prices.entries()) {
    const market = s.markets.get(c.page * PAGE + i)
    if (price === 0 || market === undefined || market.fixedIndexTicks !== 0) continue
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
  const due = [...allOrders(s)].filter((o) => (o.expiryS - s.lagS) * 1_000 <= s.timeMs)
  for (const order of due.toSorted((a, b) => a.orderId - b.orderId))
    closeResting(s, order, closeReason.expired, emit)
  s.sweptS = Math.floor(s.timeMs / 1_000)
  const hour = Math.floor(s.timeMs / 3_600_000)
  for (const market of [...s.markets.values()].toSorted((a, b) => a.market - b.market)) {
    if (market.fixedIndexTicks !== 0) continue
    if (market.index !== 0 && s.timeMs - market.indexTimeMs <= 30_000) {
      updateMark(s, market, emit)
      if (Math.floor(market.sampleTimeMs / 5_000) !== Math.floor(s.timeMs / 5_000))
        samplePremium(s, market, emit)
    }
    if (hour === market.fundingHour) continue
    if (market.fundingHour !== 0) applyFunding(market, emit)
    market.fundingHour = hour
  }
}

function updateMark(s: ReferenceState, market: ReferenceMarket, emit: Emit): void {
  const index = BigInt(market.index)
  const band = BigInt(market.markBandPpm)
  const bid = BigInt(market.book.best(0))
  const ask = BigInt(market.book.best(1))
  const last = BigInt(market.last)
  const parts = [index]
  if (bid > 0n && ask > 0n) {
    const bound = (index * band) / 1_000_000n
    const basis = clamp((bid + ask) / 2n - index, -bound, bound)
    const restart = s.timeMs - market.emaTimeMs > 30_000
    const decay = 4_266_429_412n
    market.emaN = (restart ? 0n : floorDiv(market.emaN * decay, 1n << 32n)) + basis * 65_536n
    market.emaD = (restart ? 0n : floorDiv(market.emaD * decay, 1n << 32n)) + 65_536n
    market.emaTimeMs = s.timeMs
    parts.push(index + floorDiv(market.emaN, market.emaD))
    if (last > 0n) parts.push(median(bid, ask, last))
  }
  const middle = parts.length === 2 ? ((parts[0] ?? 0n) + (parts[1] ?? 0n)) / 2n : median(...parts)
  const lowest = ceilDiv(index * (1_000_000n - band), 1_000_000n)
  const highest = min(floorDiv(index * (1_000_000n + band), 1_000_000n), 4_294_967_295n)
  const mark = Number(min(max(middle, lowest), highest))
  if (mark === market.mark) return
  market.mark = mark
  emit({ kind: 'MarkUpdated', market: market.market, markTicks: mark, indexTicks: market.index })
}

/** (impact price − index)/index of one side in 1e-10, toward zero; undefined if the side cannot fill the amount. */
function impactDistance(market: ReferenceMarket, side: 0 | 1): bigint | undefined {
  const q = BigInt(market.quotePerTickLot)
  const wanted = ceilDiv(500_000_000n * 10_000n, BigInt(market.imBps))
  const levels = new Map<number, bigint>()
  for (const { price, remaining } of market.book.orders(side))
    levels.set(price, (levels.get(price) ?? 0n) + BigInt(remaining))
  let lots = 0n
  let quote = 0n
  for (const [ticks, size] of levels) {
    const price = BigInt(ticks)
    if (quote + price * size * q >= wanted) {
      const top = wanted * price
      const bottom = lots * price * q + wanted - quote
      const index = BigInt(market.index)
      return (10_000_000_000n * (top - index * bottom)) / (index * bottom)
    }
    lots += size
    quote += price * size * q
  }
  return undefined
}

function samplePremium(s: ReferenceState, market: ReferenceMarket, emit: Emit): void {
  const bid = impactDistance(market, 0) ?? 0n
  const ask = impactDistance(market, 1) ?? 0n
  const premium = clamp(max(0n, bid) - max(0n, -ask), -10_000_000_000n, 10_000_000_000n)
  const gap = s.timeMs - market.sampleTimeMs
  if (gap <= 30_000) market.sampledMs += gap
  market.sampleTimeMs = s.timeMs
  market.premiumSum += premium
  market.premiumCount++
  market.lastPremium = premium
  emit({
    kind: 'PremiumSampled',
    market: market.market,
    premium: Number(premium),
    predictedRate: Number(rateOf(market)),
    sampleCount: market.premiumCount,
  })
}

function rateOf(market: ReferenceMarket): bigint {
  if (market.premiumCount === 0) return 0n
  const mean = market.premiumSum / BigInt(market.premiumCount)
  const raw = mean + clamp(1_000_000n - mean, -5_000_000n, 5_000_000n)
  const cap = min(BigInt(market.mmBps) * 75n, 320_000n) * 10_000n
  return clamp(raw, -cap, cap)
}

function applyFunding(market: ReferenceMarket, emit: Emit): void {
  if (market.premiumCount === 0) return
  const rate = rateOf(market)
  const seconds = Math.min(Math.floor(market.sampledMs / 1_000), 3_600)
  const unit = BigInt(market.index) * BigInt(market.quotePerTickLot)
  const moved = (rate * BigInt(seconds) * unit) / (28_800n * 10_000n)
  const before = market.fundingIndex
  const bound = 1n << 52n
  market.fundingIndex =
    abs(before + moved) > bound ? clamp(before + moved, -bound, bound) : before + moved
  market.lastRate = rate
  market.premiumSum = 0n
  market.premiumCount = 0
  market.sampledMs = 0
  emit({
    kind: 'FundingApplied',
    market: market.market,
    rate: Number(rate),
    deltaIndex: Number(market.fundingIndex - before),
    fundingIndex: Number(market.fundingIndex),
    indexTicks: market.index,
    intervalS: seconds,
  })
}
