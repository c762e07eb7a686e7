import { exchangeInterface, topicOf } from '@plumb/chain'
import { testWallet } from '@plumb/chain/testing/test-signer'
import { decodeCommand, side, timeInForce } from '@plumb/model'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FlowGas } from './flow-gas.ts'
import { priceMarket, TestHouse, tapeMarket, traders } from './testing/test-house.ts'

const [alice, bob, carol, dave] = traders as [
  (typeof traders)[number],
  (typeof traders)[number],
  (typeof traders)[number],
  (typeof traders)[number],
]

let house: TestHouse
beforeEach(async () => {
  house = await TestHouse.open()
})
afterEach(() => house.close())

const fund = async () => {
  for (const trader of traders) await house.deposit(trader, 1_000_000_000)
  await house.until('deposits credited', () => house.exchange.depositId === traders.length)
}

const trade = (lots: number) => {
  const ask = house.rest(alice, tapeMarket, side.sell, 23_000, lots)
  house.take(bob, tapeMarket, [[ask, lots]])
}

const positionOf = async (trader: { owner: string }) =>
  (await house.views.account(trader.owner, 0)).positions[0]?.sizeLots ?? 0

const paidTimes = async () => {
  const filter = { address: house.contract, fromBlock: 0, toBlock: await house.rpc.blockNumber() }
  return (await house.rpc.logs({ ...filter, topics: [topicOf('WithdrawalPaid')] })).length
}

/** Cash of every account, fees and pools are all there is. */
const expectConserved = async () => {
  const totals = await house.views.totals()
  let cash = 0
  for (const { owner } of traders) cash += (await house.views.account(owner, 0)).cashQuote
  expect(cash + totals.feesQuote + totals.fundingPoolsQuote).toBe(totals.tokenBalanceQuote)
  expect(totals.depositsQuote - totals.withdrawalsQuote).toBe(totals.tokenBalanceQuote)
}

