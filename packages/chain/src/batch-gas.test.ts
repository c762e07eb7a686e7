// The estimate of a batch's gas against receipts: never below, and close where flows are as they usually are.
import { side } from '@plumb/model'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { BatchBuilder } from './batch-builder.ts'
import { encodeBatch } from './encode-batch.ts'
import type { SignedOrder } from './open-fills.ts'
import { seededRandom } from './testing/random.ts'
import { type SettlementWorld, startSettlementWorld } from './testing/settlement-world.ts'
import { type TestWallet, testWallet } from './testing/test-signer.ts'

const MARKET = 2 // a fixed mark: no prices needed
const PRICE = 23_000
const random = seededRandom(7)
const wallets = Array.from({ length: 30 }, (_, i) => testWallet(`gas ${i}`))
const laneSeqs = new Map<string, number>()
let world: SettlementWorld

beforeAll(async () => {
  world = await startSettlementWorld(1_800_000_000)
  for (const { owner } of wallets) await world.deposit(owner, 0, 1_000_000_000_000)
}, 120_000)
afterAll(() => world.anvil.stop())

function order(wallet: TestWallet, of: 0 | 1, lanes: number): SignedOrder {
  const lane = random.below(lanes)
  const place = `${wallet.owner}/${lane}`
  const laneSeq = (laneSeqs.get(place) ?? 0) + 1
  laneSeqs.set(place, laneSeq)
  const body = {
    market: MARKET,
    subaccount: 0,
    side: of,
    flags: 0,
    kind: 0,
    triggerTicks: 0,
    priceTicks: PRICE,
    sizeLots: 1_000_000,
    maxFee: 60,
    lane,
    laneSeq,
    expiryS: world.timeS + 10_000,
  }
  const signature = world.signer.signOrder(wallet, { ...body, takerFee: 0, makerFee: 0 })
  return { ...body, owner: wallet.owner, signature }
}

/** A maker's order is taken by one taker after the other until another takes its place. */
async function ratioOf(fills: number, lanes: number, shared: number): Promise<number> {
  const builder = new BatchBuilder(world.twin.clone(), world.timeS)
  const makersOf = wallets.slice(0, 10)
  let maker = order(random.pick(makersOf), side.sell, lanes)
  for (let i = 0; i < fills; i++) {
    if (!random.chance(shared)) maker = order(random.pick(makersOf), side.sell, lanes)
    const taker = order(random.pick(wallets.slice(10)), side.buy, lanes)
    const fees = { takerFee: 45, makerFee: 15 }
    const matched = { taker, maker, sizeLots: random.between(1, 1_000), priceTicks: PRICE }
    expect(builder.addFills([{ ...matched, ...fees }])).toBeNull()
  }
  const { totals } = world.twin
  const batch = builder.finish({
    batchNo: totals.batchNo + 1,
    toSeq: totals.toSeq + 1,
    hashSeq: totals.toSeq + 1,
    journalHash: new Uint8Array(32).fill(3),
    stateHash: 1n,
  })
  const bytes = encodeBatch(batch)
  expect(world.predict(bytes)).toEqual({ ok: true })
  expect(await world.settle(bytes, true)).toEqual({ ok: true })
  return builder.gasEstimate / world.gasUsed
}

test('within a tenth from ten fills on, and never below', async () => {
  // The contract's own slots, and all accounts' first positions.
  await ratioOf(60, 1, 0)
  for (const fills of [1, 3, 10, 20, 40, 80, 120])
    for (const [lanes, shared] of [
      [1, 0],
      [1, 0.8],
      [12, 0.5],
      [1_000, 0.2],
    ] as const) {
      const ratio = await ratioOf(fills, lanes, shared)
      const what = `${fills} fills, ${lanes} lanes, ${shared} of them with the maker before`
      expect(ratio, what).toBeGreaterThanOrEqual(1)
      expect(ratio, what).toBeLessThan(fills < 10 ? 1.3 : 1.1)
    }
}, 300_000)
