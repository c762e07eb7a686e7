//! The live venues by name.
import { binance } from './binance.ts'
import { bitstamp } from './bitstamp.ts'
import { bybit } from './bybit.ts'
import { coinbase } from './coinbase.ts'
import { kraken } from './kraken.ts'
import { okx } from './okx.ts'
import type { Venue } from './venue.ts'

export const venues: ReadonlyMap<string, Venue> = new Map(
  [binance, bitstamp, bybit, coinbase, kraken, okx].map((venue) => [venue.name, venue]),
)