describe('settlement on a real chain', () => {
  test('deposits, trades, funding, prices and a withdrawal settle; contract and twin agree', async () => {
    const relayer = house.start()
    await fund()
    trade(700)
    house.price(priceMarket, 600_000)
    const bid = house.rest(carol, priceMarket, side.buy, 599_000, 50)
    house.take(dave, priceMarket, [[bid, 20]])
    await house.settled()
    house.price(priceMarket, 610_000)
    house.funding(priceMarket, 12_345)
    house.take(bob, priceMarket, [[bid, 30]])
    house.withdraw(alice, 250_000_000)
    await house.settled()

    expect(await positionOf(alice)).toBe(-700)
    const [tape] = (await house.views.account(bob.owner, 0)).positions
    expect(tape).toMatchObject({ market: priceMarket, sizeLots: -30, fundingSnapshot: 12_345 })
    expect((await house.views.account(bob.owner, 0)).positions).toHaveLength(2)
    expect(await positionOf(carol)).toBe(50)
    expect(await paidTimes()).toBe(1)
    expect((await house.views.market(priceMarket)).markTicks).toBe(610_000)
    expect((await house.views.lastBatch()).toSeq).toBeLessThanOrEqual(house.exchange.headSeq)
    await expectConserved()
    expect(relayer.status).toMatchObject({ poison: undefined, difference: undefined })
  }, 30_000)

  test('what waits is counted as what settling it costs, never below', async () => {
    house.start()
    await fund()
    trade(10)
    await house.settled()
    await house.stop()
    const [groups, batches] = [house.exchange.groups.length, house.exchange.confirmed.length]
    for (let i = 0; i < 40; i++) {
      const [maker, taker] = i % 2 === 0 ? [alice, bob] : [carol, dave]
      const ask = house.rest(maker, tapeMarket, side.sell, 23_000, 30)
      for (let part = 0; part <= i % 3; part++) house.take(taker, tapeMarket, [[ask, 10]])
    }
    const flow = new FlowGas()
    const counted = house.exchange.groups
      .slice(groups)
      .flatMap(({ entries }) => entries)
      .reduce((sum, { events }) => sum + flow.of(events), 0)
    house.start()
    await house.settled()
    let used = 0
    for (const { txHash } of house.exchange.confirmed.slice(batches))
      used += (await house.rpc.receipt(txHash))?.gasUsed ?? 0
    expect(counted).toBeGreaterThanOrEqual(used)
    expect(counted).toBeLessThan(used * 1.5)
  }, 30_000)

  test('a batch ends at its limit of fills and the next one goes on; each has one transaction', async () => {
    house.limits = { ...house.limits, fillsMax: 3, ageMs: 200 }
    house.start()
    await fund()
    for (let i = 0; i < 10; i++) trade(1 + i)
    await house.settled()
    const { batchNo } = await house.views.lastBatch()
    expect(batchNo).toBeGreaterThanOrEqual(4)
    expect(await house.relayerNonce()).toBe(batchNo)
    expect(house.exchange.confirmed.map((c) => c.batchNo)).toEqual(
      Array.from({ length: batchNo }, (_, i) => i + 1),
    )
    expect(await positionOf(bob)).toBe(55)
  }, 30_000)

  test('what one command does may take several batches, across a restart too', async () => {
    house.limits = { ...house.limits, gasMax: 200_000 }
    house.start()
    await fund()
    const asks = [3, 5, 7, 9, 11, 13].map((lots) =>
      house.rest(alice, tapeMarket, side.sell, 23_000, lots),
    )
    house.take(
      bob,
      tapeMarket,
      asks.map((ask) => [ask, ask.lots]),
    )
    const seq = house.exchange.headSeq
    await house.until('a part is mined', async () => (await house.views.lastBatch()).batchNo >= 1)
    await house.stop()
    house.start()
    await house.settled(seq)
    const { batchNo, toSeq } = await house.views.lastBatch()
    expect(batchNo).toBeGreaterThan(1)
    expect(toSeq).toBeGreaterThanOrEqual(seq)
    expect(await positionOf(bob)).toBe(48)
    expect(await house.relayerNonce()).toBe(batchNo)
  }, 30_000)

  test('all fills of a fill-or-kill order settle together', async () => {
    house.start()
    await fund()
    const asks = [3, 5, 7].map((lots) => house.rest(alice, tapeMarket, side.sell, 23_000, lots))
    house.take(
      bob,
      tapeMarket,
      asks.map((ask) => [ask, ask.lots]),
      timeInForce.fok,
    )
    await house.settled()
    expect(await positionOf(bob)).toBe(15)
  }, 30_000)

  test('a deposit the engine has not seen yet is no difference', async () => {
    const relayer = house.start()
    await fund()
    house.confirmations = 1_000
    await house.stop()
    const waiting = house.start()
    await house.deposit(bob, 123)
    await house.deposit(bob, 77)
    trade(10)
    await house.until('mined', async () => (await house.views.lastBatch()).batchNo === 1)
    trade(10)
    await house.until('mined', async () => (await house.views.lastBatch()).batchNo === 2)
    expect(waiting.status.difference).toBeUndefined()
    expect(relayer.status.difference).toBeUndefined()
    expect(house.exchange.withdrawalsPaused).toBe(false)
  }, 30_000)

  test('what waits for a slow chain throttles new orders in stages; nothing is lost, and they are freed again', async () => {
    house.gasPerS = 2_000
    house.start()
    await fund()
    await house.rpc.request('evm_setAutomine', [false])
    for (let i = 0; i < 200; i++) trade(1)
    await house.until('post-only', () => house.exchange.throttles.at(-1) === 2)
    expect(house.exchange.confirmed).toEqual([])
    await house.stop()
    // Whoever comes after takes the throttle over.
    house.start()
    await house.rpc.request('evm_setAutomine', [true])
    await house.rpc.request('evm_mine', [])
    await house.until('free', () => house.exchange.throttles.at(-1) === 0)
    await house.until('all settled', async () => (await positionOf(bob)) === 200)
  }, 60_000)

  test('an answer that is lost credits nobody twice', async () => {
    house.exchange.lostReplies = 3
    house.start()
    await fund()
    expect(house.exchange.creditedQuote).toBe(4_000_000_000)
  }, 30_000)
})

