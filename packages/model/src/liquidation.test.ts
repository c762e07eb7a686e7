// oxlint-disable-next-line no-restricted-imports -- a test may read files
import { existsSync, readFileSync } from 'node:fs'
// oxlint-disable-next-line no-restricted-imports -- a test may read files
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { limits } from './limits.ts'
import {
  bankruptcyQuote,
  deficitShareQuote,
  equityShareQuote,
  isBelowTwoThirds,
  type LiquidationState,
  liquidationFeeQuote,
  liquidationLimitTicks,
  takeoverQuote,
} from './liquidation.ts'
import { maintenanceMarginQuote } from './risk.ts'

const FEE_PPM = 15_000
const MM_BPS = 250

/** An account with one position in this market and `otherMaintenance` elsewhere, below maintenance margin. */
const liquidated = fc
  .record({
    markTicks: fc.integer({ min: 1, max: 10_000_000 }),
    size: fc.integer({ min: 1, max: 1_000_000 }),
    long: fc.boolean(),
    quotePerTickLot: fc.constantFrom(1, 10, 100),
    otherMaintenance: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 1e12 })),
    health: fc.integer({ min: -2_000_000, max: 999_999 }),
  })
  .map(({ size, long, otherMaintenance, health, markTicks, quotePerTickLot }) => {
    const lots = long ? size : 0 - size
    const notional = size * markTicks * quotePerTickLot
    const marketMaintenanceQuote = maintenanceMarginQuote(notional, MM_BPS)
    const maintenanceQuote = marketMaintenanceQuote + otherMaintenance
    const equityQuote = Number((BigInt(maintenanceQuote) * BigInt(health)) / 1_000_000n)
    return {
      markTicks,
      quotePerTickLot,
      lots,
      equityQuote,
      maintenanceQuote,
      marketMaintenanceQuote,
    }
  })

const ceilDiv = (a: bigint, b: bigint) => (a + b - 1n) / b
const valueOf = (s: LiquidationState) => s.lots * s.markTicks * s.quotePerTickLot

describe('the limit of a liquidation', () => {
  test('is never beyond mark less 1.5 × MM, never beyond the bankruptcy price, never better than mark', () => {
    fc.assert(
      fc.property(liquidated, (s) => {
        const ticks = liquidationLimitTicks(s)
        const long = s.lots > 0
        expect(long ? ticks <= s.markTicks : ticks >= s.markTicks).toBe(true)
        // Selling everything at the limit costs the account at most its share of a positive equity.
        const receipt = s.lots * ticks * s.quotePerTickLot
        const lost = valueOf(s) - receipt
        const share = equityShareQuote(s.equityQuote, s.marketMaintenanceQuote, s.maintenanceQuote)
        expect(lost).toBeLessThanOrEqual(Math.max(0, share))
        expect(lost).toBeLessThanOrEqual(1.5 * s.marketMaintenanceQuote)
      }),
      { numRuns: 3_000 },
    )
  })

  test('is the exact rational where the spread decides: one tick further would pass it', () => {
    fc.assert(
      fc.property(liquidated, (s) => {
        fc.pre(!isBelowTwoThirds(s.equityQuote, s.maintenanceQuote))
        const ticks = liquidationLimitTicks(s)
        const short = BigInt(s.maintenanceQuote - s.equityQuote)
        const k = 1_000_000n * BigInt(s.maintenanceQuote)
        const exact = (price: number) =>
          BigInt(price) * k * BigInt(s.lots) * BigInt(s.quotePerTickLot)
        const bound = BigInt(valueOf(s)) * k - short * 1_500_000n * BigInt(s.marketMaintenanceQuote)
        const further = s.lots > 0 ? ticks - 1 : ticks + 1
        expect(exact(ticks) >= bound).toBe(true)
        if (further >= 1) expect(exact(further) < bound).toBe(true)
      }),
      { numRuns: 3_000 },
    )
  })

  test('stays a price', () => {
    const point = { equityQuote: 66, maintenanceQuote: 99, marketMaintenanceQuote: 99 }
    expect(liquidationLimitTicks({ ...point, lots: 10, markTicks: 1, quotePerTickLot: 1 })).toBe(1)
    expect(
      liquidationLimitTicks({
        ...point,
        lots: -1,
        markTicks: limits.priceTicksMax,
        quotePerTickLot: 1,
      }),
    ).toBe(limits.priceTicksMax)
  })
})

