//! The worked example of Kraken's "Book Checksum" page; the real capture is in captures.test.ts.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { play } from '../testing/play-venue.ts'
import { CheckedBook } from './checked-book.ts'
import { kraken } from './kraken.ts'

// The worked example of Kraken's "Book Checksum" page.
const side = (texts: string[]) =>
  texts.map((text) => {
    const [price = '', size = ''] = text.split(' ')
    return [price, size, '1582905487.684110']
  })
const asks = side([
  '0.05005 0.00000500',
  '0.05010 0.00000500',
  '0.05015 0.00000500',
  '0.05020 0.00000500',
  '0.05025 0.00000500',
  '0.05030 0.00000500',
  '0.05035 0.00000500',
  '0.05040 0.00000500',
  '0.05045 0.00000500',
  '0.05050 0.00000500',
])
const bids = side([
  '0.05000 0.00000500',
  '0.04995 0.00000500',
  '0.04990 0.00000500',
  '0.04980 0.00000500',
  '0.04975 0.00000500',
  '0.04970 0.00000500',
  '0.04965 0.00000500',
  '0.04960 0.00000500',
  '0.04955 0.00000500',
  '0.04950 0.00000500',
])
const snapshot = [640, { as: asks, bs: bids }, 'book-10', 'XBT/USD']
const trade = [0, [['0.05001', '0.1', '1582905480.500000', 's', 'l', '']], 'trade', 'XBT/USD']
const same = (c: string) => [
  640,
  { a: [['0.05005', '0.00000500', '1582905488.123456']], c },
  'book-10',
  'XBT/USD',
]

test('the checksum of the documentation', () => {
  expect(
    play(kraken, { event: 'heartbeat' }, trade, snapshot, same('974947235'), same('974947236')),
  ).toEqual([
    '',
    '',
    'XBT/USD 0.05 0.05005 0.05001 1582905487684',
    'XBT/USD 0.05 0.05005 0.05001 1582905488123',
    'checksum_wrong',
  ])
})

test('an update without a snapshot, and a refused pair, end the connection', () => {
  expect(play(kraken, same('974947235'))).toEqual(['sequence_broken'])
  const refusal = {
    errorMessage: 'Currency pair not supported XBT/XYZ',
    event: 'subscriptionStatus',
    pair: 'XBT/XYZ',
    status: 'error',
    subscription: { name: 'book' },
  }
  const online = {
    connectionID: 17_843_232_920_108_168_701n.toString(),
    event: 'systemStatus',
    status: 'online',
  }
  expect(play(kraken, online, refusal)).toEqual(['', 'subscription_refused'])
})

test('a book keeps the best levels, as a plain sort would', () => {
  const level = fc.record({
    price: fc.integer({ min: 1, max: 40 }),
    size: fc.integer({ min: 0, max: 3 }),
  })
  fc.assert(
    fc.property(fc.array(level, { maxLength: 60 }), (changes) => {
      const book = new CheckedBook(1_000)
      const plain = new Map<number, string>()
      for (const { price, size } of changes) {
        const words = { price: BigInt(price), priceText: `${price}`, sizeText: `${size}.0` }
        book.set('asks', [words])
        book.set('bids', [words])
        if (size === 0) plain.delete(price)
        else plain.set(price, `${size}.0`)
      }
      const prices = [...plain.keys()].toSorted((a, b) => a - b)
      expect(Number(book.bestAsk?.price ?? -1)).toBe(prices[0] ?? -1)
      expect(Number(book.bestBid?.price ?? -1)).toBe(prices.at(-1) ?? -1)
    }),
  )
})