describe('session keys', () => {
  const key = testWallet('session key of bob')
  const leftOf = async () => (await house.views.sessionKey(key.owner)).notionalQuote

  test('orders that a key signs settle on its owner’s account and count against the key', async () => {
    house.exchange.lostReplies = 2
    const relayer = house.start()
    await fund()
    await house.registerKey(bob, key)
    await house.until('told', () => house.exchange.keys.has(key.owner))
    const before = await leftOf()
    // Beyond the key's position by the owner's own hand, in one batch: the segment must close between the two.
    const first = house.rest(alice, tapeMarket, side.sell, 23_000, 1_000)
    const second = house.rest(alice, tapeMarket, side.sell, 23_000, 500)
    house.take(bob, tapeMarket, [[first, 1_000]], timeInForce.ioc, key)
    house.take(bob, tapeMarket, [[second, 500]])
    const bid = house.rest(carol, tapeMarket, side.buy, 22_900, 700)
    const ask = house.rest(bob, tapeMarket, side.sell, 22_900, 300, key)
    house.take(bob, tapeMarket, [[bid, 700]], timeInForce.ioc, key)
    house.take(dave, tapeMarket, [[ask, 300]])
    await house.settled()
    expect(await positionOf(bob)).toBe(500)
    expect(before - (await leftOf())).toBe(BigInt(1_000 * 23_000 + 1_000 * 22_900))

    // It goes on from what was stored.
    await house.stop()
    house.start()
    const last = house.rest(alice, tapeMarket, side.sell, 23_000, 100)
    house.take(bob, tapeMarket, [[last, 100]], timeInForce.ioc, key)
    await house.settled()
    expect(await positionOf(bob)).toBe(600)

    const ends = house.exchange.keys.get(key.owner) ?? 0
    await house.revokeKey(bob, key)
    await house.until('revoked', () => (house.exchange.keys.get(key.owner) ?? 0) < ends)
    await expectConserved()
    expect(relayer.status).toMatchObject({ poison: undefined, difference: undefined })
  }, 30_000)

  test('a registration that vanishes before it is final is not told, and told once when it comes again', async () => {
    house.confirmations = 3
    house.start()
    await house.registerKey(alice, key)
    await mine(1)
    await house.rpc.request('anvil_rollback', [2])
    await mine(6)
    expect(house.exchange.keys.size).toBe(0)
    await house.registerKey(bob, key)
    await mine(6)
    await house.until('told', () => house.exchange.keys.size === 1)
    await house.stop()
    house.start()
    await mine(60)
    await house.deposit(alice, 5_000_000)
    await mine(6)
    await house.until('credited', () => house.exchange.depositId === 1)
    const told = house.exchange.groups.flatMap(({ entries }) =>
      entries.map(({ command }) => decodeCommand(command).command),
    )
    expect(told.filter(({ kind }) => kind === 'RegisterKey')).toMatchObject([
      { owner: new Uint8Array(Buffer.from(bob.owner.slice(2), 'hex')) },
    ])
  }, 30_000)
})

describe('late', () => {
  test('what was matched is settled before a clean end', async () => {
    house.limits = { ...house.limits, ageMs: 60_000 }
    house.start()
    await fund()
    trade(10)
    await house.stop(10_000)
    expect(await positionOf(bob)).toBe(10)
  }, 30_000)

  test('a fill that is too late for its own prices settles at those of now', async () => {
    house.start()
    await fund()
    await house.stop()
    const bid = house.rest(carol, priceMarket, side.buy, 599_000, 50)
    house.price(priceMarket, 600_000, 600_000, Date.now() - 2 * 3_600_000)
    house.take(dave, priceMarket, [[bid, 20]])
    const relayer = house.start()
    await house.until('stands', () => relayer.status.poison !== undefined)
    house.price(priceMarket, 605_000)
    await house.settled()
    expect(await positionOf(carol)).toBe(20)
    expect((await house.views.market(priceMarket)).markTicks).toBe(605_000)
    house.price(priceMarket, 606_000)
    house.take(dave, priceMarket, [[bid, 30]])
    await house.settled()
    expect(await positionOf(carol)).toBe(50)
    expect(relayer.status.poison).toBeUndefined()
  }, 30_000)

  test('a vector that nobody registered signed is left out', async () => {
    house.start()
    await fund()
    house.price(priceMarket, 600_000)
    house.forgePrice(priceMarket, 600_000)
    const bid = house.rest(carol, priceMarket, side.buy, 599_000, 50)
    house.take(dave, priceMarket, [[bid, 20]])
    await house.settled()
    expect(await positionOf(carol)).toBe(20)
  }, 30_000)
})

