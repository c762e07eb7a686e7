//! A venue's book as Kraken sends it: sides kept to a depth, the ten best of each checked by their CRC-32.
import { crc32 } from 'node:zlib'
import type { PriceE18 } from '../decimal.ts'

/** A price level as sent; its texts go into the checksum. */
export type BookLevel = { price: PriceE18; priceText: string; sizeText: string }

type Side = { levels: BookLevel[]; sign: 1n | -1n }

const CHECKED_LEVELS = 10

const withoutPoint = (text: string) => text.replace('.', '').replace(/^0+/, '')
const isNothing = (text: string) => /^[0.]*$/.test(text)

/** Both sides of one book, best first. */
export class CheckedBook {
  readonly #depth: number
  readonly #bids: Side = { levels: [], sign: -1n }
  readonly #asks: Side = { levels: [], sign: 1n }

  /** @param depth levels a side that the venue keeps up to date */
  constructor(depth: number) {
    this.#depth = depth
  }

  get bestBid(): BookLevel | undefined {
    return this.#bids.levels[0]
  }

  get bestAsk(): BookLevel | undefined {
    return this.#asks.levels[0]
  }

  /** Sets levels of a side; a size of zero takes one away. What sinks below the depth is forgotten. */
  set(side: 'bids' | 'asks', levels: readonly BookLevel[]): void {
    const { levels: kept, sign } = side === 'bids' ? this.#bids : this.#asks
    for (const level of levels) {
      const at = placeOf(kept, sign, level.price)
      const found = kept[at]?.price === level.price
      if (isNothing(level.sizeText)) kept.splice(at, found ? 1 : 0)
      else kept.splice(at, found ? 1 : 0, level)
    }
    kept.length = Math.min(kept.length, this.#depth)
  }

  /** CRC-32 of the ten best asks, then bids: each price and size without point and leading zeros. */
  checksum(): number {
    const texts = [this.#asks, this.#bids].flatMap(({ levels }) =>
      levels
        .slice(0, CHECKED_LEVELS)
        .map(({ priceText, sizeText }) => withoutPoint(priceText) + withoutPoint(sizeText)),
    )
    return crc32(texts.join(''))
  }
}

/** First place whose price is not better. */
const placeOf = (levels: readonly BookLevel[], sign: bigint, price: PriceE18): number => {
  let low = 0
  let high = levels.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (((levels[middle]?.price ?? 0n) - price) * sign < 0n) low = middle + 1
    else high = middle
  }
  return low
}
