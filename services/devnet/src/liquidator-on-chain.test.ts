//! The liquidator bot against the real contract, on a chain whose clock the test moves; and an engine that hears of it.
import {
  bytesHex,
  compareOrders,
  confirmationsSource,
  contractViews,
  createRpc,
  createTransactionSigner,
  encodeBatch,
  exchangeInterface,
  hexBytes,
  type Segment,
} from '@plumb/chain'
import {
  CHAIN_ID,
  GENESIS,
  type SettlementWorld,
  startSettlementWorld,
  testMarkets,
} from '@plumb/chain/testing/settlement-world'
import { type TestWallet, testWallet } from '@plumb/chain/testing/test-signer'
import { type Command, CommandBuffer, decodeEvents, encodeCommand, rejectName } from '@plumb/model'
import { createMetrics, silentLogger } from '@plumb/runtime'
import { createLiquidations, type Liquidations } from '@plumb/sdk'
import { afterAll, beforeAll, expect, test } from 'vitest'
// A test may look across: the whole way of a call outside of batches.
import { createEngine } from '../../../packages/engine/src/index.ts'
import { Liquidator, patienceMs } from '../../bots/src/liquidator.ts'
import { createContractFollower } from '../../relayer/src/follow-contract.ts'
import { createOrderStore } from '../../relayer/src/order-store.ts'
import { readSteps } from '../../relayer/src/read-steps.ts'

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

const zeros = (length: number) => new Uint8Array(length)
const accounts = [
  { owner: victim.owner, subaccount: 0, quote: 100 * usdc },
  { owner: other.owner, subaccount: 0, quote: 10_000 * usdc },
  { owner: GENESIS.backstop, subaccount: market + 1, quote: 10_000 * usdc },
]

/** An engine with the same accounts, and the steps that its commands are to the relayer. */
const engineAfterTrade = () => {
  const engine = createEngine()
  const buffer = new CommandBuffer(1)
  const store = createOrderStore()
  let seq = 0
  const take = (command: Uint8Array | Command) => {
    const timeMs = world.timeS * 1_000
    seq += 1
    buffer.load(0, command instanceof Uint8Array ? command : encodeCommand(command))
    buffer.stamp(0, seq, timeMs)
    const stored = buffer.stored(0).slice()
    engine.events.clear()
    engine.apply(buffer, 0)
    const events = Buffer.from(engine.events.bytes())
    const refusal = decodeEvents(events).find((event) => event.kind === 'CommandRejected')
    if (refusal !== undefined) throw new Error(rejectName(refusal.code))
    return { seq, timeMs, events, steps: readSteps(store, { seq, command: stored, events }) }
  }
  take({
    kind: 'Genesis',
    chainId: CHAIN_ID,
    settlementLagS: GENESIS.settlementLagS,
    publisherCount: 3,
    publisherQuorum: 2,
    contract: hexBytes(world.deployment.exchange),
    publishers: zeros(100),
  })
  const [listed] = testMarkets
  if (listed === undefined) throw new Error('the world has markets')
  take({ kind: 'ListMarket', ...listed, fixedIndexTicks: entryTicks })
  for (const [i, { owner, subaccount, quote }] of accounts.entries())
    take({
      kind: 'CreditDeposit',
      owner: hexBytes(owner),
      subaccount,
      amountQuote: quote,
      depositId: i + 1,
      blockNumber: 1,
      txHash: zeros(32),
    })
  for (const [accountId, side] of [
    [2, 1],
    [1, 0],
  ] as const)
    take({
      kind: 'PlaceOrder',
      accountId,
      orderId: 0,
      market,
      side,
      flags: 0,
      orderKind: 0,
      priceTicks: entryTicks,
      sizeLots: lots,
      triggerTicks: 0,
      maxFee: 50,
      lane: 0,
      laneSeq: 1,
      expiryS: world.timeS + 2_000,
      selfTrade: 0,
      clientOrderId: '',
      signer: zeros(20),
      signature: zeros(64),
    })
  return { engine, take }
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

test('the engine follows what was taken over without a batch, to the unit', async () => {
  const { engine, take } = engineAfterTrade()
  const rpc = createRpc(world.anvil.url)
  const views = contractViews(rpc, world.deployment.exchange)
  const onChain = await views.accounts(accounts, await rpc.blockNumber())
  const inEngine = () =>
    accounts.map((_, i) => {
      const view = engine.account(i + 1)
      const positions = view?.positions.map((p) => [p.market, p.lots, p.fundingIndex])
      return { cashQuote: view?.cashQuote, positions }
    })
  const wanted = onChain.map(({ cashQuote, positions }) => ({
    cashQuote,
    positions: positions.map((p) => [p.market, p.sizeLots, p.fundingSnapshot]),
  }))
  // Only the trade is known.
  expect(inEngine()[1]).toEqual(wanted[1])
  expect(inEngine()[0]).not.toEqual(wanted[0])
  const steps: unknown[] = []
  const follower = createContractFollower({
    rpcs: [rpc],
    contract: world.deployment.exchange,
    terms: GENESIS,
    finality: confirmationsSource(rpc, 0),
    commands: {
      submit: async (command) => {
        const taken = take(command)
        steps.push(...taken.steps)
        return taken
      },
    },
    place: { noticeId: 0, blockNumber: 0, followed: [] },
    save: () => Promise.resolve(),
    logger: silentLogger,
  })
  // Its terms, and the takeover.
  expect(await follower.step()).toBe(2)
  expect(inEngine()).toEqual(wanted)
  expect(steps).toMatchObject([
    { kind: 'noticed' },
    { kind: 'noticed' },
    { kind: 'reduced', lots: -lots, taker: market + 1, insuredQuote: 0, fundingIndex: 0 },
  ])
}, 120_000)
