import fc from 'fast-check'
import { expect, test } from 'vitest'
import { newMarket } from './new-market.ts'

test('any price gives a market whose tick × lot is a whole micro-USDC, fine and small enough', () => {
  fc.assert(
    fc.property(fc.double({ min: 0.0005, max: 9_000_000, noNaN: true }), (price) => {
      const market = newMarket({ symbol: 'X-PERP', price }, 9)
      const { tickE8, lotE8, quotePerTickLot } = market
      expect(Math.abs((tickE8 * lotE8) / 1e10 - quotePerTickLot)).toBeLessThan(1e-6)
      expect(quotePerTickLot).toBeGreaterThanOrEqual(1)
      const ticks = (price * 1e8) / tickE8
      expect(ticks).toBeGreaterThanOrEqual(9_999)
      expect(ticks).toBeLessThan(100_001)
      expect(market.maxOrderLots).toBeLessThanOrEqual(market.maxPositionLots)
    }),
  )
})

test.each([
  [{ symbol: 'eur', price: 1 }, 'no symbol'],
  [{ symbol: 'EUR-PERP', price: 0 }, 'the price'],
  [{ symbol: 'EUR-PERP', price: Number.NaN }, 'the price'],
  [{ symbol: 'EUR-PERP', price: 1, tick: 1e-9 }, 'the tick'],
  [{ symbol: 'EUR-PERP', price: 1, tick: 0.0001, lot: 0.0001 }, 'whole number'],
  [{ symbol: 'EUR-PERP', price: 1, imBps: 20_000 }, '--im-bps'],
  [{ symbol: 'EUR-PERP', price: 1, imBps: 500, mmBps: 501 }, '--mm-bps'],
  [{ symbol: 'EUR-PERP', price: 1, mmBps: 0.5 }, '--mm-bps'],
])('%j is refused: %s', (wanted, why) => {
  expect(() => newMarket(wanted, 9)).toThrow(why)
})
