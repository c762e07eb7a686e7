//! The twin of PriceSegment.sol.
import type { PricesSegment, PriceVector } from './batch.ts'
import type { BatchCodeName } from './generated/batch-code.ts'
import { type SegmentError, type SettlementState, zeroOwner } from './settlement-state.ts'

const PUBLISHERS_MAX = 5
const PAGES = 2
const PAGE_MARKETS = 32
const CLOCK_DRIFT_MS = 15_000
const PRICE_AGE_SLACK_S = 300
const PPM = 1_000_000n

/** Applies a Prices segment, or says why the contract refuses it. */
export function settlePrices(
  state: SettlementState,
  segment: PricesSegment,
  timeS: number,
): SegmentError | null {
  const seen = new Set<number>()
  for (const [index, vector] of segment.vectors.entries()) {
    const code = checkVector(state, vector, timeS)
    if (code !== null) return { code, index }
    const key = timeKey(vector)
    if (seen.has(key)) return { code: 'DUPLICATE_VECTOR', index }
    seen.add(key)
  }
  for (const [index, { market: id, markTicks }] of segment.marks.entries()) {
    const market = state.market(id)
    if (market === undefined) return { code: 'UNKNOWN_MARKET', index }
    if (market.fixedMark) return { code: 'FIXED_MARK', index }
    const median = medianOf(segment.vectors, id, state.quorum)
    if (median === null) return { code: 'TOO_FEW_PRICES', index }
    const distance = BigInt(Math.abs(markTicks - median))
    if (markTicks === 0 || distance * PPM > BigInt(median) * market.markBandPpm)
      return { code: 'MARK_OUT_OF_BAND', index }
    state.setMarket(id, { ...market, mark: markTicks, markTimeS: timeS })
    state.noteMark(id, markTicks)
  }
  return null
}

const timeKey = ({ page, publisher }: PriceVector): number => page * PUBLISHERS_MAX + publisher

function checkVector(
  state: SettlementState,
  vector: PriceVector,
  timeS: number,
): BatchCodeName | null {
  if (vector.publisher >= PUBLISHERS_MAX) return 'UNKNOWN_PUBLISHER'
  if (vector.page >= PAGES || vector.prices.length > PAGE_MARKETS) return 'INVALID_PAGE'
  const nowMs = timeS * 1000
  if (vector.publishTimeMs > nowMs + CLOCK_DRIFT_MS) return 'PRICE_IN_FUTURE'
  const ageMaxMs = (state.genesis.settlementLagS + PRICE_AGE_SLACK_S) * 1000
  if (vector.publishTimeMs + ageMaxMs < nowMs) return 'PRICE_TOO_OLD'
  if (vector.publishTimeMs < state.publisherTime(timeKey(vector))) return 'PRICE_OLDER_THAN_LAST'
  if (vector.signer === zeroOwner) return 'INVALID_SIGNATURE'
  if (vector.signer !== state.publishers[vector.publisher]) return 'UNKNOWN_PUBLISHER'
  state.setPublisherTime(timeKey(vector), vector.publishTimeMs)
  return null
}

// Lower middle of what was quoted for one market, or null below the quorum.
function medianOf(vectors: readonly PriceVector[], market: number, quorum: number): number | null {
  const quotes = vectors
    .filter(({ page }) => page === Math.floor(market / PAGE_MARKETS))
    .map(({ prices }) => prices[market % PAGE_MARKETS] ?? 0)
    .filter((price) => price !== 0)
    .toSorted((a, b) => a - b)
  if (quotes.length < quorum) return null
  return quotes[Math.floor((quotes.length - 1) / 2)] ?? null
}
