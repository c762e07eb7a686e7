//! The price limit that counts for a market order: the signed one, brought inside the band and the slippage cap.
import { mulDivCeil, mulDivFloor } from '@plumb/model'
import { M_BAND_DOWN, M_BAND_UP, M_BEST_ASK, M_BEST_BID, M_PRICE_BAND, MARKET_D } from './slabs.ts'
import type { EngineState } from './state.ts'

const PPM = 1_000_000

/** The signed price of an order of `side`, no further than the market's price band. */
export function bandedLimit(
  state: EngineState,
  market: number,
  side: number,
  price: number,
): number {
  const m = market * MARKET_D
  if (state.markets[m + M_PRICE_BAND] === 0) return price
  return side === 0
    ? Math.min(price, state.markets[m + M_BAND_UP]!)
    : Math.max(price, state.markets[m + M_BAND_DOWN]!)
}

/**
 * `bandedLimit`, and no further than `slippagePpm` from `reference` (a price; 0 = there is none, then only the band
 * counts, as with a slippage of 0). Rounded toward the reference.
 */
export function cappedLimit(
  state: EngineState,
  market: number,
  side: number,
  price: number,
  slippagePpm: number,
  reference: number,
): number {
  const limit = bandedLimit(state, market, side, price)
  if (slippagePpm === 0 || reference === 0) return limit
  return side === 0
    ? Math.min(limit, mulDivFloor(reference, PPM + slippagePpm, PPM))
    : Math.max(limit, mulDivCeil(reference, PPM - slippagePpm, PPM))
}

/** Best price a taker of `side` meets, 0 if that side of the book is empty. */
export function bestOpposite(state: EngineState, market: number, side: number): number {
  return state.markets[market * MARKET_D + (side === 0 ? M_BEST_ASK : M_BEST_BID)]!
}
