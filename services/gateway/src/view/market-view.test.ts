import { type Market, marketState } from '@plumb/model'
import { expect, test } from 'vitest'
import { MarketView } from './market-view.ts'

const { trading, postOnly, reduceOnly, cancelOnly, halted, settled } = marketState
const LISTED_MS = 1_000
const INDEX_MS = 100_000

// As the engine judges orders: state first, then an index of more than 5 s, of more than 30 s.
test.each([
  ['trading, index of 5 s', trading, 5_000, trading, LISTED_MS, 'alive'],
  ['trading, index just stale', trading, 5_001, reduceOnly, INDEX_MS + 5_000, 'stale'],
  ['trading, index of 30 s', trading, 30_000, reduceOnly, INDEX_MS + 5_000, 'stale'],
  ['trading, index just lost', trading, 30_001, halted, INDEX_MS + 30_000, 'lost'],
  ['post-only, index stale', postOnly, 6_000, reduceOnly, INDEX_MS + 5_000, 'stale'],
  ['reduce-only, index stale', reduceOnly, 6_000, reduceOnly, LISTED_MS, 'alive'],
  ['reduce-only, index lost', reduceOnly, 31_000, halted, INDEX_MS + 30_000, 'lost'],
  ['cancel-only, index lost', cancelOnly, 31_000, cancelOnly, LISTED_MS, 'alive'],
  ['halted by an operator', halted, 31_000, halted, LISTED_MS, 'alive'],
  ['settled for ever', settled, 1e9, settled, LISTED_MS, 'alive'],
] as const)('%s', (_name, set, ageMs, state, sinceMs, health) => {
  const market = marketOf({ fixedIndexTicks: 0 })
  market.state = set
  market.indexTimeMs = INDEX_MS
  expect(market.open(INDEX_MS + ageMs)).toEqual({ state, sinceMs, health })
})

test('a fixed index does not age; one that never came is lost', () => {
  expect(marketOf({ fixedIndexTicks: 5 }).open(1e9)).toMatchObject({ state: trading })
  const fresh = marketOf({ fixedIndexTicks: 0 }).open(200_000)
  expect(fresh).toEqual({ state: halted, sinceMs: 30_000, health: 'lost' })
})

function marketOf(changes: Partial<Market>): MarketView {
  const definition: Market = {
    market: 0,
    symbol: 'BTC-PERP',
    tickE8: 50_000_000,
    lotE8: 10_000,
    quotePerTickLot: 50,
    imBps: 500,
    mmBps: 250,
    takerFee: 45,
    makerFee: 15,
    minOrderLots: 1,
    maxOrderLots: 1e6,
    maxPositionLots: 1e7,
    minNotionalQuote: 0,
    maxOpenInterestLots: 0,
    priceBandPpm: 50_000,
    markBandPpm: 30_000,
    fixedIndexTicks: 0,
    ...changes,
  }
  return new MarketView(definition, LISTED_MS)
}
