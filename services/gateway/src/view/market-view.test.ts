import { type Market, marketState } from '@plumb/model'
import { expect, test } from 'vitest'
import { MarketView } from './market-view.ts'

const { trading, postOnly, reduceOnly, cancelOnly, halted, settled } = marketState
const LISTED_MS = 1_000
const INDEX_MS = 100_000

// As the engine judges orders: state first, then an index of more than 5 s, of more than 30 s.
test.each([
  ['trading, index of 5 s', trading, 5_000, trading, LISTED_MS, 'open'],
  ['trading, index just stale', trading, 5_001, reduceOnly, INDEX_MS + 5_000, 'stale'],
  ['trading, index of 30 s', trading, 30_000, reduceOnly, INDEX_MS + 5_000, 'stale'],
  ['trading, index just lost', trading, 30_001, halted, INDEX_MS + 30_000, 'lost'],
  ['post-only, index stale', postOnly, 6_000, reduceOnly, INDEX_MS + 5_000, 'stale'],
  ['reduce-only, index stale', reduceOnly, 6_000, reduceOnly, LISTED_MS, 'operator'],
  ['reduce-only, index lost', reduceOnly, 31_000, halted, INDEX_MS + 30_000, 'lost'],
  ['cancel-only, index lost', cancelOnly, 31_000, cancelOnly, LISTED_MS, 'operator'],
  ['halted by an operator', halted, 31_000, halted, LISTED_MS, 'operator'],
  ['settled for ever', settled, 1e9, settled, LISTED_MS, 'operator'],
] as const)('%s', (_name, set, ageMs, state, sinceMs, reason) => {
  const market = marketOf({ fixedIndexTicks: 0 })
  market.state = set
  market.indexTimeMs = INDEX_MS
  expect(market.open(INDEX_MS + ageMs)).toEqual({ state, sinceMs, reason, untilMs: null })
})

test('a fixed index does not age; one that never came is lost', () => {
  expect(marketOf({ fixedIndexTicks: 5 }).open(1e9)).toMatchObject({ state: trading })
  const fresh = marketOf({ fixedIndexTicks: 0 }).open(200_000)
  expect(fresh).toEqual({ state: halted, sinceMs: 30_000, reason: 'lost', untilMs: null })
})

// The engine tells of its own doing at a tick: without prices halted, back in stages, held while the contract is paused.
test.each([
  ['Tick', halted, 'prices', null],
  ['Tick', cancelOnly, 'reopening', 10_000],
  ['Tick', postOnly, 'reopening', 20_000],
  ['ReopenMarket', cancelOnly, 'reopening', 10_000],
  ['ReopenMarket', trading, 'open', null],
  ['Tick', trading, 'open', null],
  ['Tick', reduceOnly, 'pause', null],
  ['ChainNotice', reduceOnly, 'pause', null],
  ['SetMarketState', halted, 'operator', null],
  ['SetMarketState', postOnly, 'operator', null],
  ['SetMarketState', trading, 'open', null],
] as const)('%s to state %i: %s', (command, state, reason, afterMs) => {
  const market = marketOf({ fixedIndexTicks: 0 })
  market.setRisk({ ...market.risk, cancelOnlyS: 10, postOnlyS: 20 })
  market.indexTimeMs = INDEX_MS
  market.setState(state, INDEX_MS, command)
  const untilMs = afterMs === null ? null : INDEX_MS + afterMs
  expect(market.open(INDEX_MS + 1)).toEqual({ state, sinceMs: INDEX_MS, reason, untilMs })
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
