//! Where prices come from: one door for the simulator, recorded files and live venues.
import type { TimeMs } from '@plumb/model'

/**
 * A source of index prices. `price` answers USDC for one unit of the symbol's underlying at that time, or undefined
 * when it has none that is fresh; it is asked once for each publication, with rising times.
 */
export type PriceSource = {
  readonly name: string
  price(symbol: string, timeMs: TimeMs): number | undefined
}
