// Published funding data through the engine's own functions. It stays outside the repository, so the test says when it is
// absent. A premium is 1e-10 of the index, a rate that of eight hours in 1e-10; Hyperliquid's rates are hourly, an eighth.
// oxlint-disable-next-line no-restricted-imports -- a test may read files
import { existsSync, readFileSync } from 'node:fs'
// oxlint-disable-next-line no-restricted-imports -- a test may read files
import { fileURLToPath } from 'node:url'
// oxlint-disable-next-line no-restricted-imports -- a test may read files
import { gunzipSync } from 'node:zlib'
import { fundingPaymentQuote } from '@plumb/model'
import { describe, expect, test } from 'vitest'
import { indexMove, rateOfPremium } from './funding.ts'
import { Scenario, scenarioMarket } from './reference/scenario.ts'

const folder = fileURLToPath(new URL('../../../../shared/data/funding/', import.meta.url))
const present = existsSync(folder)
const UNIT = 1e10
const HOUR_S = 3_600
const LOTS_PER_COIN = 1e8
/** Half a digit of what is published, and what doubles add to it. */
const HALF = 0.5001
/** Maintenance margin of a 40 × market: its cap of the rate is beyond every row. */
const BTC_MM_BPS = 125

const DAY_S = 86_400
/** Seconds since midnight of 2021-07-22T22:36:05.000Z and the like. */
function secondOfDay(stamp = ''): number {
  const [hours = 0, minutes = 0, seconds = 0] = stamp.slice(11, 19).split(':').map(Number)
  return HOUR_S * hours + 60 * minutes + seconds
}

type Row = Record<string, string>

function rows(file: string): Row[] {
  const bytes = readFileSync(folder + file)
  const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8')
  const [head = '', ...lines] = text.trim().split('\n')
  const names = head.split(',')
  return lines.map((line) => {
    const cells = line.split(',')
    return Object.fromEntries(names.map((name, i) => [name, cells[i] ?? '']))
  })
}

const field = (row: Row, name: string) => Number(row[name])
const decimals = (text = '') => text.split('.')[1]?.length ?? 0

describe.runIf(present)('funding data', () => {
  test('Hyperliquid: 960 of 960 hourly rates follow from their premiums', () => {
    const data = rows('hyperliquid_BTC_2026-04-26_2026-06-05.csv.gz')
    const off = data.filter((row) => {
      const premium = Math.round(field(row, 'premium') * UNIT)
      const hourly = rateOfPremium(premium, BTC_MM_BPS) / 8
      return Math.abs(hourly - field(row, 'funding_rate') * UNIT) > HALF
    })
    expect([data.length, off]).toEqual([960, []])
  })

  test('Hyperliquid: 92 of 92 premiums follow from their impact prices', () => {
    const data = rows('hyperliquid_impact_premium.csv')
    const off = data.filter((row) => {
      const sampled = samplePremium(row)
      return Math.abs(sampled - field(row, 'premium') * UNIT) > 2 * HALF
    })
    expect([data.length, off]).toEqual([92, []])
  })

  // The oracle's price is not in the file, so it is the one that makes the amount; sign and rounding are the engine's.
  test('Hyperliquid: 218 of 218 payments, sign and sum', () => {
    const data = rows('hyperliquid_user_funding_payments_2023.csv.gz')
    let received = 0
    for (const row of data) {
      const lots = Math.round(field(row, 'szi') * LOTS_PER_COIN)
      const rate = Math.round(field(row, 'fundingRate') * UNIT)
      const usdc = Math.round(field(row, 'usdc') * 1e6)
      // Micro-USDC of a whole coin for each lot make the payment LOTS_PER_COIN times too large; it must stay below 2^53.
      const shrink = Math.max(1, 10 ** Math.ceil(Math.log10(Math.abs(usdc) / 9e7)))
      const price = Math.round(Math.abs((usdc * UNIT * LOTS_PER_COIN) / (lots * rate)) / shrink)
      const move = indexMove(rate, 8 * HOUR_S, price, 1)
      const pays = (fundingPaymentQuote(lots, move) / LOTS_PER_COIN) * shrink
      expect(Math.sign(pays)).toBe(-Math.sign(usdc))
      received -= Math.round(pays)
    }
    // The price is only known to a millionth, so the sum is exact to a micro-USDC a row.
    expect(data.length).toBe(218)
    expect(Math.abs(received - 695_136_103)).toBeLessThanOrEqual(data.length)
  })

  // A variant: BitMEX marks at the index and the funding still to come, Plumb at the book. The funding to come is the
  // engine's own accrual over the seconds left, and every such mark is within the engine's band around the index.
  test('BitMEX: 12 of 12 marks are the index and the engine’s accrual of the time left', () => {
    const data = rows('bitmex_mark_price_2021-07-22.csv')
    for (const row of data) {
      const digits = Math.max(decimals(row['markPrice']), decimals(row['indicativeSettlePrice']))
      const scale = 10 ** digits
      const index = Math.round(field(row, 'indicativeSettlePrice') * scale)
      const seconds = DAY_S + secondOfDay(row['fundingTimestamp']) - secondOfDay(row['timestamp'])
      // Prices in 1e-6 of the last digit: the accrual counts micro-units.
      const rate = Math.round(field(row, 'fundingRate') * UNIT)
      const mark = index + indexMove(rate, seconds, index, 1) / 1e6
      expect(Math.abs(mark - field(row, 'markPrice') * scale)).toBeLessThanOrEqual(1)
      expect(Math.abs(mark / index - 1)).toBeLessThan(scenarioMarket.markBandPpm / 1e6)
    }
    expect(data.length).toBe(12)
  })
})

const at = (price: number) => price / 10
/** Twice the impact notional of 10,000 USDC. */
const size = (price: number) => Math.ceil(2e10 / price) / 1_000

/** The engine's sample of a book that has all its depth at the row's impact prices. */
function samplePremium(row: Row): number {
  const prices = ['oraclePx', 'impactBidPx', 'impactAskPx']
  const scale = 10 ** Math.max(...prices.map((name) => decimals(row[name])))
  const [oracle = 0, bid = 0, ask = 0] = prices.map((name) => Math.round(field(row, name) * scale))
  const limits = { accounts: 4, openOrders: 16, pages: 8, pageDirectories: 8, lanePages: 8 }
  const market = {
    ...scenarioMarket,
    priceBandPpm: 0,
    quotePerTickLot: 1,
    maxOrderLots: 1e12,
    maxPositionLots: 1e13,
  }
  const scenario = new Scenario(limits, [market])
  scenario.run('deposit alice 1_000_000_000')
  scenario.run('deposit bob 1_000_000_000')
  const publish = () => {
    scenario.run(`index ${at(oracle)} 0`)
    scenario.run(`index ${at(oracle)} 1`)
    scenario.run('tick')
  }
  publish()
  expect(scenario.run(`place alice buy ${size(bid)} @ ${at(bid)}`)).toBe('rests')
  expect(scenario.run(`place bob sell ${size(ask)} @ ${at(ask)}`)).toBe('rests')
  scenario.timeMs += 5_000
  publish()
  return scenario.engine.market(0)?.premium ?? 0
}

test.skipIf(present)(`funding data is not run: ${folder} is absent`, () => undefined)
