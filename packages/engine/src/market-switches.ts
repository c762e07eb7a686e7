//! Which dead man's switches of single markets are set, and until when.

/** Switches of single markets that are set, by ascending account and market. */
export type MarketSwitches = {
  /** Two doubles each: account × markets + market, deadline. Room for all there can be; only what is used becomes resident. */
  readonly f64: Float64Array
  used: number
}

export function createMarketSwitches(accounts: number, markets: number): MarketSwitches {
  return { f64: new Float64Array(2 * (accounts + 1) * markets), used: 0 }
}

/** First place whose key is not below `key`. */
export function placeOf({ f64, used }: MarketSwitches, key: number): number {
  let low = 0
  let high = used
  while (low < high) {
    const middle = (low + high) >>> 1
    if (f64[2 * middle]! < key) low = middle + 1
    else high = middle
  }
  return low
}
