// oxlint-disable-next-line no-restricted-imports -- a test may read files
import { existsSync, readFileSync } from 'node:fs'
// oxlint-disable-next-line no-restricted-imports -- a test may read files
import { fileURLToPath } from 'node:url'
// oxlint-disable-next-line no-restricted-imports -- a test may read files
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type AdlCandidate, adlLeverage, adlWeight, deleverage, rankAdl } from './adl.ts'

const USDC = 1_000_000

const candidates = fc
  .uniqueArray(
    fc.record({
      accountId: fc.integer({ min: 1, max: 60 }),
      lots: fc.integer({ min: 1, max: 1_000 }),
      gainQuote: fc.oneof(fc.constant(0), fc.nat(1e6), fc.nat(1e12)),
      equityQuote: fc.oneof(fc.integer({ min: -1e6, max: 1e6 }), fc.nat(1e13)),
      notionalQuote: fc.integer({ min: 1, max: 1e13 }),
    }),
    { maxLength: 30, selector: (c) => c.accountId },
  )
  .map((list) => rankAdl(list))
const deficit = fc.oneof(fc.constant(0), fc.nat(1_000), fc.nat(1e12))
const position = fc.integer({ min: 1, max: 20_000 })
const ceilDiv = (a: bigint, b: bigint) => (a + b - 1n) / b
const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0)

describe('deleveraging pro rata', () => {
  test('closes what can be closed, and the shares are exactly the deficit of that', () => {
    fc.assert(
      fc.property(position, deficit, candidates, (lots, delta, ranked) => {
        const parts = deleverage(lots, delta, ranked)
        const closed = total(parts.map((part) => part.lots))
        expect(closed).toBeLessThanOrEqual(lots)
        const shares = total(parts.map((part) => part.shareQuote))
        if (closed === lots) expect(shares).toBe(delta)
        expect(BigInt(shares)).toBe(ceilDiv(BigInt(delta) * BigInt(closed), BigInt(lots)))
        const own = new Map(ranked.map((c) => [c.accountId, c]))
        const broken = parts.filter((part) => {
          const c = own.get(part.accountId)
          if (c === undefined || part.lots > c.lots) return true
          // The same price for all: each bears its lots' part of δ within a unit, a partial round one more of rounding.
          const fair = BigInt(delta) * BigInt(part.lots)
          const unit = closed === lots ? 0n : 1n
          const share = BigInt(part.shareQuote)
          const even = share <= ceilDiv(fair, BigInt(lots)) + unit && share >= fair / BigInt(lots)
          return !even || (delta > 0 && fair > BigInt(c.equityQuote) * BigInt(lots))
        })
        expect(broken).toEqual([])
        // Something is left only if everybody gave all it had: another lot would cost more than its equity.
        const taken = new Map(parts.map((part) => [part.accountId, part.lots]))
        const idle = ranked.filter((c) => {
          const given = taken.get(c.accountId) ?? 0
          const another = BigInt(given + 1) * BigInt(delta)
          const can = delta === 0 || another <= BigInt(Math.max(0, c.equityQuote)) * BigInt(lots)
          return given < c.lots && can
        })
        if (closed < lots) expect(idle).toEqual([])
      }),
      { numRuns: 1_000 },
    )
  })

  test('nobody gives more than its profit while others have profit left', () => {
    fc.assert(
      fc.property(position, deficit, candidates, (lots, delta, ranked) => {
        fc.pre(delta > 0)
        const parts = deleverage(lots, delta, ranked)
        const taken = new Map(parts.map((part) => [part.accountId, part.lots]))
        const bearable = (c: AdlCandidate) =>
          adlWeight(c) === 0n
            ? 0n
            : (BigInt(Math.max(0, Math.min(c.gainQuote, c.equityQuote))) * BigInt(lots)) /
              BigInt(delta)
        const over = ranked.some((c) => BigInt(taken.get(c.accountId) ?? 0) > bearable(c))
        if (!over) return
        for (const c of ranked) {
          const given = BigInt(taken.get(c.accountId) ?? 0)
          expect(given >= bearable(c) || given === BigInt(c.lots)).toBe(true)
        }
      }),
      { numRuns: 1_000 },
    )
  })

  test('does not depend on the order in which accounts are found', () => {
    fc.assert(
      fc.property(position, deficit, candidates, fc.infiniteStream(fc.nat()), (l, d, ranked, r) => {
        const shuffled = ranked
          .map((c) => ({ c, at: r.next().value ?? 0 }))
          .toSorted((a, b) => a.at - b.at)
          .map(({ c }) => c)
        expect(deleverage(l, d, rankAdl(shuffled))).toEqual(deleverage(l, d, ranked))
      }),
    )
  })

  test('in proportion to gain × leverage, floors first, then the largest remainder', () => {
    // Weights 3 : 2 : 1 over 10 lots: 5, 3.33…, 1.66… → 5, 3, 2 and shares of 100: 50, 30, 20.
    const same = { lots: 100, equityQuote: 1_000, notionalQuote: 1_000 }
    const ranked = rankAdl([
      { accountId: 1, gainQuote: 200, ...same },
      { accountId: 2, gainQuote: 300, ...same },
      { accountId: 3, gainQuote: 100, ...same },
    ])
    expect(deleverage(10, 100, ranked)).toEqual([
      { accountId: 2, lots: 5, shareQuote: 50 },
      { accountId: 1, lots: 3, shareQuote: 30 },
      { accountId: 3, lots: 2, shareQuote: 20 },
    ])
  })

  test('a capped account leaves and the rest is shared anew; then size within equity', () => {
    // δ = 100 over 10 lots: 10 a lot. Account 1 has profit for 2 lots, account 2 for 5; account 3 has none, equity for 4.
    const ranked = rankAdl([
      { accountId: 1, lots: 50, gainQuote: 20, equityQuote: 25, notionalQuote: 5_000 },
      { accountId: 2, lots: 50, gainQuote: 50, equityQuote: 50, notionalQuote: 50 },
      { accountId: 3, lots: 50, gainQuote: 0, equityQuote: 49, notionalQuote: 50 },
    ])
    // Leverage 100 (its cap) and 1: weights 20 × 100,000 and 50 × 1,000. Account 1 would get 9 of 10, is capped at 2;
    // account 2 then gets all 8, is capped at 5. The 3 left: sizes 48 : 45 : 50, but accounts 1 and 2 have no equity left.
    expect(deleverage(10, 100, ranked)).toEqual([
      { accountId: 1, lots: 2, shareQuote: 20 },
      { accountId: 2, lots: 5, shareQuote: 50 },
      { accountId: 3, lots: 3, shareQuote: 30 },
    ])
  })

  test('a unit of the deficit that two owe alike is borne by the lower id, whatever its rank', () => {
    const terms = { lots: 1, equityQuote: 100, notionalQuote: 100 }
    const ranked = [
      { accountId: 2, gainQuote: 50, ...terms },
      { accountId: 1, gainQuote: 40, ...terms },
    ]
    expect(deleverage(2, 1, ranked)).toEqual([
      { accountId: 2, lots: 1, shareQuote: 0 },
      { accountId: 1, lots: 1, shareQuote: 1 },
    ])
  })

  test('leverage is capped and needs equity', () => {
    const cases = [
      [0, 5, 0],
      [-1, 5, 0],
      [2, 5, 2_500],
      [3, 10, 3_333],
      [1, 100, 100_000],
      [1, 2 ** 52, 100_000],
      [2 ** 51, 2 ** 52, 2_000],
    ] as const
    for (const [equityQuote, notionalQuote, expected] of cases)
      expect(adlLeverage({ accountId: 1, lots: 1, gainQuote: 1, equityQuote, notionalQuote })).toBe(
        expected,
      )
  })

  test('nobody on the other side: nothing is closed', () => {
    expect(deleverage(5, 100, [])).toEqual([])
  })
})