describe('the bankruptcy quote', () => {
  test('and the fee leave the ratio of equity to ΣMM no worse, whatever the fill', () => {
    fc.assert(
      fc.property(liquidated, fc.nat(1_000_000), fc.integer(), (s, part, dice) => {
        const size = Math.abs(s.lots)
        const closed = Math.max(1, Math.floor((size * part) / 1_000_000))
        const d = s.lots > 0 ? 0 - closed : closed
        const after = maintenanceMarginQuote(
          (size - closed) * s.markTicks * s.quotePerTickLot,
          MM_BPS,
        )
        const released = s.marketMaintenanceQuote - after
        const beta = bankruptcyQuote(s, d, released)
        const value = 0 - d * s.markTicks * s.quotePerTickLot
        const fill = value + (dice % (1 + Math.floor(Math.abs(value) / 10)))
        const fee = liquidationFeeQuote(fill, beta, FEE_PPM)
        const equityAfter = s.equityQuote + fill - fee - value
        const maintenanceAfter = s.maintenanceQuote - released
        expect(
          BigInt(equityAfter) * BigInt(s.maintenanceQuote) >=
            BigInt(s.equityQuote) * BigInt(maintenanceAfter),
        ).toBe(true)
        // Insurance is paid only out of what is better than bankruptcy, and pays only what is missing to it.
        if (fee < 0) expect(fill - fee).toBe(beta)
        else expect(fill - fee).toBeGreaterThanOrEqual(beta)
      }),
      { numRuns: 3_000 },
    )
  })

  test('closing everything leaves a bankrupt account with exactly nothing', () => {
    fc.assert(
      fc.property(liquidated, (s) => {
        fc.pre(s.equityQuote < 0 && s.maintenanceQuote === s.marketMaintenanceQuote)
        const beta = bankruptcyQuote(s, 0 - s.lots, s.marketMaintenanceQuote)
        expect(s.equityQuote - valueOf(s) + beta).toBe(0)
      }),
    )
  })
})

describe('a takeover', () => {
  test('leaves the account at most the fee off mark and at least nothing, insurance paid', () => {
    fc.assert(
      fc.property(liquidated, (s) => {
        const off = valueOf(s) - takeoverQuote(s, FEE_PPM)
        const deficit = deficitShareQuote(s)
        expect(off).toBeGreaterThanOrEqual(0)
        expect(BigInt(off)).toBeLessThanOrEqual(
          ceilDiv(BigInt(Math.abs(valueOf(s))) * BigInt(FEE_PPM), 1_000_000n),
        )
        const exact = ceilDiv(
          BigInt(-s.equityQuote) * BigInt(s.marketMaintenanceQuote),
          BigInt(s.maintenanceQuote),
        )
        expect(BigInt(deficit)).toBe(s.equityQuote < 0 ? exact : 0n)
        // What is left of equity still stands behind the rest of the positions in the same ratio, or better.
        const rest = s.maintenanceQuote - s.marketMaintenanceQuote
        const left = s.equityQuote - off + deficit
        expect(
          BigInt(left) * BigInt(s.maintenanceQuote) >= BigInt(s.equityQuote) * BigInt(rest),
        ).toBe(true)
        if (rest === 0) expect(left).toBeGreaterThanOrEqual(0)
      }),
      { numRuns: 3_000 },
    )
  })

  test('two thirds are exact beyond 2^53', () => {
    const maintenance = 3 * 2 ** 50
    expect(isBelowTwoThirds(2 * 2 ** 50, maintenance)).toBe(false)
    expect(isBelowTwoThirds(2 * 2 ** 50 - 1, maintenance)).toBe(true)
    expect(isBelowTwoThirds(-1, maintenance)).toBe(true)
  })
})

type Position = { s: number; M: number; q: number; mmf_ppm: number }
type Vector = {
  id: string
  kind: string
  engine?: Position & {
    cash_u: number
    S_ppm: number
    positions: Position[]
    close: { index: number; d: number }
    expected: { limitTick?: number; quote_u?: number }
  }
}

const file = fileURLToPath(
  new URL('../../../../shared/reference/vectors/risk-vectors.json', import.meta.url),
)
const vectors: Vector[] = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).vectors : []
const ofKind = (kind: string) =>
  vectors.filter((v) => v.kind === kind && v.engine !== undefined).map((v) => [v.id, v] as const)

const marginOf = (p: Position, lots = p.s) =>
  Math.ceil((Math.abs(lots) * p.M * p.q * p.mmf_ppm) / 1_000_000)

/** The liquidation state of one of the positions of a vector. */
function stateOf(cash: number, positions: readonly Position[], index: number): LiquidationState {
  const own = positions[index]
  if (own === undefined) throw new Error('vector without a position')
  return {
    equityQuote: positions.reduce((sum, p) => sum + p.s * p.M * p.q, cash),
    maintenanceQuote: positions.reduce((sum, p) => sum + marginOf(p), 0),
    marketMaintenanceQuote: marginOf(own),
    lots: own.s,
    markTicks: own.M,
    quotePerTickLot: own.q,
  }
}

describe.skipIf(vectors.length === 0)('published examples (skipped without ../shared)', () => {
  test.each(ofKind('fillable-price'))('%s', (_, { engine }) => {
    if (engine === undefined) throw new Error('no engine form')
    const state = stateOf(engine.cash_u, [engine], 0)
    expect(liquidationLimitTicks(state, engine.S_ppm)).toBe(engine.expected.limitTick)
  })

  test.each(ofKind('bankruptcy-quote'))('%s', (_, { engine }) => {
    if (engine === undefined) throw new Error('no engine form')
    const { positions, close, cash_u } = engine
    const own = positions[close.index]
    if (own === undefined) throw new Error('no such position')
    const state = stateOf(cash_u, positions, close.index)
    const released = marginOf(own) - marginOf(own, own.s + close.d)
    expect(bankruptcyQuote(state, close.d, released)).toBe(engine.expected.quote_u)
  })

  test('there are five of them', () => {
    expect(ofKind('fillable-price').length + ofKind('bankruptcy-quote').length).toBe(5)
  })
})