describe('killed at every write', () => {
  test('nothing is lost, nothing is sent or paid twice', async () => {
    house.limits = { ...house.limits, fillsMax: 2 }
    house.start()
    await fund()
    trade(10)
    await house.settled()
    await house.stop()
    let lots = 10
    for (const after of [false, true])
      for (let step = 1; step <= 7; step++) {
        const paid = await paidTimes()
        house.disk.killAt = { write: house.disk.writes + step, after }
        house.start()
        lots += step
        trade(step)
        house.withdraw(carol, 1_000)
        const seq = house.exchange.headSeq
        const isDone = () => (house.exchange.confirmed.at(-1)?.toSeq ?? 0) >= seq
        await Promise.race([house.death(), house.until('settled or dead', isDone).catch(() => {})])
        await house.stop()
        house.disk.killAt = undefined
        house.start()
        await house.settled(seq)
        await house.stop()
        const place = `killed ${after ? 'after' : 'before'} write ${step}`
        expect(await positionOf(bob), place).toBe(lots)
        expect(await paidTimes(), place).toBe(paid + 1)
        const { batchNo } = await house.views.lastBatch()
        expect(await house.relayerNonce(), place).toBe(batchNo)
      }
    const numbers = house.exchange.confirmed.map((c) => c.batchNo)
    expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, i) => i + 1))
    await expectConserved()
  }, 120_000)
})

const mine = (count: number) => house.rpc.request('anvil_mine', [`0x${count.toString(16)}`])

describe('a chain that takes blocks back', () => {
  test('a batch that left its block comes back with the same transaction, and is confirmed once', async () => {
    house.confirmations = 4
    const relayer = house.start()
    for (const trader of traders) await house.deposit(trader, 1_000_000_000)
    await mine(5)
    await house.until('credited', () => house.exchange.depositId === traders.length)
    for (let round = 1; round <= 4; round++) {
      trade(10)
      await house.until('mined', async () => (await house.views.lastBatch()).batchNo === round)
      const before = house.disk.batches.get(round)?.attempts.map(({ txHash }) => txHash)
      await house.rpc.request('anvil_rollback', [1])
      await house.until(
        'mined again',
        async () => (await house.views.lastBatch()).batchNo === round,
      )
      expect(house.disk.batches.get(round)?.attempts.map(({ txHash }) => txHash)).toEqual(before)
      expect(house.exchange.confirmed).toHaveLength(round - 1)
      await mine(5)
      await house.settled()
      expect(house.exchange.confirmed).toHaveLength(round)
      expect(await positionOf(bob)).toBe(10 * round)
    }
    expect(relayer.status).toMatchObject({ poison: undefined, difference: undefined })
  }, 60_000)

  test('a deposit is told while it waits for finality, block by block, until it is credited', async () => {
    house.confirmations = 3
    house.start()
    const { disk } = house
    await house.deposit(alice, 5_000_000)
    await house.until('pending', () => disk.pendingDeposits?.deposits.length === 1)
    const seen = disk.pendingDeposits!
    const [only] = seen.deposits
    expect(only?.deposit).toMatchObject({ depositId: 1, amountQuote: 5_000_000 })
    expect(only?.deposit.owner.toLowerCase()).toBe(alice.owner)
    expect(seen.headBlock - seen.finalBlock).toBe(3)
    expect(seen.headBlock).toBe(only?.deposit.blockNumber)
    await mine(2)
    await house.until(
      'two blocks later',
      () => disk.pendingDeposits!.headBlock === seen.headBlock + 2,
    )
    expect(disk.pendingDeposits?.deposits).toEqual(seen.deposits)
    expect(house.exchange.depositId).toBe(0)
    await mine(1)
    await house.until('credited', () => house.exchange.depositId === 1)
    await house.until('no longer pending', () => disk.pendingDeposits?.deposits.length === 0)
  }, 30_000)

  test('a deposit that vanishes before it is final is not credited', async () => {
    house.confirmations = 3
    house.start()
    await house.deposit(alice, 5_000_000)
    await mine(1)
    await house.until('pending', () => house.disk.pendingDeposits?.deposits.length === 1)
    await house.rpc.request('anvil_rollback', [2])
    await house.until('gone', () => house.disk.pendingDeposits?.deposits.length === 0)
    await mine(6)
    await house.deposit(bob, 7_000_000)
    await mine(6)
    await house.until('credited', () => house.exchange.depositId === 1)
    expect(house.exchange.creditedQuote).toBe(7_000_000)
  }, 30_000)
})

