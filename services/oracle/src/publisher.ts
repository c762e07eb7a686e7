//! One publication: every publisher's signed vector of every page, as commands.
import { createPriceSigner, type PriceSigner } from '@plumb/chain'
import { type Genesis, limits, type Market, type ObservePrice, type TimeMs } from '@plumb/model'
import type { PriceSource } from './price-source.ts'
import { seededNormal } from './seeded-normal.ts'

/** A publisher whose key this process holds. `publisher` is its number in the genesis. */
export type Publisher = { publisher: number; signer: PriceSigner }

/** A key that is not the publisher's registered one. */
class PublisherKeyError extends Error {
  readonly code = 'PUBLISHER_KEY_MISMATCH'
}

const hexOf = (bytes: Uint8Array) => `0x${Buffer.from(bytes).toString('hex')}`

/**
 * Publishers of the keys at hand; key i belongs to publisher i, `-` skips one.
 *
 * @throws PublisherKeyError when a key's address is not the one of the genesis
 */
export const openPublishers = (keys: readonly string[], genesis: Genesis): Publisher[] => {
  const domain = { chainId: genesis.chainId, contract: hexOf(genesis.contract) }
  return keys.flatMap((key, publisher) => {
    if (key === '-') return []
    const signer = createPriceSigner(key, domain)
    const registered = hexOf(genesis.publishers.subarray(publisher * 20, publisher * 20 + 20))
    if (publisher >= genesis.publisherCount || registered !== signer.address)
      throw new PublisherKeyError(
        `key ${publisher} is ${signer.address}, genesis has ${registered}`,
      )
    return [{ publisher, signer }]
  })
}

/** Price in whole ticks, 0 where it has no place in a u32. */
export const ticksOf = (price: number, market: Market): number => {
  const ticks = Math.round((price * 1e8) / market.tickE8)
  return ticks >= 1 && ticks <= limits.priceTicksMax ? ticks : 0
}

export type PublicationOptions = {
  source: PriceSource
  markets: readonly Market[]
  publishers: readonly Publisher[]
  /** Scatter of the publishers around the source's price, ppm, drawn from the seed. */
  noisePpm: number
  seed: number
}

/** The price messages of one moment: markets with a fixed index need none and stay 0. */
export const publication = (options: PublicationOptions, timeMs: TimeMs): ObservePrice[] => {
  const { source, markets, publishers, noisePpm, seed } = options
  const quoted = markets.filter((market) => market.fixedIndexTicks === 0)
  const prices = new Map(quoted.map((m) => [m.market, source.price(m.symbol, timeMs)]))
  const pages = new Set(quoted.map((market) => Math.floor(market.market / limits.pricesPerPage)))
  return publishers.flatMap(({ publisher, signer }) =>
    [...pages].map((page): ObservePrice => {
      const ticks: number[] = []
      for (const market of quoted) {
        const price = prices.get(market.market)
        if (Math.floor(market.market / limits.pricesPerPage) !== page || price === undefined)
          continue
        const place = market.market % limits.pricesPerPage
        while (ticks.length <= place) ticks.push(0)
        const draw = seededNormal(`${seed}/${publisher}/${market.symbol}`, timeMs)
        ticks[place] = ticksOf(price * (1 + (draw * noisePpm) / 1e6), market)
      }
      const signature = signer.sign({ page, timestampMs: timeMs, prices: ticks })
      return {
        kind: 'ObservePrice',
        publisher,
        page,
        count: ticks.length,
        publishTimeMs: timeMs,
        signature,
        prices: ticks,
      }
    }),
  )
}
