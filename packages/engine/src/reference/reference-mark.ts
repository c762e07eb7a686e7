//! A market's mark, mean mark and volatility at a tick (RULES.md 6.1-6.3).
import { limits } from '@plumb/model'
import { depthOf } from './reference-margin.ts'
import { ceilDiv, clamp, floorDiv, max, median, min, squareRoot } from './reference-math.ts'
import {
  type Average,
  type Emit,
  type ReferenceMarket,
  type ReferenceState,
  riskOf,
  shownOf,
} from './reference-state.ts'

const PPM = 1_000_000n
const D150 = 4_266_429_412n
const D30 = 4_154_161_519n
const WEIGHT_MAX = 1_800

/** Feeds an average; more than 30 s without feeding starts it afresh. */
function feed(s: ReferenceState, average: Average, decay: bigint, x: bigint): bigint {
  const fresh = s.timeMs - average.timeMs > 30_000
  average.n = (fresh ? 0n : floorDiv(average.n * decay, 1n << 32n)) + x * 65_536n
  average.d = (fresh ? 0n : floorDiv(average.d * decay, 1n << 32n)) + 65_536n
  average.timeMs = s.timeMs
  return floorDiv(average.n, average.d)
}

export function updateMark(s: ReferenceState, market: ReferenceMarket, emit: Emit): void {
  const index = BigInt(market.index)
  const band = BigInt(market.markBandPpm)
  const fair = fairPrice(s, market)
  moveWeight(s, market)
  const weight = BigInt(market.bookWeight)
  const whole = BigInt(WEIGHT_MAX)
  const mixed = floorDiv(weight * fair + (whole - weight) * index, whole)
  const lowest = ceilDiv(index * (PPM - band), PPM)
  const highest = min(floorDiv(index * (PPM + band), PPM), BigInt(limits.priceTicksMax))
  const mark = Number(min(max(mixed, lowest), highest))
  if (mark !== market.mark) {
    market.mark = mark
    emit({ kind: 'MarkUpdated', market: market.market, markTicks: mark, indexTicks: market.index })
  }
  const minute = Math.floor(s.timeMs / 60_000)
  const bucket = market.minutes[minute % 5]!
  if (bucket.minute !== minute) Object.assign(bucket, { minute, sum: 0n, count: 0 })
  bucket.sum += BigInt(mark)
  bucket.count++
  const recent = market.minutes.filter((b) => b.count > 0 && minute - b.minute <= 4)
  const sum = recent.reduce((total, b) => total + b.sum, 0n)
  const count = recent.reduce((total, b) => total + b.count, 0)
  market.meanMark = Number(sum / BigInt(count))
}

/** m of 6.1. */
function fairPrice(s: ReferenceState, market: ReferenceMarket): bigint {
  const index = BigInt(market.index)
  const bid = BigInt(market.book.best(0))
  const ask = BigInt(market.book.best(1))
  const last = BigInt(market.last)
  if (bid === 0n || ask === 0n) return index
  const bound = (index * BigInt(market.markBandPpm)) / PPM
  const basis = clamp((bid + ask) / 2n - index, -bound, bound)
  const steady = index + feed(s, market.ema150, D150, basis)
  if (last === 0n) return floorDiv(steady + index, 2n)
  const traded = median(bid, ask, last)
  const recent = index + feed(s, market.ema30, D30, clamp(traded - index, -bound, bound))
  return median(steady, traded, recent)
}

/** The book's own prices count for as much as it has lately been tight. */
function moveWeight(s: ReferenceState, market: ReferenceMarket): void {
  const second = Math.floor(s.timeMs / 1_000)
  const passed = market.markSecond === 0 ? 0 : Math.min(60, second - market.markSecond)
  market.markSecond = second
  const bid = market.book.best(0)
  const ask = market.book.best(1)
  const tight = bid !== 0 && ask !== 0 && 200 * (ask - bid) <= ask + bid
  const weight = market.bookWeight + (tight ? passed : 0 - passed)
  market.bookWeight = Math.min(Math.max(weight, 0), WEIGHT_MAX)
}

/** Once a minute: return, variance, requirement; once an hour: depth. */
export function updateVolatility(s: ReferenceState, market: ReferenceMarket, emit: Emit): void {
  const minute = Math.floor(s.timeMs / 60_000)
  const { volatility, depths } = market
  if (riskOf(market).volatility === 0 || minute === volatility.minute) return
  const newHour = Math.floor(minute / 60) !== Math.floor(volatility.minute / 60)
  const before = BigInt(volatility.index)
  const known = before !== 0n && minute - volatility.minute <= 5
  const ppb = 1_000_000_000n
  const change = known ? (ppb * (BigInt(market.index) - before)) / before : 0n
  const moved = clamp(change, -ppb, ppb)
  const variance = volatility.variance + floorDiv(moved * moved - volatility.variance, 2_048n)
  volatility.variance = min(variance, 1n << 50n)
  volatility.minute = minute
  volatility.index = market.index
  const raw = rawRequirement(volatility.variance)
  if (raw >= volatility.ppm) volatility.ppm = raw
  else if (newHour) volatility.ppm -= Math.floor((volatility.ppm - raw) / 24)
  if (newHour) {
    depths.ring[depths.taken % 24] = min(1n << 50n, min(sideDepth(market, 0), sideDepth(market, 1)))
    depths.taken++
  }
  emit({
    kind: 'VolatilityUpdated',
    market: market.market,
    returnPpb: Number(moved),
    variance: Number(volatility.variance),
    rawPpm: raw,
    volatilityPpm: volatility.ppm,
    depthQuote: Number(depthOf(market) ?? 0n),
  })
}

/** Five standard deviations of half an hour, up to a multiple of 500 ppm. */
function rawRequirement(variance: bigint): number {
  const exact = ceilDiv(5n * squareRoot(30n * variance), 1_000n)
  return Number(min(PPM, ceilDiv(exact, 500n) * 500n))
}

/** What rests within 1 % of the mark on one side. */
function sideDepth(market: ReferenceMarket, side: 0 | 1): bigint {
  let sum = 0n
  for (const order of market.book.orders(side))
    if (Math.abs(order.price - market.mark) * 100 <= market.mark)
      sum += BigInt(order.price) * BigInt(shownOf(order)) * BigInt(market.quotePerTickLot)
  return sum
}
