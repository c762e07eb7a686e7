//! Bitstamp: best bid and ask from the snapshots of the book, last from the trades.
import { z } from 'zod'
import {
  microsecondsField,
  PartialQuotes,
  priceField,
  type Venue,
  VenueFault,
  type VenueQuote,
} from './venue.ts'

// Documentation: "Bitstamp WebSocket API v2", public channels order_book and live_trades, heartbeat, request_reconnect.
/** Best first; only the best is read. */
const levels = z.tuple([z.tuple([priceField], z.unknown())], z.unknown())
const message = z.union([
  z.object({
    event: z.literal('data'),
    channel: z.templateLiteral(['order_book_', z.string()]),
    data: z.object({ microtimestamp: microsecondsField, bids: levels, asks: levels }),
  }),
  z.object({
    event: z.literal('trade'),
    channel: z.templateLiteral(['live_trades_', z.string()]),
    data: z.object({ microtimestamp: microsecondsField, price_str: priceField }),
  }),
  z.object({ event: z.literal('bts:error'), data: z.object({ message: z.string() }) }),
  z.object({
    event: z.enum(['bts:subscription_succeeded', 'bts:heartbeat', 'bts:request_reconnect']),
  }),
])

export const bitstamp: Venue = {
  name: 'bitstamp',
  url: (_symbols, base = 'wss://ws.bitstamp.net') => base,
  subscriptions: (symbols) =>
    symbols
      .flatMap((symbol) => [`order_book_${symbol}`, `live_trades_${symbol}`])
      .map((channel) => JSON.stringify({ event: 'bts:subscribe', data: { channel } })),
  ping: { everyMs: 20_000, text: JSON.stringify({ event: 'bts:heartbeat' }) },
  openSession: (symbols) => {
    const partial = new PartialQuotes(symbols)
    return {
      receive: (text): readonly VenueQuote[] => {
        const said = message.parse(JSON.parse(text))
        switch (said.event) {
          case 'data': {
            const { bids, asks, microtimestamp: timeMs } = said.data
            const symbol = said.channel.slice('order_book_'.length)
            return partial.add(symbol, 'book', { bid: bids[0][0], ask: asks[0][0] }, timeMs)
          }
          case 'trade': {
            const { price_str: last, microtimestamp: timeMs } = said.data
            const symbol = said.channel.slice('live_trades_'.length)
            return partial.add(symbol, 'trades', { last }, timeMs)
          }
          case 'bts:error':
            throw new VenueFault('subscription_refused', said.data.message)
          case 'bts:request_reconnect':
            throw new VenueFault('reconnect_requested', 'the venue asks for a new connection')
          case 'bts:subscription_succeeded':
          case 'bts:heartbeat':
            return []
        }
      },
    }
  },
}
