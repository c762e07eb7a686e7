//! Coinbase Exchange: a ticker at every match, and a heartbeat that says whether one was missed.
import { z } from 'zod'
import { isoField, priceField, type Venue, VenueFault, type VenueQuote } from './venue.ts'

// Documentation: "Exchange WebSocket Channels", Ticker and Heartbeat; "Sequence Numbers".
const ticker = z.object({
  type: z.literal('ticker'),
  sequence: z.int().nonnegative(),
  trade_id: z.int().nonnegative(),
  product_id: z.string(),
  price: priceField,
  best_bid: priceField,
  best_ask: priceField,
  time: isoField,
})
const heartbeat = z.object({
  type: z.literal('heartbeat'),
  last_trade_id: z.int().nonnegative(),
  product_id: z.string(),
  time: isoField,
})
const failure = z.object({ type: z.literal('error'), message: z.string().default('') })
const message = z.discriminatedUnion('type', [
  ticker,
  heartbeat,
  failure,
  z.object({ type: z.literal('subscriptions') }),
])

type Known = { sequence: number; tradeId: number; quote: VenueQuote }

/**
 * The ticker speaks only at a match. A heartbeat, each second, that names the same last trade confirms that the
 * quote is still the newest, so that a quiet product is not taken for a dead feed.
 */
export const coinbase: Venue = {
  name: 'coinbase',
  url: (_symbols, base = 'wss://ws-feed.exchange.coinbase.com') => base,
  subscriptions: (symbols) =>
    symbols.map((product) =>
      JSON.stringify({
        type: 'subscribe',
        product_ids: [product],
        channels: ['ticker', 'heartbeat'],
      }),
    ),
  openSession: (symbols) => {
    const products = new Map<string, Known>()
    const onTicker = (said: z.output<typeof ticker>): readonly VenueQuote[] => {
      if (!symbols.includes(said.product_id)) return []
      // Numbers rise; they have gaps here, since this channel leaves most of a product's messages out.
      if (said.sequence <= (products.get(said.product_id)?.sequence ?? -1)) return []
      const quote = {
        symbol: said.product_id,
        bid: said.best_bid,
        ask: said.best_ask,
        last: said.price,
        timeMs: said.time,
      }
      products.set(said.product_id, { sequence: said.sequence, tradeId: said.trade_id, quote })
      return [quote]
    }
    return {
      receive: (text) => {
        const said = message.parse(JSON.parse(text))
        if (said.type === 'error') throw new VenueFault('subscription_refused', said.message)
        if (said.type === 'ticker') return onTicker(said)
        if (said.type === 'subscriptions') return []
        const known = products.get(said.product_id)
        if (known?.tradeId !== said.last_trade_id) return []
        return [{ ...known.quote, timeMs: Math.max(known.quote.timeMs, said.time) }]
      },
    }
  },
}
