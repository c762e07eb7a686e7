import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CaptureBook } from './capture-book.ts'
import { wantedLots } from './capture-plan.ts'

const q = 10
const step = fc.record({
  lots: fc.integer({ min: -500, max: 500 }),
  price: fc.integer({ min: 9_000, max: 11_000 }),
  index: fc.integer({ min: 9_000, max: 11_000 }),
  fee: fc.integer({ min: -100, max: 5_000 }),
  funding: fc.integer({ min: -10_000, max: 10_000 }),
  hedged: fc.boolean(),
})

test('the parts add up to what both legs are really worth, after any sequence', () => {
  fc.assert(
    fc.property(fc.array(step), step, (steps, end) => {
      const book = new CaptureBook(q, 500)
      // Two plain accounts beside it: cash and lots, nothing else.
      const perp = { cash: 0, lots: 0 }
      const spot = { cash: 0, lots: 0 }
      for (const { lots, price, index, fee, funding, hedged } of steps) {
        book.take({ lots, priceTicks: price, feeQuote: fee })
        perp.cash -= lots * price * q + fee
        perp.lots += lots
        book.funding(funding)
        perp.cash += funding
        if (!hedged) continue
        book.hedge(index)
        const traded = -perp.lots - spot.lots
        spot.cash -= traded * index * q + Math.ceil(Math.abs(traded * index * q) * 500e-6 - 1e-9)
        spot.lots += traded
        expect(book.nakedLots).toBe(0)
      }
      const worth = perp.cash + perp.lots * end.price * q + spot.cash + spot.lots * end.index * q
      const { totalQuote, ...parts } = book.attribution(end.price, end.index)
      expect(totalQuote).toBe(worth + 0)
      const { fundingQuote, basisQuote, perpFeesQuote, spotFeesQuote } = parts
      expect(fundingQuote + basisQuote - perpFeesQuote - spotFeesQuote).toBe(totalQuote)
    }),
  )
})

test('hedged, a price that moves both legs alike changes nothing', () => {
  const book = new CaptureBook(q, 0)
  book.take({ lots: -300, priceTicks: 10_050, feeQuote: 0 })
  book.hedge(10_000)
  const { basisQuote } = book.attribution(10_050, 10_000)
  expect(book.attribution(13_050, 13_000).basisQuote).toBe(basisQuote)
  // The premium it was sold at is earned when the basis closes.
  expect(book.attribution(9_000, 9_000).basisQuote - basisQuote).toBe(300 * 50 * q)
})

test('books restored from their state go on as if nothing had happened', () => {
  const book = new CaptureBook(q, 500)
  book.take({ lots: -7, priceTicks: 10_000, feeQuote: 12 })
  book.hedge(9_990)
  const again = new CaptureBook(q, 500, JSON.parse(JSON.stringify(book.state)))
  expect(again.attribution(9_900, 9_950)).toEqual(book.attribution(9_900, 9_950))
})

const style = { notionalUsdc: 20_000, horizonHours: 100, roundTripPpm: 1_200 }
test.each([
  // rate, held, wanted
  [0, 0, 0],
  [12, 0, 0],
  [12.1, 0, -2_000],
  [-12.1, 0, 2_000],
  [1, -2_000, -2_000], // stays while it is paid
  [1, -400, -400],
  [13, -400, -2_000], // built in parts
  [-1, -2_000, 0],
  [-13, -2_000, 2_000],
  [-1, 2_000, 2_000],
])('at %f ppm an hour, holding %i lots, it wants %i', (rate, held, wanted) => {
  expect(wantedLots(style, rate, 10, held)).toBe(wanted)
})
