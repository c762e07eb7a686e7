//! Signed prices as the engine has used them: every mark with the vectors whose median it stands near.
import type { PriceVectorBody } from '@plumb/chain'
import { limits, type MarketId, type Ticks, type TimeMs } from '@plumb/model'
import { createTrackedMap, type TrackedMap } from './tracked-map.ts'

/** As in the engine: a publisher silent for longer than this does not count. */
const publisherFreshMs = 10_000

/** A mark and the vectors of the index it was taken from. */
export type QuotedMark = { markTicks: Ticks; vectors: readonly PriceVectorBody[] }

export type PriceBook = {
  /** Each publisher's newest of each page. */
  readonly vectors: TrackedMap<string, PriceVectorBody>
  /** What each market's index was last taken from. */
  readonly bases: TrackedMap<MarketId, readonly PriceVectorBody[]>
  readonly marks: TrackedMap<MarketId, QuotedMark>
}

export const createPriceBook = (
  stored: {
    vectors?: Iterable<[string, PriceVectorBody]>
    bases?: Iterable<[MarketId, readonly PriceVectorBody[]]>
    marks?: Iterable<[MarketId, QuotedMark]>
  } = {},
): PriceBook => ({
  vectors: createTrackedMap(stored.vectors),
  bases: createTrackedMap(stored.bases),
  marks: createTrackedMap(stored.marks),
})

/** Price of a market in its page's vector; 0 = none. */
export const priceIn = ({ prices }: PriceVectorBody, market: MarketId): Ticks =>
  prices[market % limits.pricesPerPage] ?? 0

/** Page of vectors that a market is in. */
export const pageOf = (market: MarketId): number => Math.floor(market / limits.pricesPerPage)

/** A vector that the engine accepted at `timeMs`: as there, it moves the markets it quotes where enough others are fresh. */
export const noteVector = (
  book: PriceBook,
  quorum: number,
  vector: PriceVectorBody,
  timeMs: TimeMs,
): void => {
  const { page } = vector
  book.vectors.set(`${page}/${vector.publisher}`, vector)
  const fresh = [...book.vectors.entries()]
    .map(([, other]) => other)
    .filter((other) => other.page === page && timeMs - other.publishTimeMs <= publisherFreshMs)
  for (const [place, price] of vector.prices.entries()) {
    const market = page * limits.pricesPerPage + place
    if (price === 0) continue
    if (fresh.filter((other) => priceIn(other, market) !== 0).length >= quorum)
      book.bases.set(market, fresh)
  }
}

export const noteMark = (book: PriceBook, market: MarketId, markTicks: Ticks): void =>
  book.marks.set(market, { markTicks, vectors: book.bases.get(market) ?? [] })
