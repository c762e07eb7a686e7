//! The liquidator bot against the real contract, on a chain whose clock the test moves.
import {
  bytesHex,
  compareOrders,
  createRpc,
  createTransactionSigner,
  encodeBatch,
  exchangeInterface,
  type Segment,
} from '@plumb/chain'
import {
  CHAIN_ID,
  GENESIS,
  type SettlementWorld,
  startSettlementWorld,
} from '@plumb/chain/testing/settlement-world'
import { type TestWallet, testWallet } from '@plumb/chain/testing/test-signer'
import { createMetrics, silentLogger } from '@plumb/runtime'
import { createLiquidations, type Liquidations } from '@plumb/sdk'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Liquidator, patienceMs } from '../../bots/src/liquidator.ts'

const usdc = 1_000_000
const market = 0
const entryTicks = 600_000
const lots = 300
const victim = testWallet('victim')
const other = testWallet('other')

let world: SettlementWorld
let port: Liquidations

beforeAll(async () => {
  world = await startSettlementWorld()
  const signer = `0x${'77'.repeat(32)}`
  const { url: rpcUrl } = world.anvil
  port = createLiquidations({ rpcUrl, contract: world.deployment.exchange, signer })
  const { address } = createTransactionSigner(signer, CHAIN_ID)
  await createRpc(rpcUrl).request('anvil_setBalance', [address, '0xde0b6b3a7640000'])
  await world.deposit(victim.owner, 0, 100 * usdc)
  await world.deposit(other.owner, 0, 10_000 * usdc)
  // Market m's backstop is subaccount m + 1.
  await world.deposit(GENESIS.backstop, market + 1, 10_000 * usdc)
}, 120_000)

afterAll(async () => {
  port.close()
  await world.anvil.stop()
})

const prices = (markTicks: number): Segment => ({
  kind: 'Prices',
  vectors: world.publishers.map((wallet, publisher) => {
    const body = {
      publisher,
      page: 0,
      publishTimeMs: world.timeS * 1_000,
      prices: [markTicks],
    }
    const signed = Object.assign({ signature: new Uint8Array(64) }, body)
    return Object.assign(signed, {
      signature: world.signer.signPrices(wallet, body),
      signer: wallet.owner,
    })
  }),
  marks: [{ market, markTicks }],
})

const orderOf = (wallet: TestWallet, side: 0 | 1) => {
  const body = {
    market,
    subaccount: 0,
    side,
    flags: 0,
    kind: 0,
    triggerTicks: 0,
    priceTicks: entryTicks,
    sizeLots: lots,
    maxFee: 50,
    lane: 0,
    laneSeq: 1,
    expiryS: world.timeS + 500,
    takerFee: 45,
    makerFee: 15,
  }
  const signature = world.signer.signOrder(wallet, body)
  return Object.assign({ owner: wallet.owner, signature }, body)
}

/** The victim buys, the other sells. */
const trade = (): Segment => {
  const bought = orderOf(victim, 0)
  const orders = [bought, orderOf(other, 1)].toSorted(compareOrders)
  const taker = orders.indexOf(bought)
  return {
    kind: 'Fills',
    orders,
    fills: [{ taker, maker: 1 - taker, sizeLots: lots, priceTicks: entryTicks }],
  }
}

let batchNo = 0
const settle = async (...segments: Segment[]) => {
  world.timeS = Math.max(world.timeS, (await port.timeMs()) / 1_000 + 1)
  batchNo += 1
  const bytes = encodeBatch({
    batchNo,
    toSeq: batchNo,
    hashSeq: batchNo,
    journalHash: new Uint8Array(32),
    stateHash: 1n,
    segments,
  })
  const data = exchangeInterface.encodeFunctionData('settle', [bytesHex(bytes)])
  await world.send(world.deployment.exchange, data)
}

const pass = async (seconds: number, markTicks: number) => {
  world.timeS = Math.max(world.timeS, (await port.timeMs()) / 1_000) + seconds
  await settle(prices(markTicks))
}

const account = { owner: victim.owner, subaccount: 0 }
const start = () => new Liquidator(port, 0, silentLogger, createMetrics('test'))

test('flags who is left below maintenance, waits, and has it taken over; the account keeps what is left', async () => {
  await settle(prices(entryTicks))
  await settle(trade())
  let bot = start()
  await bot.round()
  expect(await port.positions(account)).toEqual([{ market, sizeLots: lots }])
  expect(bot.watching).toEqual({ accounts: 3, flagged: 0 })

  // −4 %: 100 USDC of equity less 72 and fees, with 43 to be maintained.
  const fallen = entryTicks * 0.96
  await pass(10, fallen)
  const { equityQuote, maintenanceQuote } = await port.health(account)
  expect(equityQuote).toBeLessThan(maintenanceQuote)
  expect(equityQuote).toBeGreaterThan(0)
  await bot.round()
  await pass(patienceMs / 1_000 - 20, fallen)
  await bot.round()
  expect((await port.scan(0)).flags).toEqual([])
  await pass(30, fallen)
  await bot.round()
  const { flags } = await port.scan(0)
  expect(flags).toHaveLength(1)

  bot = start() // what was flagged is on the chain
  await bot.round()
  expect(await port.positions(account)).toHaveLength(1)
  await pass(1_801, fallen)
  await bot.round()
  expect(await port.positions(account)).toEqual([])
  const after = await port.health(account)
  expect(after.equityQuote).toBeGreaterThan(0)
  expect(after.equityQuote).toBeLessThanOrEqual(equityQuote)
  const backstop = await port.positions({ owner: GENESIS.backstop, subaccount: market + 1 })
  expect(backstop).toEqual([{ market, sizeLots: lots }])
}, 120_000)
