//! A publisher's signature over a moment's prices: one message for each page of markets.
import { createPriceSigner, type PriceSigner } from '@plumb/chain'
import {
  type Genesis,
  limits,
  type MarketId,
  type ObservePrice,
  type Ticks,
  type TimeMs,
} from '@plumb/model'

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

/**
 * The signed messages of one publisher's prices: a market without one is 0 in its page's vector, a page without any
 * is left out.
 */
export const signPrices = (
  { publisher, signer }: Publisher,
  prices: ReadonlyMap<MarketId, Ticks>,
  timeMs: TimeMs,
): ObservePrice[] => {
  const pages = new Map<number, number[]>()
  for (const [market, price] of [...prices].toSorted(([a], [b]) => a - b)) {
    const page = Math.floor(market / limits.pricesPerPage)
    const ticks = pages.get(page) ?? []
    pages.set(page, ticks)
    while (ticks.length < market % limits.pricesPerPage) ticks.push(0)
    ticks.push(price)
  }
  return [...pages].map(([page, ticks]) => ({
    kind: 'ObservePrice',
    publisher,
    page,
    count: ticks.length,
    publishTimeMs: timeMs,
    signature: signer.sign({ page, timestampMs: timeMs, prices: ticks }),
    prices: ticks,
  }))
}
