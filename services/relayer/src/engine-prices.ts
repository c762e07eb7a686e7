//! The engine's marks of this moment with the publishers' signed vectors: what a Prices segment carries.
import {
  type MarkRecord,
  type PricesSegment,
  type PriceVector,
  type PriceVectorBody,
  recoverPriceSigner,
} from '@plumb/chain'
import { limits, type MarketId, type TimeS } from '@plumb/model'
import { type PriceBook, pageOf, priceIn, type QuotedMark } from './price-book.ts'
import { exchangeDomain, type RelayerState } from './relayer-state.ts'

const ppm = 1_000_000
/** The contract's own slack beyond L, and what we leave unused of it. */
const priceAgeSlackS = 300
const reserveS = 30

export type EnginePricesOptions = {
  state: RelayerState
  /** Block time, as far as it can be known. */
  timeS: TimeS
  /** A mark stored for so long is stored anew even where it has not moved. */
  refreshAgeS: number
  /** Prices of now, for what is settled so late that the contract refuses those of its time. */
  fresh: PriceBook | undefined
}

type Quoted = QuotedMark & { market: MarketId }

/**
 * Prices segments that bring the contract's marks of these markets to the engine's; none when no market can be quoted or
 * all are there already. Markets with a fixed mark and those the publishers do not (yet) quote are left out. Marks taken
 * from different vectors come one after the other, the older first: once the newer are on-chain the older never can be.
 */
export const enginePrices = (
  options: EnginePricesOptions,
  markets: Iterable<MarketId>,
): PricesSegment[] => {
  const wanted = [...new Set(markets)].flatMap((market) => quote(options, market) ?? [])
  const found = [...wanted, ...lastChances(options, wanted)]
  const rounds = new Map<number, Map<string, Quoted[]>>()
  for (const page of new Set(found.map(({ market }) => pageOf(market)))) {
    const ofPage = found.filter(({ market }) => pageOf(market) === page)
    const sets = new Map<string, Quoted[]>()
    for (const quoted of ofPage.toSorted(byAge)) {
      const key = keyOf(quoted.vectors)
      sets.set(key, [...(sets.get(key) ?? []), quoted])
    }
    for (const [round, [key, set]] of [...sets].entries())
      rounds.set(
        round,
        (rounds.get(round) ?? new Map<string, Quoted[]>()).set(`${page}/${key}`, set),
      )
  }
  return [...rounds.values()].flatMap((sets) => segmentOf(options.state, [...sets.values()]) ?? [])
}

// Each publisher's vectors only become newer: the first that differs tells which set was formed first.
const byAge = (a: QuotedMark, b: QuotedMark): number => {
  for (const { publisher, publishTimeMs } of a.vectors) {
    const other = b.vectors.find((vector) => vector.publisher === publisher)
    if (other !== undefined && other.publishTimeMs !== publishTimeMs)
      return publishTimeMs - other.publishTimeMs
  }
  return 0
}

const keyOf = (vectors: readonly PriceVectorBody[]): string =>
  vectors.map(({ publisher, publishTimeMs }) => `${publisher}@${publishTimeMs}`).join()

// Markets that stand still on the same page, their newest mark not on-chain: what is about to be sent would outdate it.
const lastChances = (options: EnginePricesOptions, wanted: readonly Quoted[]): Quoted[] => {
  const { state } = options
  const found: Quoted[] = []
  for (const page of new Set(wanted.map(({ market }) => pageOf(market)))) {
    const ofPage = wanted.filter(({ market }) => pageOf(market) === page)
    for (const [market, { markTicks }] of state.prices.marks.entries()) {
      const known = state.twin.market(market)
      if (pageOf(market) !== page || known === undefined) continue
      if (known.mark === markTicks || ofPage.some((quoted) => quoted.market === market)) continue
      const quoted = quote(options, market)
      if (quoted !== undefined && ofPage.some((newer) => byAge(quoted, newer) < 0))
        found.push(quoted)
    }
  }
  return found
}

const quote = (options: EnginePricesOptions, id: MarketId): Quoted | undefined => {
  const { state, timeS, refreshAgeS } = options
  const market = state.twin.market(id)
  const own = state.prices.marks.get(id)
  if (market === undefined || market.fixedMark || own === undefined) return undefined
  const { markTicks } = own
  if (market.mark === markTicks && timeS - market.markTimeS < refreshAgeS) return undefined
  // The prices of the mark's own time; those of its market's newest index, if it still stands there; those of now.
  const renewed = { markTicks, vectors: state.prices.bases.get(id) ?? [] }
  const late = options.fresh?.marks.get(id)
  const quoted = [own, renewed, late].find((one) => one !== undefined && isTaken(options, id, one))
  if (quoted === undefined) return undefined
  return { ...quoted, market: id }
}

// Whether the contract takes the mark with these vectors: neither too old nor outdated, near their median.
const isTaken = (
  { state, timeS }: EnginePricesOptions,
  id: MarketId,
  { markTicks, vectors }: QuotedMark,
): boolean => {
  const lagS = state.facts.exchange?.settlementLagS ?? 0
  const oldestMs = (timeS - lagS - priceAgeSlackS + reserveS) * 1_000
  const isNew = ({ page, publisher, publishTimeMs }: PriceVectorBody) =>
    publishTimeMs >= oldestMs &&
    publishTimeMs >= state.twin.state.publisherTime(page * limits.publishersMax + publisher)
  const median = medianOf(vectors, id, state.facts.quorum)
  if (median === null || !vectors.every(isNew)) return false
  const band = Number(state.twin.market(id)?.markBandPpm ?? 0n)
  return Math.abs(markTicks - median) * ppm <= median * band
}

const segmentOf = (
  state: RelayerState,
  sets: readonly (readonly Quoted[])[],
): PricesSegment | undefined => {
  const vectors = sets.flatMap(([first]) => verified(state, first?.vectors ?? []))
  const marks: MarkRecord[] = sets.flatMap((set) =>
    set
      .filter(({ market }) => medianOf(vectors, market, state.facts.quorum) !== null)
      .map(({ market, markTicks }) => ({ market, markTicks })),
  )
  return marks.length === 0 ? undefined : { kind: 'Prices', vectors, marks }
}

/** A vector is carried by many batches and never changes. */
const signers = new WeakMap<PriceVectorBody, string | null>()

const verified = (state: RelayerState, vectors: readonly PriceVectorBody[]): PriceVector[] => {
  const domain = exchangeDomain(state)
  return vectors.flatMap((vector) => {
    const signer = signers.get(vector) ?? signerOf(domain, vector)
    signers.set(vector, signer)
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

const medianOf = (vectors: readonly PriceVectorBody[], market: MarketId, quorum: number) => {
  const quotes = vectors
    .filter(({ page }) => page === pageOf(market))
    .map((vector) => priceIn(vector, market))
    .filter((price) => price !== 0)
    .toSorted((a, b) => a - b)
  if (quotes.length < quorum) return null
  return quotes[Math.floor((quotes.length - 1) / 2)] ?? null
}
