//! Premium samples, the hourly funding index, and what rounding leaves (RULES.md 3, risk.md 1.3-1.4).
import { abs, ceilDiv, clamp, max, min } from './reference-math.ts'
import { type Emit, type ReferenceMarket, type ReferenceState, shownOf } from './reference-state.ts'

/** (impact price − index)/index of one side in 1e-10, toward zero; undefined if the side cannot fill the amount. */
function impactDistance(market: ReferenceMarket, side: 0 | 1): bigint | undefined {
  const q = BigInt(market.quotePerTickLot)
  const wanted = ceilDiv(500_000_000n * 10_000n, BigInt(market.imBps))
  const levels = new Map<number, bigint>()
  for (const order of market.book.orders(side))
    levels.set(order.price, (levels.get(order.price) ?? 0n) + BigInt(shownOf(order)))
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

export function samplePremium(s: ReferenceState, market: ReferenceMarket, emit: Emit): void {
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

export function applyFunding(market: ReferenceMarket, emit: Emit): void {
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

/** Without a position nobody has a claim on the pool any more: its dust is the insurance tranche's. */
export function collectDust(s: ReferenceState, market: ReferenceMarket, emit: Emit): void {
  const held = s.accounts.some(({ positions }) => positions.has(market.market))
  const amount = market.pool
  if (held || amount === 0n) return
  market.pool = 0n
  market.tranche += amount
  emit({
    kind: 'DustCollected',
    market: market.market,
    amountQuote: Number(amount),
    trancheQuote: Number(market.tranche),
  })
}
