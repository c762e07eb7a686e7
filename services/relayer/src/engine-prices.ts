//! The engine's marks of this moment with the publishers' signed vectors: what a Prices segment carries.
import {
  type PricesSegment,
  type PriceVector,
  type PriceVectorBody,
  recoverPriceSigner,
} from '@plumb/chain'
import type { MarketId, Ticks } from '@plumb/model'
import { exchangeDomain, type RelayerState } from './relayer-state.ts'

const pageMarkets = 32
const ppm = 1_000_000

/**
 * A Prices segment that brings the contract's marks of these markets to the engine's, or null when none of them can
 * be quoted or all are there already. Markets with a fixed mark and those the publishers do not (yet) quote are left
 * out. `timeS`: block time; a mark stored for `refreshAgeS` is stored anew even where it has not moved.
 */
export const enginePrices = (
  state: RelayerState,
  markets: Iterable<MarketId>,
  timeS: number,
  refreshAgeS: number,
): PricesSegment | null => {
  const { quorum } = state.facts
  const vectors = verifiedVectors(state)
  const marks: { market: MarketId; markTicks: Ticks }[] = []
  for (const id of new Set(markets)) {
    const market = state.twin.market(id)
    const markTicks = state.marks.get(id)
    if (market === undefined || market.fixedMark || markTicks === undefined) continue
    if (market.mark === markTicks && timeS - market.markTimeS < refreshAgeS) continue
    const median = medianOf(vectors, id, quorum)
    if (median === null) continue
    if (Math.abs(markTicks - median) * ppm > median * Number(market.markBandPpm)) continue
    marks.push({ market: id, markTicks })
  }
  if (marks.length === 0) return null
  const pages = new Set(marks.map(({ market }) => Math.floor(market / pageMarkets)))
  return { kind: 'Prices', vectors: vectors.filter(({ page }) => pages.has(page)), marks }
}

const verifiedVectors = (state: RelayerState): PriceVector[] => {
  const domain = exchangeDomain(state)
  return [...state.vectors.entries()].flatMap(([, vector]) => {
    const signer = signerOf(domain, vector)
    // A vector nobody registered signed would make the contract refuse the whole batch.
    return signer !== null && signer === state.facts.publishers[vector.publisher]
      ? [{ ...vector, signer }]
      : []
  })
}

const signerOf = (domain: Uint8Array, vector: PriceVectorBody) => {
  const { page, publishTimeMs: timestampMs, prices, signature } = vector
  return recoverPriceSigner(domain, { page, timestampMs, prices }, signature)
}

const medianOf = (vectors: readonly PriceVector[], market: MarketId, quorum: number) => {
  const quotes = vectors
    .filter(({ page }) => page === Math.floor(market / pageMarkets))
    .map(({ prices }) => prices[market % pageMarkets] ?? 0)
    .filter((price) => price !== 0)
    .toSorted((a, b) => a - b)
  if (quotes.length < quorum) return null
  return quotes[Math.floor((quotes.length - 1) / 2)] ?? null
}