describe('what needs an operator', () => {
  test('a fill that cannot settle stops there, loudly; everything before it settles; nothing is skipped', async () => {
    const relayer = house.start()
    await fund()
    trade(10)
    const good = house.exchange.headSeq
    // Far beyond both accounts' margin: an engine that matched this would be broken.
    const ask = house.rest(alice, tapeMarket, side.sell, 23_000, 40_000_000_000)
    house.take(bob, tapeMarket, [[ask, 40_000_000_000]])
    trade(3)
    await house.until('poison', () => relayer.status.poison !== undefined)
    expect(relayer.status.poison).toContain('NOT_SETTLEABLE')
    await house.settled(good)
    expect(await positionOf(bob)).toBe(10)
    const batches = (await house.views.lastBatch()).batchNo
    await house.until('tries again', () => relayer.status.poison !== undefined)
    expect((await house.views.lastBatch()).batchNo).toBe(batches)
  }, 30_000)

  test('a refusal that passes (a forbidden relayer) is waited out', async () => {
    const relayer = house.start()
    await fund()
    const allow = (allowed: boolean) =>
      house.send(
        exchangeInterface.encodeFunctionData('setRelayer', [house.relayerAddress, allowed]),
      )
    await allow(false)
    trade(10)
    await house.until('poison', () => relayer.status.poison !== undefined)
    expect(relayer.status.poison).toContain('NotRelayer')
    await allow(true)
    await house.settled()
    expect(relayer.status.poison).toBeUndefined()
  }, 30_000)

  test('once a batch settles again, the next ones are whole', async () => {
    const relayer = house.start()
    await fund()
    const allow = (allowed: boolean) =>
      house.send(
        exchangeInterface.encodeFunctionData('setRelayer', [house.relayerAddress, allowed]),
      )
    await allow(false)
    for (let i = 0; i < 16; i++) trade(1)
    await house.until('alone', () => relayer.status.poison !== undefined)
    await allow(true)
    await house.settled()
    expect((await house.views.lastBatch()).batchNo).toBeLessThan(8)
  }, 60_000)

  test('the engine hears since when the oldest fill waits, a relayer that begins anew included', async () => {
    const { unsettledSince } = house.exchange
    house.start()
    await fund()
    await house.until('heard', () => unsettledSince.length === 1)
    expect(unsettledSince).toEqual([0])
    await house.stop()
    trade(10)
    const [entry] = house.exchange.groups.at(-1)?.entries ?? []
    const matchedMs = entry === undefined ? 0 : decodeCommand(entry.command).timeMs
    await house.send(
      exchangeInterface.encodeFunctionData('setRelayer', [house.relayerAddress, false]),
    )
    for (const heard of [2, 3]) {
      house.start()
      await house.until('heard', () => unsettledSince.length === heard)
      await house.stop()
      expect(unsettledSince.at(-1)).toBe(matchedMs)
    }
  }, 30_000)

  test('a contract that is ahead of the records is another relayer: it does not start', async () => {
    house.start()
    await fund()
    trade(1)
    await house.settled()
    await house.stop()
    house.disk.batches.clear()
    house.start()
    expect(await house.death()).toMatchObject({ code: 'CHAIN_AHEAD' })
  }, 30_000)

  test('a unit of difference pauses withdrawals', async () => {
    const relayer = house.start()
    await fund()
    trade(10)
    await house.settled()
    // The contract's word of bob, one micro-USDC more.
    const slot = `0x${bob.owner.slice(2)}${'0'.repeat(24)}`
    const word = await house.rpc.request('eth_getStorageAt', [house.contract, slot, 'latest'])
    const changed = (BigInt(String(word)) + (1n << 184n)).toString(16).padStart(64, '0')
    await house.rpc.request('anvil_setStorageAt', [house.contract, slot, `0x${changed}`])
    trade(5)
    await house.until('difference', () => relayer.status.difference !== undefined)
    await house.until('paused', () => house.exchange.withdrawalsPaused)
    expect(relayer.status.difference).toContain(bob.owner)
  }, 30_000)
})
