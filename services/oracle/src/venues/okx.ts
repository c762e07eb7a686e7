//! OKX spot: the tickers channel has bid, ask and last in one message.
import { z } from 'zod'
import { millisecondsField, priceField, type Venue, VenueFault } from './venue.ts'

// Documentation: "OKX API v5", WebSocket: Tickers channel, Connection (ping every 30 s), Notification (64008).
const message = z.union([
  z.object({
    arg: z.object({ channel: z.literal('tickers') }),
    data: z
      .array(
        z.object({
          instId: z.string(),
          last: priceField,
          bidPx: priceField,
          askPx: priceField,
          ts: millisecondsField,
        }),
      )
      .min(1),
  }),
  z.object({ event: z.literal('subscribe') }),
  z.object({ event: z.enum(['error', 'notice']), msg: z.string().default('') }),
])

export const okx: Venue = {
  name: 'okx',
  url: (_symbols, base = 'wss://ws.okx.com:8443/ws/v5/public') => base,
  subscriptions: (symbols) =>
    symbols.map((instId) =>
      JSON.stringify({ op: 'subscribe', args: [{ channel: 'tickers', instId }] }),
    ),
  ping: { everyMs: 20_000, text: 'ping' },
  openSession: () => ({
    receive: (text) => {
      if (text === 'pong') return []
      const said = message.parse(JSON.parse(text))
      if ('data' in said)
        return said.data.map(({ instId, bidPx, askPx, last, ts }) => ({
          symbol: instId,
          bid: bidPx,
          ask: askPx,
          last,
          timeMs: ts,
        }))
      if (said.event === 'error') throw new VenueFault('subscription_refused', said.msg)
      if (said.event === 'notice') throw new VenueFault('reconnect_requested', said.msg)
      return []
    },
  }),
}
