import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Segment } from './batch.ts'
import { testConfig } from './config.ts'
import { encodeBatch } from './encode-batch.ts'
import { SESSION_FLAG } from './key-orders.ts'
import { type Random, seededRandom } from './testing/random.ts'
import { RandomBatches, SUBACCOUNTS, sessionKeys, traders } from './testing/random-batches.ts'
import {
  GENESIS,
  type SettlementWorld,
  startSettlementWorld,
  testMarkets,
} from './testing/settlement-world.ts'

const { twinBatches: batches, twinSeed: firstSeed, twinSeeds } = testConfig
const seeds = Array.from({ length: twinSeeds }, (_, i) => firstSeed + i)
/**
 * What an account costs more whose only position stands outside its word, where closed ones were before: the twin does not
 * know. A batch's gas limit has ten times as much to spare.
 */
const OUTSIDE_GAS = 25_000

describe('SettlementTwin says what the contract does', () => {
  let world: SettlementWorld

  beforeEach(async () => {
    world = await startSettlementWorld(1_800_000_000)
  })
  afterEach(async () => {
    await world.anvil.stop()
  })

  test.each(seeds)(
    `over ${batches} random batches, seed %i`,
    {
      timeout: 60_000 + batches * 5_000,
    },
    async (seed) => {
      const random = seededRandom(seed)
      const draw = new RandomBatches(world, random)
      const seen = new Map<string, number>()
      const skips = new Map<string, number>()
      const kinds = new Map<string, number>()
      const keyed = new Map<string, number>()
      const estimates: number[] = []
      let exceeded = 0
      for (const { owner } of traders)
        for (let subaccount = 0; subaccount < SUBACCOUNTS; subaccount++)
          await world.deposit(owner, subaccount, 10 ** random.between(8, 13))
      for (const { market } of testMarkets)
        await world.deposit(GENESIS.backstop, market + 1, 10 ** random.between(9, 13))
      await world.deposit(GENESIS.backstop, 0, 10 ** 13)
      await registerKeys(world, random)

      for (let i = 0; i < batches; i++) {
        if (random.chance(0.1))
          await world.deposit(random.pick(traders).owner, random.below(SUBACCOUNTS), 1_000_000)
        if (random.chance(0.4)) await draw.exits.act()
        if (random.chance(0.05)) world.timeS += random.pick([60, 1_800, 3_700])
        const isHonest = random.chance(0.5)
        const batch = isHonest ? draw.honest() : draw.careless()
        const bytes = encodeBatch(batch)
        // A damaged segment of a best-effort batch is skipped, which the twin cannot see: it does not decode.
        const mayDamage = !isHonest && batch.isBestEffort !== true
        if (mayDamage && random.chance(0.4)) damage(bytes, random)

        const predicted = world.predict(bytes)
        const done = await world.settle(bytes, predicted?.ok)
        const what = `batch ${i} of seed ${seed}`
        if (predicted === null) expect(done, what).not.toEqual({ ok: true })
        else expect(done, what).toEqual(predicted)
        if (isHonest) {
          expect(done, `${what} came from the builder`).toEqual({ ok: true })
          expect(world.gasUsed, `gas of ${what}`).toBeLessThan(draw.gasEstimate * 1.1 + OUTSIDE_GAS)
          if (world.gasUsed > draw.gasEstimate) exceeded += 1
          estimates.push(draw.gasEstimate / world.gasUsed)
        }
        if (predicted?.ok === true) {
          for (const { code } of predicted.skipped ?? []) count(skips, code)
          for (const { kind } of batch.segments) count(kinds, kind)
          for (const segment of batch.segments) if (carriesKey(segment)) count(keyed, segment.kind)
        }
        count(seen, predicted === null ? 'undecodable' : predicted.ok ? 'ok' : predicted.error.code)
        // What differs once stays different: every fourth look finds it.
        if (i % 4 === 0) await expectEqualState(world, what, i % 16 === 0)
      }
      await expectEqualState(world, 'the end', true)
      for (const counts of [seen, skips, kinds, keyed, draw.exits.done])
        console.log(Object.fromEntries(counts))
      const ratio = estimates.reduce((sum, estimate) => sum + estimate, 0) / estimates.length
      console.log(`gas estimate / gas used: ${ratio.toFixed(2)} on average`)
      expect(ratio).toBeLessThan(1.4)
      expect(exceeded).toBeLessThan(1 + estimates.length / 50)
      expect(seen.get('ok') ?? 0).toBeGreaterThan(batches / 3)
    },
  )
})

/** Whether an order of the segment is signed by a session key. */
function carriesKey(segment: Segment): boolean {
  const orders =
    segment.kind === 'Liquidations'
      ? segment.liquidations.flatMap(({ fills }) => fills.map(({ maker }) => maker))
      : segment.kind === 'Fills' || segment.kind === 'Activations'
        ? segment.orders
        : []
  return orders.some(({ flags }) => (flags & SESSION_FLAG) !== 0)
}

