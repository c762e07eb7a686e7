//! Bybit spot: best bid and ask from the book of depth 1, last from the trades.
import { z } from 'zod'
import {
  millisecondsField,
  PartialQuotes,
  priceField,
  type Venue,
  VenueFault,
  type VenueQuote,
} from './venue.ts'

// Documentation: "Bybit API v5", WebSocket public: Orderbook (level 1), Trade, Connect (ping every 20 s).
const level = z.tuple([priceField, z.string().regex(/^\d{1,20}(\.\d{1,20})?$/)])
const book = z.object({
  topic: z.templateLiteral(['orderbook.1.', z.string()]),
  type: z.enum(['snapshot', 'delta']),
  ts: millisecondsField,
  data: z.object({
    s: z.string(),
    b: z.array(level).max(10),
    a: z.array(level).max(10),
    u: z.int().nonnegative(),
  }),
})
const trades = z.object({
  topic: z.templateLiteral(['publicTrade.', z.string()]),
  ts: millisecondsField,
  data: z
    .array(z.object({ s: z.string(), p: priceField }))
    .min(1)
    .max(5_000),
})
const control = z.object({
  op: z.enum(['subscribe', 'ping', 'pong']),
  success: z.boolean().default(true),
  ret_msg: z.string().default(''),
})
const message = z.union([book, trades, control])

/** Best of the levels that are left: a size of zero takes one away. */
const bestOf = (levels: z.output<typeof book>['data']['b'], before: bigint | undefined) => {
  const left = levels.filter(([, size]) => Number(size) > 0)
  if (left.length > 0) return left[0]?.[0]
  return levels.length > 0 ? undefined : before
}

export const bybit: Venue = {
  name: 'bybit',
  url: (_symbols, base = 'wss://stream.bybit.com/v5/public/spot') => base,
  subscriptions: (symbols) =>
    symbols.map((symbol) =>
      JSON.stringify({
        op: 'subscribe',
        args: [`orderbook.1.${symbol}`, `publicTrade.${symbol}`],
      }),
    ),
  ping: { everyMs: 20_000, text: JSON.stringify({ op: 'ping' }) },
  openSession: (symbols) => {
    const partial = new PartialQuotes(symbols)
    const books = new Map<
      string,
      { bid?: bigint | undefined; ask?: bigint | undefined; u: number }
    >()
    const onBook = ({ type, ts, data }: z.output<typeof book>): readonly VenueQuote[] => {
      if (!symbols.includes(data.s)) return []
      const known = books.get(data.s)
      if (known === undefined && type === 'delta')
        throw new VenueFault('sequence_broken', `${data.s}: a delta before the snapshot`)
      // The venue's own restart begins the ids anew at 1, with a snapshot.
      if (known !== undefined && data.u < known.u && type === 'delta')
        throw new VenueFault('sequence_broken', `${data.s}: update ${data.u} after ${known.u}`)
      const before = type === 'delta' ? known : undefined
      const bid = bestOf(data.b, before?.bid)
      const ask = bestOf(data.a, before?.ask)
      books.set(data.s, { bid, ask, u: data.u })
      return partial.add(data.s, 'book', { bid, ask }, ts)
    }
    return {
      receive: (text) => {
        const said = message.parse(JSON.parse(text))
        if ('op' in said) {
          if (said.success) return []
          throw new VenueFault('subscription_refused', said.ret_msg)
        }
        if ('type' in said) return onBook(said)
        const newest = said.data.at(-1)
        return newest === undefined
          ? []
          : partial.add(newest.s, 'trades', { last: newest.p }, said.ts)
      },
    }
  },
}
