import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { accountRisk, type MarketRisk } from './account-risk.ts'

const market = (id: number, markTicks: number, fundingIndex = 0): MarketRisk => ({
  market: id,
  markTicks,
  fundingIndex,
  quotePerTickLot: 100,
  imBps: 200,
  mmBps: 100,
})
const markets = (...list: MarketRisk[]) => new Map(list.map((m) => [m.market, m]))
const position = (id: number, lots: number) => ({ market: id, lots, fundingIndex: 0 })

describe('account risk', () => {
  test('an account without positions is its cash', () => {
    expect(accountRisk(5_000, [], markets())).toEqual({
      cashQuote: 5_000,
      equityQuote: 5_000,
      initialMarginQuote: 0,
      maintenanceMarginQuote: 0,
      positions: [],
    })
  })

  test('a long of 0.1 BTC bought at 60,000 with 1,000 USDC is liquidated near 50,505', () => {
    const cash = 1_000_000_000 - 600_000 * 100 * 100
    const risk = accountRisk(cash, [position(0, 100)], markets(market(0, 600_000)))
    expect(risk).toMatchObject({
      equityQuote: 1_000_000_000,
      initialMarginQuote: 120_000_000,
      maintenanceMarginQuote: 60_000_000,
    })
    expect(risk.positions[0]?.liquidationPriceTicks).toBe(505_051)
  })

  test('funding due counts against equity before it is settled', () => {
    const held = [position(0, 100)]
    const before = accountRisk(0, held, markets(market(0, 600_000)))
    const after = accountRisk(0, held, markets(market(0, 600_000, 30_000_001)))
    expect(after.positions[0]?.pendingFundingQuote).toBe(3_001)
    expect(after.equityQuote).toBe(before.equityQuote - 3_001)
  })

  test('a covered account has no liquidation price', () => {
    const risk = accountRisk(1e12, [position(0, 100)], markets(market(0, 600_000)))
    expect(risk.positions[0]?.liquidationPriceTicks).toBeNull()
  })

  test('at the liquidation price equity is at maintenance, one tick safer it is not below', () => {
    const lots = fc.integer({ min: -5_000, max: 5_000 }).filter((n) => n !== 0)
    const cases = fc.record({ lots, other: lots, mark: fc.integer({ min: 1_000, max: 900_000 }) })
    fc.assert(
      fc.property(cases, fc.double({ min: 0.02, max: 0.9 }), ({ lots: a, other, mark }, cover) => {
        const list = [market(0, mark), market(1, 30_000)]
        const held = [position(0, a), position(1, other)]
        const flat = accountRisk(0, held, markets(...list))
        const cash = Math.ceil(flat.maintenanceMarginQuote * (1 + cover)) - flat.equityQuote
        const risk = accountRisk(cash, held, markets(...list))
        const price = risk.positions[0]?.liquidationPriceTicks ?? null
        if (price === null || price > 4_000_000_000) return
        const at = (ticks: number) => {
          const r = accountRisk(cash, held, markets(market(0, ticks), market(1, 30_000)))
          return r.equityQuote - r.maintenanceMarginQuote
        }
        // Two market roundings of one micro-USDC each.
        expect(at(price + Math.sign(a))).toBeGreaterThanOrEqual(-2)
        if (price - 2 * Math.sign(a) > 0)
          expect(at(price - 2 * Math.sign(a))).toBeLessThanOrEqual(2)
      }),
    )
  })
})
