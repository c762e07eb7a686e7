import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type QuoteStyle, wantedQuotes } from './quotes.ts'
import { type Resting, requotes } from './requote.ts'

const market = { lotUsdcPerTick: 0.00001, maxOrderLots: 1_000_000, minNotionalUsdc: 1 }
const style: QuoteStyle = {
  levels: 2,
  spreadPpm: 1_000,
  stepPpm: 1_000,
  quoteUsdc: 600,
  inventoryUsdc: 6_000,
}

describe('wanted quotes', () => {
  // 600,000 ticks of 0.1; one lot = 6 USDC.
  test.each([
    ['flat', 0, 'buy 100@599700 sell 100@600300 buy 200@599100 sell 200@600900'],
    ['half long', 500, 'buy 100@599550 sell 100@600150 buy 200@598950 sell 200@600750'],
    ['full long', 1_000, 'sell 100@600000 sell 200@600600'],
    ['over-full short', -5_000, 'buy 100@600000 buy 200@599400'],
  ])('%s', (_, positionLots, expected) => {
    const quotes = wantedQuotes(market, style, 600_000, positionLots)
    expect(quotes.map((q) => `${q.side} ${q.sizeLots}@${q.priceTicks}`).join(' ')).toBe(expected)
  })

  test('bids stay below asks', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4e9 }),
        fc.integer({ min: -1e6, max: 1e6 }),
        (index, position) => {
          const quotes = wantedQuotes(market, style, index, position)
          const bids = quotes.filter((q) => q.side === 'buy').map((q) => q.priceTicks)
          const asks = quotes.filter((q) => q.side === 'sell').map((q) => q.priceTicks)
          expect(Math.max(...bids, 0)).toBeLessThan(Math.min(...asks, Infinity))
        },
      ),
    )
  })
})

const order = (
  id: string,
  side: 'buy' | 'sell',
  priceTicks: number,
  remainingLots = 10,
): Resting => ({
  id,
  side,
  priceTicks,
  remainingLots,
})
const quote = (side: 'buy' | 'sell', level: number, priceTicks: number, sizeLots = 10) => ({
  side,
  level,
  priceTicks,
  sizeLots,
})

describe('requotes', () => {
  const told = (resting: Resting[], wanted: ReturnType<typeof quote>[]) =>
    requotes(resting, wanted, 2)
      .map((a) =>
        a.kind === 'cancel'
          ? `cancel ${a.order.id}`
          : `${a.kind} ${a.kind === 'edit' ? `${a.order.id} ` : ''}${a.quote.side}@${a.quote.priceTicks}`,
      )
      .join(', ')

  test.each([
    [
      'empty book',
      [],
      [quote('buy', 0, 99), quote('sell', 0, 101)],
      'place buy@99, place sell@101',
    ],
    ['good enough', [order('a', 'buy', 98)], [quote('buy', 0, 100)], ''],
    ['moved', [order('a', 'buy', 90)], [quote('buy', 0, 100)], 'edit a buy@100'],
    ['eaten', [order('a', 'buy', 100, 4)], [quote('buy', 0, 100)], 'edit a buy@100'],
    [
      'surplus',
      [order('a', 'buy', 100), order('b', 'buy', 90)],
      [quote('buy', 0, 100)],
      'cancel b',
    ],
    [
      'up: asks step back before bids follow',
      [order('a', 'buy', 100), order('b', 'sell', 104)],
      [quote('buy', 0, 110), quote('sell', 0, 114)],
      'edit b sell@114, edit a buy@110',
    ],
    [
      'a new innermost level pairs from the inside',
      [order('a', 'sell', 120), order('b', 'sell', 110)],
      [quote('sell', 0, 110), quote('sell', 1, 120), quote('sell', 2, 130)],
      'place sell@130',
    ],
  ])('%s', (_, resting, wanted, expected) => {
    expect(told(resting, wanted)).toBe(expected)
  })
})
