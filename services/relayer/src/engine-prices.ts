//! The engine's marks of this moment with the publishers' signed vectors: what a Prices segment carries.
import {
  type PricesSegment,
  type PriceVector,
  type PriceVectorBody,
  recoverPriceSigner,
} from '@plumb/chain'
import type { MarketId, Ticks, TimeS } from '@plumb/model'
import { exchangeDomain, type RelayerState } from './relayer-state.ts'

const pageMarkets = 32
const ppm = 1_000_000
const publishersMax = 5
/** The contract's own slack beyond L, and what we leave unused of it. */
const priceAgeSlackS = 300
const reserveS = 30

/** Signed prices and the marks that go with them. */
export type PriceSet = {
  vectors: readonly PriceVectorBody[]
  marks: ReadonlyMap<MarketId, Ticks>
}

export type EnginePricesOptions = {
  state: RelayerState
  /** Block time, as far as it can be known. */
  timeS: TimeS
  /** A mark stored for so long is stored anew even where it has not moved. */
  refreshAgeS: number
  /** Prices of now, for what is settled so late that the contract refuses those of its time. */
  fresh: PriceSet | undefined
}

/**
 * A Prices segment that brings the contract's marks of these markets to the engine's, or null when none of them can
 * be quoted or all are there already. Markets with a fixed mark and those the publishers do not (yet) quote are left
 * out.
 */
export const enginePrices = (
  options: EnginePricesOptions,
  markets: Iterable<MarketId>,
): PricesSegment | null => {
  const { state, timeS, refreshAgeS } = options
  const chosen = chooseSet(options)
  const vectors = verified(state, chosen.vectors)
  const marks: { market: MarketId; markTicks: Ticks }[] = []
  for (const id of new Set(markets)) {
    const market = state.twin.market(id)
    const markTicks = chosen.marks.get(id)
    if (market === undefined || market.fixedMark || markTicks === undefined) continue
    if (market.mark === markTicks && timeS - market.markTimeS < refreshAgeS) continue
    const median = medianOf(vectors, id, state.facts.quorum)
    if (median === null) continue
    if (Math.abs(markTicks - median) * ppm > median * Number(market.markBandPpm)) continue
    marks.push({ market: id, markTicks })
  }
  if (marks.length === 0) return null
  const pages = new Set(marks.map(({ market }) => Math.floor(market / pageMarkets)))
  return { kind: 'Prices', vectors: vectors.filter(({ page }) => pages.has(page)), marks }
}

// The prices of the fills' own time, as long as the contract takes them.
const chooseSet = ({ state, timeS, fresh }: EnginePricesOptions): PriceSet => {
  const vectors = [...state.vectors.entries()].map(([, vector]) => vector)
  const own = { vectors, marks: new Map(state.marks.entries()) }
  if (fresh === undefined) return own
  const lagS = state.facts.exchange?.settlementLagS ?? 0
  const oldestMs = (timeS - lagS - priceAgeSlackS + reserveS) * 1_000
  const isTaken = ({ page, publisher, publishTimeMs }: PriceVectorBody) =>
    publishTimeMs >= oldestMs &&
    publishTimeMs >= state.twin.state.publisherTime(page * publishersMax + publisher)
  return vectors.length > 0 && vectors.every(isTaken) ? own : fresh
}

const verified = (state: RelayerState, vectors: readonly PriceVectorBody[]): PriceVector[] => {
  const domain = exchangeDomain(state)
  return vectors.flatMap((vector) => {
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
