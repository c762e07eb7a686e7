//! Binance spot: the 24 h ticker, once a second, has bid, ask and last in one message.
import { z } from 'zod'
import { millisecondsField, priceField, type Venue, VenueFault } from './venue.ts'

// Documentation: "WebSocket Streams for Binance", Individual Symbol Ticker Streams; Server Shutdown.
const message = z.union([
  z.object({
    data: z.object({
      e: z.literal('24hrTicker'),
      E: millisecondsField,
      s: z.string(),
      c: priceField,
      b: priceField,
      a: priceField,
    }),
  }),
  z.object({ e: z.literal('serverShutdown') }),
  z.object({ data: z.object({ e: z.literal('serverShutdown') }) }),
  z.object({ error: z.object({ msg: z.string() }) }),
])

/** The venue pings by WebSocket frames and closes each connection after 24 h; both need nothing of us. */
export const binance: Venue = {
  name: 'binance',
  url: (symbols, base = 'wss://stream.binance.com:9443') =>
    `${base}/stream?streams=${symbols.map((s) => `${s.toLowerCase()}@ticker`).join('/')}`,
  subscriptions: () => [],
  openSession: () => ({
    receive: (text) => {
      const said = message.parse(JSON.parse(text))
      if ('error' in said) throw new VenueFault('subscription_refused', said.error.msg)
      if ('e' in said || said.data.e === 'serverShutdown')
        throw new VenueFault('reconnect_requested', 'the server shuts down')
      const { s, b, a, c, E } = said.data
      return [{ symbol: s, bid: b, ask: a, last: c, timeMs: E }]
    },
  }),
}