const file = fileURLToPath(
  new URL(
    '../../../../shared/data/liquidations/adl_2025-10-10_per_shock_queue.csv.gz',
    import.meta.url,
  ),
)
type Shock = { deficit: number; capacity: number; queue: number }
const shocks: Shock[] = !existsSync(file)
  ? []
  : gunzipSync(readFileSync(file))
      .toString()
      .trim()
      .split('\n')
      .slice(1)
      .map((row) => {
        const at = row.split(',')
        const unit = (i: number) => Math.round(Number(at[i]) * USDC)
        return { deficit: unit(4), capacity: unit(5), queue: unit(6) }
      })

/** What pro rata takes in a shock: its capacity held by seven winners of different size, one lot for each USDC of it. */
function proRata({ deficit: delta, capacity }: Shock): number {
  const lots = Math.max(1, Math.ceil(delta / USDC))
  const ranked = rankAdl(
    [1, 2, 3, 4, 5, 6, 7].map((accountId) => ({
      accountId,
      lots,
      gainQuote: Math.floor((capacity * accountId) / 28),
      equityQuote: Math.floor((capacity * accountId) / 28),
      notionalQuote: 10 * lots * accountId,
    })),
  )
  return total(deleverage(lots, delta, ranked).map((part) => part.shareQuote))
}

const inMillions = (quote: number) => (quote / USDC / 1e6).toFixed(2)
const over = (taken: (shock: Shock) => number) =>
  total(shocks.map((shock) => Math.max(0, taken(shock) - shock.deficit)))
const short = (taken: (shock: Shock) => number) =>
  total(shocks.map((shock) => Math.max(0, shock.deficit - taken(shock))))
const queueOver = over((shock) => shock.queue)
const queueShort = short((shock) => shock.queue)

describe.skipIf(shocks.length === 0)(
  'Hyperliquid, 10 October 2025 (skipped without ../shared)',
  () => {
    test(`${shocks.length} shocks: the queue overshot by $${inMillions(queueOver)} M and left $${inMillions(queueShort)} M, pro rata overshoots by $${inMillions(over(proRata))} M and leaves $${inMillions(short(proRata))} M`, () => {
      expect(shocks.length).toBe(1_125)
      expect(inMillions(queueOver)).toBe('653.55')
      for (const shock of shocks) {
        const taken = proRata(shock)
        // Exactly the deficit wherever the winners' profit can bear it, in whole lots of it; never a unit more.
        expect(taken).toBeLessThanOrEqual(shock.deficit)
        if (shock.capacity >= shock.deficit + 8 * USDC) expect(taken).toBe(shock.deficit)
      }
    })
  },
)
