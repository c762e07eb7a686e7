//! The index of one market from what its sources say (risk.md 1.1): lower weighted median, outliers dropped once.
import type { Ppm, Ticks } from '@plumb/model'

/** One live source's price. `id` breaks ties of equal prices. */
export type WeightedPrice = { id: string; price: Ticks; weight: number }

/** What the filter made of the prices; `index` is undefined where there were none. */
export type FilteredIndex = {
  index: Ticks | undefined
  used: readonly WeightedPrice[]
  outliers: readonly WeightedPrice[]
}

/** A price further from the median than a 20th of it (5 %) is an outlier. */
const OUTLIER_DIVISOR = 20

const byPriceThenId = (a: WeightedPrice, b: WeightedPrice) =>
  a.price - b.price || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)

const weightOf = (prices: readonly WeightedPrice[]) =>
  prices.reduce((sum, { weight }) => sum + weight, 0)

/** First of the sorted prices at which twice the weight so far reaches the whole weight. */
const lowerWeightedMedian = (sorted: readonly WeightedPrice[]): Ticks | undefined => {
  const whole = weightOf(sorted)
  let sum = 0
  for (const { price, weight } of sorted) {
    sum += weight
    if (2 * sum >= whole) return price
  }
  return undefined
}

/**
 * Takes the lower weighted median, drops what is more than 5 % away from it, and takes it once more. With honest
 * sources within 5 % of each other and liars below half of the weight, the result lies between honest prices.
 *
 * @param prices of sources that are not silent; weights are positive integers
 */
export const filterIndex = (prices: readonly WeightedPrice[]): FilteredIndex => {
  const sorted = prices.toSorted(byPriceThenId)
  const first = lowerWeightedMedian(sorted)
  if (first === undefined) return { index: undefined, used: [], outliers: [] }
  const isOutlier = ({ price }: WeightedPrice) => OUTLIER_DIVISOR * Math.abs(price - first) > first
  const used = sorted.filter((price) => !isOutlier(price))
  return { index: lowerWeightedMedian(used), used, outliers: sorted.filter(isOutlier) }
}

/** Part of all configured weight that the index rests on, ppm, rounded down. */
export const confidencePpm = (used: readonly WeightedPrice[], allWeight: number): Ppm =>
  Math.floor((1_000_000 * weightOf(used)) / allWeight)
