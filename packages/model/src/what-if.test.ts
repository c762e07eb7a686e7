import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { accountRisk, type RiskAccount, type RiskMarket, riskLevel } from './account-risk.ts'
import { maintenanceTierOf, marginTiersOf } from './margin-tiers.ts'
import { sensitivities, whatIf } from './what-if.ts'

const USDC = 1_000_000
const base: RiskMarket = {
  market: 0,
  markTicks: 60_000,
  meanMarkTicks: 60_000,
  indexTicks: 60_000,
  quotePerTickLot: 100,
  takerFee: 45,
  imBps: 500,
  mmBps: 250,
  boundUsdc: [2_000, 9_000, 0],
  imfPpm: [80_000, 200_000, 0],
  openInterestLots: 1_000,
  oiLowUsdc: 0,
  oiHighUsdc: 0,
  openingGainPpm: 1_000_000,
  isVolatile: false,
  volatilityPpm: 0,
  depthQuote: 0,
}
const marketsAt = (...marks: number[]) =>
  new Map(
    marks.map((markTicks, market) => [
      market,
      { ...base, market, markTicks, meanMarkTicks: markTicks, indexTicks: markTicks },
    ]),
  )
const holding = (market: number, lots: number, entryTicks = 60_000) => ({
  market,
  lots,
  entryCostQuote: lots * entryTicks * 100,
  fundingDueQuote: 0,
  leverage: 0,
  orders: [],
})

const lots = fc.integer({ min: -3_000, max: 3_000 }).filter((n) => n !== 0)
const mark = fc.integer({ min: 1_000, max: 500_000 })

describe('sensitivities', () => {
  test('equal finite differences: equity exactly, maintenance within its rounding, in one tier', () => {
    let compared = 0
    fc.assert(
      fc.property(
        fc.tuple(lots, lots),
        fc.tuple(mark, mark),
        fc.integer({ min: 0, max: 1 }),
        fc.integer({ min: -500, max: 500 }),
        (held, marks, moved, step) => {
          const account = { cashQuote: 1_000 * USDC, holdings: held.map((n, m) => holding(m, n)) }
          const tier = (ticks: number) =>
            maintenanceTierOf(Math.abs(held[moved] ?? 0) * ticks * 100, marginTiersOf(base))
          const from = marks[moved] ?? 0
          const before = accountRisk(account, marketsAt(...marks))
          const after = accountRisk(
            account,
            marketsAt(...marks.map((ticks, m) => (m === moved ? ticks + step : ticks))),
          )
          const own = sensitivities(account, marketsAt(...marks))[moved]
          expect(after.equityQuote - before.equityQuote).toBe(step * (own?.equityPerTick ?? 0) + 0)
          if (tier(from).ratePpm !== tier(from + step).ratePpm) return
          const maintenance = after.maintenanceMarginQuote - before.maintenanceMarginQuote
          const perTick = own?.maintenancePerTickE6 ?? 0
          expect(Math.abs(maintenance - (step * perTick) / 1e6)).toBeLessThan(1)
          const buffer = after.equityQuote - after.maintenanceMarginQuote
          const was = before.equityQuote - before.maintenanceMarginQuote
          const slope = own?.bufferPerTickE6 ?? 0
          expect(Math.abs(buffer - was - (step * slope) / 1e6)).toBeLessThan(1)
          compared += 1
        },
      ),
    )
    expect(compared).toBeGreaterThan(50)
  })

  test('a percent and an hour of funding', () => {
    const account = { cashQuote: 0, holdings: [holding(0, -7)] }
    // −7 lots × 100 u a tick: 1 % of 60,000 ticks is 600. An hour at 100 ppm of eight hours: 42,000,000 u × 0.01 % / 8.
    const [own] = sensitivities(account, marketsAt(60_000))
    expect(own).toMatchObject({ equityPerTick: -700, equityPerPercent: -420_000 })
    expect(((own?.fundingPerRateE6 ?? 0) * 1_000_000) / 1e6).toBe(-525)
  })
})

describe('what-if', () => {
  const account: RiskAccount = { cashQuote: 1_000 * USDC, holdings: [holding(0, 100)] }

  test('shocks move the price of one market or of all', () => {
    const all = whatIf(account, marketsAt(60_000, 60_000), {
      trades: [],
      shocks: [{ movePpm: -100_000 }],
    })
    expect(all.after.equityQuote).toBe(1_000 * USDC + 100 * 54_000 * 100)
    const one = whatIf(account, marketsAt(60_000, 60_000), {
      trades: [{ market: 1, side: 1, lots: 100, fee: 0 }],
      shocks: [{ market: 0, ticks: 30_000 }],
    })
    expect(one.after.unrealizedQuote).toBe(-100 * 30_000 * 100)
    expect(one.traded.unrealizedQuote).toBe(0)
  })

  test('a trade back to flat leaves the fee and nothing else', () => {
    const flat = whatIf({ cashQuote: 700 * USDC, holdings: [] }, marketsAt(60_000), {
      trades: [
        { market: 0, side: 0, lots: 9 },
        { market: 0, side: 1, lots: 9 },
      ],
      shocks: [],
    })
    expect(flat.feesQuote).toBe(2 * 24_300)
    expect(flat.after).toMatchObject({ cashQuote: 700 * USDC - 48_600, holdings: [] })
  })

  test('refuses what is no trade and no move', () => {
    const markets = marketsAt(60_000)
    const trade = { market: 0, side: 0, lots: 1 } as const
    const bad = [
      { trades: [{ ...trade, market: 9 }], shocks: [] },
      { trades: [{ ...trade, lots: 0 }], shocks: [] },
      { trades: [{ ...trade, lots: 1.5 }], shocks: [] },
      { trades: [{ ...trade, lots: 2 ** 50 }], shocks: [] },
      { trades: [{ ...trade, priceTicks: 0 }], shocks: [] },
      { trades: [{ ...trade, fee: 256 }], shocks: [] },
      { trades: [], shocks: [{ movePpm: -1_000_000 }] },
      { trades: [], shocks: [{ market: 9, movePpm: 1 }] },
      { trades: [], shocks: [{ market: 0, ticks: 0 }] },
    ]
    for (const idea of bad) expect(() => whatIf(account, markets, idea)).toThrow(RangeError)
  })
})

test('levels: below, at and above each bound', () => {
  expect(riskLevel(0, 0, 0)).toBe('safe')
  expect(riskLevel(-1, 0, 0)).toBe('restricted')
  expect([99, 100, 119, 120, 149, 150, 199, 200].map((e) => riskLevel(e, 200, 100))).toEqual([
    'liquidation',
    'danger',
    'danger',
    'warning',
    'warning',
    'restricted',
    'restricted',
    'safe',
  ])
})
