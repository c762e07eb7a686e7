import fc from 'fast-check'
import { expect, test } from 'vitest'
import { play } from '../testing/play-venue.ts'
import { venues } from './venues.ts'

test.each([...venues.values()])('$name: asks for each symbol by itself', (venue) => {
  const url = venue.url(['SYMA', 'SYMB'])
  const requests = venue.subscriptions(['SYMA', 'SYMB'])
  if (requests.length === 0) expect(url).toMatch(/syma@.*symb@/)
  const named = requests.map((text) => ['SYMA', 'SYMB'].filter((name) => text.includes(name)))
  expect(named.every((names) => names.length === 1)).toBe(true)
})

test.each([...venues.values()])(
  '$name: remembers nothing of symbols that were not asked for',
  (venue) => {
    const session = venue.openSession([])
    const level = [['1', '1', '1582905487.684110']]
    const messages = [
      [0, { as: level, bs: level }, 'book-10', 'X'],
      [0, level, 'trade', 'X'],
      {
        topic: 'orderbook.1.X',
        type: 'snapshot',
        ts: 1_672_304_484_978,
        data: { s: 'X', b: [['1', '1']], a: [['1', '1']], u: 1 },
      },
      { topic: 'publicTrade.X', ts: 1_672_304_484_978, data: [{ s: 'X', p: '1' }] },
      {
        event: 'data',
        channel: 'order_book_X',
        data: { microtimestamp: '1618677693591089', bids: [['1', '1']], asks: [['1', '1']] },
      },
      {
        event: 'trade',
        channel: 'live_trades_X',
        data: { microtimestamp: '1618677693591089', price_str: '1' },
      },
      {
        type: 'ticker',
        sequence: 1,
        trade_id: 1,
        product_id: 'X',
        price: '1',
        best_bid: '1',
        best_ask: '1',
        time: '2022-10-19T23:28:22Z',
      },
      { type: 'heartbeat', last_trade_id: 1, product_id: 'X', time: '2022-10-19T23:28:23Z' },
    ]
    for (const message of messages) {
      let quotes: readonly object[] = []
      try {
        quotes = session.receive(JSON.stringify(message))
      } catch {
        // Another venue's words.
      }
      expect(quotes).toEqual([])
    }
  },
)

test.each([...venues.values()])(
  '$name: garbage is not understood, and never a price',
  { timeout: 60_000 },
  (venue) => {
    const bad = [
      '',
      'null',
      '[]',
      '{}',
      '{"data":null}',
      '[[[[',
      '1',
      '"pong',
      'NaN',
      '{"__proto__":{"event":"data"}}',
      '\u0000',
      '['.repeat(50_000),
    ]
    expect(play(venue, ...bad)).toEqual(bad.map(() => '?'))
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
        expect(['?', '']).toContain(play(venue, text)[0])
      }),
      { numRuns: 500 },
    )
  },
)