/** Keys that each have another narrow term: position, order and market, remaining notional, life. */
async function registerKeys(world: SettlementWorld, random: Random): Promise<void> {
  for (const [i, key] of sessionKeys.entries()) {
    const owner = traders[i]
    if (owner === undefined) throw new RangeError(`no trader ${i}`)
    await world.registerKey(owner, key, {
      owner: owner.owner,
      subaccount: 0,
      allSubaccounts: i % 2 === 0,
      expiryS: world.timeS + (i === 3 ? 2_000 : 30 * 86_400),
      notionalLeft: BigInt(10 ** (i === 2 ? random.between(9, 12) : 14)),
      markets: i === 1 ? 0b110n : 2n ** 64n - 1n,
      maxPosition: BigInt(10 ** (i === 0 ? random.between(1, 4) : 12)),
      maxOrderNotional: BigInt(10 ** (i === 1 ? random.between(9, 12) : 15)),
    })
  }
}

/** Flips a bit, or changes a byte: anywhere in the batch. */
function damage(bytes: Uint8Array, random: Random): void {
  const at = random.below(bytes.length)
  const byte = bytes[at] ?? 0
  bytes[at] = random.chance(0.5) ? byte ^ (1 << random.below(8)) : random.below(256)
}

function count(seen: Map<string, number>, what: string): void {
  seen.set(what, (seen.get(what) ?? 0) + 1)
}

const LANES = [0, 1, 2, 3, 4, 5, 700, 1023]

/** Every account, (if asked) lane, market and total of the contract against the twin. */
async function expectEqualState(
  world: SettlementWorld,
  what: string,
  withLanes: boolean,
): Promise<void> {
  const { twin } = world
  const holders = traders.flatMap(({ owner }) =>
    Array.from({ length: SUBACCOUNTS }, (_, subaccount) => [owner, subaccount] as const),
  )
  for (const subaccount of [0, ...testMarkets.map(({ market }) => market + 1)])
    holders.push([GENESIS.backstop, subaccount])
  const lanes = (withLanes ? holders : []).flatMap((holder) =>
    LANES.map((lane) => [holder[0], holder[1], lane] as const),
  )
  const views = await world.callMany([
    ...holders.map((holder) => ['account', holder] as const),
    ...lanes.map((lane) => ['lane', lane] as const),
    ...testMarkets.map(({ market }) => ['market', [market]] as const),
    ...testMarkets.map(({ market }) => ['insuranceOf', [market]] as const),
    ...testMarkets.map(({ market }) => ['delistingOf', [market]] as const),
    ...sessionKeys.map(({ owner }) => ['sessionKey', [owner]] as const),
    ['totals', []],
    ['lastBatch', []],
  ])
  const accounts = views.splice(0, holders.length).map((view) => ({
    cash: view[0] as bigint,
    positions: (view[1] as bigint[][]).map(([market, size, fundingSnapshot]) => ({
      market: Number(market),
      size,
      fundingSnapshot,
    })),
  }))
  expect(accounts, what).toEqual(holders.map((holder) => twin.account(...holder)))
  const laneViews = views.splice(0, lanes.length).map(([seq, filled]) => ({
    seq: Number(seq),
    filled: Number(filled),
  }))
  expect(laneViews, what).toEqual(lanes.map((lane) => twin.lane(...lane)))
  for (const { market } of testMarkets) {
    const view = views.shift()?.[0]
    const known = twin.market(market)
    expect(
      {
        mark: Number(view.mark),
        markTimeS: Number(view.markTime),
        fundingIndex: view.fundingIndex,
        fundingCreditTimeS: Number(view.fundingCreditTime),
        fundingPool: view.fundingPool,
        openInterest: view.openInterest,
      },
      what,
    ).toEqual({
      mark: known?.mark,
      markTimeS: known?.markTimeS,
      fundingIndex: known?.fundingIndex,
      fundingCreditTimeS: known?.fundingCreditTimeS,
      fundingPool: known?.fundingPool,
      openInterest: known?.openInterest,
    })
  }
  const insurance = views.splice(0, testMarkets.length).map((view) => view[0])
  expect(insurance, what).toEqual(testMarkets.map(({ market }) => twin.market(market)?.insurance))
  const delistings = views.splice(0, testMarkets.length).map((view) => view.toArray())
  expect(delistings, what).toEqual(
    testMarkets.map(({ market }) => {
      const known = twin.market(market)
      return [known?.isDelisting, known?.isSettled, known?.badDebt]
    }),
  )
  for (const key of sessionKeys) {
    const view = views.shift()?.[0]
    expect(view.notional, what).toBe(twin.state.sessionKey(key.owner)?.notionalLeft)
  }
  const totals = views.shift()?.[0]
  expect([totals.deposits, totals.withdrawals, totals.fees], what).toEqual([
    twin.totals.deposited,
    twin.totals.withdrawn,
    twin.totals.fees,
  ])
  // Conservation: cash + fees + pools + insurance of every account = what the token says, less what an outflow limit
  // holds up.
  // While a market that has ended still holds positions, what they add up to at its last price is to come.
  const toCome = [...twin.state.accounts()].reduce((sum, [key]) => {
    const own = twin.account(key.slice(0, 42), Number(key.slice(43))).positions
    return own.reduce((all, { market, size }) => {
      const known = twin.market(market)
      if (known?.isSettled !== true) return all
      return all + size * BigInt(known.mark) * known.quotePerTickLot
    }, sum)
  }, 0n)
  expect(twin.accountedQuote + toCome, what).toBe(totals.tokenBalance - totals.owed)
  const last = views.shift()
  expect([Number(last?.batchNo), Number(last?.toSeq)], what).toEqual([
    twin.totals.batchNo,
    twin.totals.toSeq,
  ])
}
