//! The live feeds used when none are configured: six venues, half of the weight quoted in dollars, half in USDT.
import type { z } from 'zod'
import type { feedsSchema } from './feed-config.ts'

type Feeds = z.input<typeof feedsSchema>

/** Weights after Hyperliquid's "Oracle" page (3 for the deepest book); dollar books and USDT books weigh the same. */
const crypto = (
  base: string,
  kraken: string,
  min: string,
  max: string,
): Feeds['markets'][string] => ({
  min,
  max,
  feeds: [
    { source: 'binance', symbol: `${base}USDT`, quote: 'USDT', weight: 3 },
    { source: 'okx', symbol: `${base}-USDT`, quote: 'USDT', weight: 2 },
    { source: 'bybit', symbol: `${base}USDT`, quote: 'USDT', weight: 2 },
    { source: 'coinbase', symbol: `${base}-USD`, weight: 3 },
    { source: 'kraken', symbol: `${kraken}/USD`, weight: 2 },
    { source: 'bitstamp', symbol: `${base.toLowerCase()}usd`, weight: 2 },
  ],
})

export const defaultFeeds: Feeds = {
  markets: {
    'BTC-PERP': crypto('BTC', 'XBT', '1000', '10000000'),
    'ETH-PERP': crypto('ETH', 'ETH', '50', '1000000'),
    'SOL-PERP': crypto('SOL', 'SOL', '1', '100000'),
  },
  currencies: {
    USDT: {
      min: '0.2',
      max: '2',
      feeds: [
        { source: 'coinbase', symbol: 'USDT-USD' },
        { source: 'kraken', symbol: 'USDT/USD' },
        { source: 'bitstamp', symbol: 'usdtusd' },
      ],
    },
  },
}
