//! A real chain and contract, a scripted exchange, a disk, and relayers that live and die between them.

import { setTimeout as sleep } from 'node:timers/promises'
import {
  confirmationsSource,
  contractViews,
  createRpc,
  createTransactionSender,
  createTransactionSigner,
  exchangeInterface,
  type Rpc,
  type TwinSessionKey,
} from '@plumb/chain'
import { rpc as ask } from '@plumb/chain/testing/json-rpc'
import {
  CHAIN_ID,
  GENESIS,
  type SettlementWorld,
  startSettlementWorld,
  testMarkets,
} from '@plumb/chain/testing/settlement-world'
import { type TestWallet, testWallet } from '@plumb/chain/testing/test-signer'
import { type EventBody, orderFlag, side as sides, timeInForce } from '@plumb/model'
import { createMetrics, silentLogger, systemClock } from '@plumb/runtime'
import {
  type ContractFollower,
  type ContractFollowerOptions,
  createContractFollower,
} from '../follow-contract.ts'
import { Relayer } from '../relayer.ts'
import { createRelayerMetrics } from '../relayer-metrics.ts'
import type { RelayerStore } from '../relayer-store.ts'
import type { BatchLimits } from '../settle-feed.ts'
import { MemoryDisk, memoryStore } from './memory-store.ts'
import { ScriptedExchange } from './scripted-exchange.ts'

// The second account that every anvil has; the first one deploys and pays for deposits.
const relayerKey = '0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d'

const bytesOf = (hex: string) => new Uint8Array(Buffer.from(hex.slice(2), 'hex'))

export const tapeMarket = 2
export const priceMarket = 0

type OpenOrder = { orderId: number; trader: TestWallet; side: 0 | 1; lots: number; price: number }
/** Everything, for a day; of its notional 100 USDC, of a position 1,000 lots. */
const keyTerms = (owner: string): TwinSessionKey => ({
  owner,
  subaccount: 0,
  allSubaccounts: true,
  expiryS: expiryS() + 60,
  notionalLeft: 100_000_000n,
  markets: 2n ** 64n - 1n,
  maxPosition: 1_000n,
  maxOrderNotional: 2n ** 64n - 1n,
})

export class TestHouse {
  readonly world: SettlementWorld
  readonly exchange = new ScriptedExchange(() => systemClock.nowMs())
  readonly disk = new MemoryDisk()
  readonly rpc: Rpc
  readonly relayerAddress: string
  confirmations = 0
  gasPerS = 0
  limits: BatchLimits = { fillsMax: 500, gasMax: 12_000_000, ageMs: 30, fundingAgeMs: 30 }
  #relayer: Relayer | undefined
  #done: Promise<unknown> = Promise.resolve()
  #orderId = 0
  #tradeId = 0
  readonly #laneSeqs = new Map<string, number>()

  private constructor(world: SettlementWorld) {
    this.world = world
    this.rpc = createRpc(world.anvil.url)
    this.relayerAddress = createTransactionSigner(relayerKey, CHAIN_ID).address
  }

  static async open(): Promise<TestHouse> {
    const house = new TestHouse(await startSettlementWorld())
    const data = exchangeInterface.encodeFunctionData('setRelayer', [house.relayerAddress, true])
    await house.send(data)
    house.#genesis()
    return house
  }

  async close(): Promise<void> {
    await this.stop()
    await this.world.anvil.stop()
  }

  get contract(): string {
    return this.world.deployment.exchange
  }

  get views() {
    return contractViews(this.rpc, this.contract)
  }

  /** A transaction of the deployer, or of an account that anvil signs for. */
  async send(data: string, sender?: string): Promise<void> {
    const accounts = await this.rpc.request('eth_accounts', [])
    const from = sender ?? (Array.isArray(accounts) ? String(accounts[0]) : '')
    const { url } = this.world.anvil
    const transaction = { from, to: this.contract, data, gas: '0xf42400' }
    const hash = await ask<string>(url, 'eth_sendTransaction', transaction)
    for (;;) {
      const receipt = await this.rpc.receipt(hash)
      if (receipt?.succeeded === false) throw new Error('reverted')
      if (receipt !== undefined) return
      await sleep(5)
    }
  }

  deposit(trader: TestWallet, amountQuote: number): Promise<void> {
    const values = [trader.owner, 0, amountQuote]
    return this.send(exchangeInterface.encodeFunctionData('depositFor', values))
  }

  /** A session key of a trader, registered on-chain. */
  registerKey(trader: TestWallet, key: TestWallet): Promise<void> {
    return this.send(this.world.keyRegistration(trader, key, keyTerms(trader.owner)))
  }

  /** The trader's own transaction. */
  async revokeKey(trader: TestWallet, key: TestWallet): Promise<void> {
    const data = exchangeInterface.encodeFunctionData('revokeKey', [key.owner])
    await this.rpc.request('anvil_impersonateAccount', [trader.owner])
    await this.rpc.request('anvil_setBalance', [trader.owner, '0xde0b6b3a7640000'])
    await this.send(data, trader.owner)
  }

  /** What follows the contract's log, by itself. */
  follower(part: Pick<ContractFollowerOptions, 'rpcs' | 'place' | 'save'>): ContractFollower {
    return createContractFollower({
      ...part,
      contract: this.contract,
      terms: GENESIS,
      finality: confirmationsSource(this.rpc, 0),
      commands: { submit: this.exchange.submit },
      logger: silentLogger,
    })
  }

  /** A relayer on the same disk and chain; an earlier one must be dead. */
  start(change: { rpc?: Rpc; store?: RelayerStore } = {}): Relayer {
    const rpc = change.rpc ?? this.rpc
    const relayer = new Relayer({
      openFeed: this.exchange.openFeed,
      commands: { submit: this.exchange.submit },
      headSeq: () => this.exchange.headSeq,
      store: change.store ?? memoryStore(this.disk),
      rpcs: [rpc],
      views: contractViews(rpc, this.contract),
      contract: this.contract,
      deployBlock: this.world.deployment.deployBlock,
      sender: createTransactionSender({
        rpc,
        signer: createTransactionSigner(relayerKey, CHAIN_ID),
        nowMs: () => systemClock.nowMs(),
      }),
      finality: confirmationsSource(rpc, this.confirmations),
      deployed: GENESIS,
      limits: this.limits,
      gasPerS: this.gasPerS,
      clock: systemClock,
      logger: silentLogger,
      metrics: createRelayerMetrics(createMetrics('relayer')),
      pollMs: 10,
      retryMs: 50,
    })
    this.#relayer = relayer
    this.#done = relayer.start().then(({ done }) => done)
    this.#done.catch(() => {})
    return relayer
  }

  /** Resolves when the running relayer has died, with what it died of. */
  async death(): Promise<unknown> {
    try {
      await this.#done
      return undefined
    } catch (error) {
      await this.stop()
      return error
    }
  }

  async stop(drainMs = 0): Promise<void> {
    await this.#relayer?.close(drainMs)
    this.#relayer = undefined
  }

  /** Waits for a condition, and dies with the relayer if that dies first. */
  async until(what: string, isMet: () => boolean | Promise<boolean>, ms = 15_000): Promise<void> {
    const end = Date.now() + ms
    while (!(await isMet())) {
      if (Date.now() > end)
        throw new Error(`${what}: not within ${ms} ms; ${JSON.stringify(this.#relayer?.status)}`)
      await Promise.race([sleep(10), this.#done.then(() => sleep(10))])
    }
  }

  /** Waits until the engine has heard that everything it was asked for so far is settled. */
  settled(seq: number = this.exchange.askedSeq): Promise<void> {
    return this.until(
      `settled up to ${seq}`,
      () => (this.exchange.confirmed.at(-1)?.toSeq ?? 0) >= seq,
    )
  }

  /** Nonces the relayer has used: one for each batch, if nothing was sent twice. */
  relayerNonce(): Promise<number> {
    return this.rpc.transactionCount(this.relayerAddress, 'latest')
  }

  #genesis(): void {
    const publishers = Buffer.concat(this.world.publishers.map(({ owner }) => bytesOf(owner)))
    this.exchange.append(
      {
        kind: 'Genesis',
        chainId: CHAIN_ID,
        settlementLagS: GENESIS.settlementLagS,
        publisherCount: 5,
        publisherQuorum: 3,
        contract: bytesOf(this.contract),
        publishers: new Uint8Array(publishers),
      },
      [{ kind: 'ExchangeOpened', chainId: CHAIN_ID }],
    )
    for (const market of testMarkets)
      this.exchange.append({ kind: 'ListMarket', ...market }, [
        { kind: 'MarketListed', market: market.market },
      ])
  }

  /** Signed prices of all publishers, and the engine's mark that follows from them. */
  price(market: number, ticks: number, mark = ticks, publishTimeMs = Date.now()): void {
    for (const [publisher, wallet] of this.world.publishers.entries()) {
      const prices = [...Array.from({ length: market % 32 }, () => 0), ticks]
      const vector = { publisher, page: Math.floor(market / 32), publishTimeMs, prices }
      const signature = this.world.signer.signPrices(wallet, vector)
      const isLast = publisher === this.world.publishers.length - 1
      this.exchange.append(
        { kind: 'ObservePrice', ...vector, count: prices.length, signature },
        isLast ? [{ kind: 'MarkUpdated', market, markTicks: mark, indexTicks: ticks }] : [],
      )
    }
  }

  /** A vector of publisher 4 that somebody else signed, and that got past the sequencer. */
  forgePrice(market: number, ticks: number): void {
    const prices = [...Array.from({ length: market % 32 }, () => 0), ticks]
    const vector = { publisher: 4, page: 0, publishTimeMs: Date.now(), prices }
    const signature = this.world.signer.signPrices(testWallet('mallory'), vector)
    const command = { kind: 'ObservePrice', ...vector, count: prices.length, signature } as const
    this.exchange.append(command, [])
  }

  funding(market: number, fundingIndex: number): void {
    const body = { rate: 0, deltaIndex: 0, indexTicks: 1, intervalS: 3600 }
    this.exchange.append({ kind: 'Tick' }, [
      { kind: 'FundingApplied', market, fundingIndex, ...body },
    ])
  }

  /** A signed order that rests. */
  rest(
    trader: TestWallet,
    market: number,
    side: 0 | 1,
    price: number,
    lots: number,
    key?: TestWallet,
  ): OpenOrder {
    const tif = timeInForce.gtc
    const { order, placed, command } = this.#order(trader, market, side, price, lots, tif, key)
    this.exchange.append(command, [placed])
    return order
  }

  /** A signed order that takes these resting ones, whole or in part. */
  take(
    trader: TestWallet,
    market: number,
    makers: readonly [OpenOrder, number][],
    flags: number = timeInForce.ioc,
    key?: TestWallet,
  ): void {
    const [[first] = [undefined]] = makers
    if (first === undefined) throw new RangeError('nothing to take')
    const side = first.side === sides.buy ? sides.sell : sides.buy
    const lots = makers.reduce((sum, [, part]) => sum + part, 0)
    const { price } = first
    const { order, placed, command } = this.#order(trader, market, side, price, lots, flags, key)
    const trades = makers.map(([maker, part]) => this.#trade(order, maker, market, part))
    this.exchange.append(command, [placed, ...trades.flat(), this.#closed(order, market, trader)])
  }

  /** A signed withdrawal that the engine accepted. */
  withdraw(trader: TestWallet, amountQuote: number): void {
    const laneSeq = this.#nextLane(trader, 5)
    const terms = { subaccount: 0, amountQuote, lane: 5, laneSeq, expiryS: expiryS() }
    const signature = this.world.signer.signWithdrawal(trader, terms)
    const accountId = this.#accountId(trader)
    const { subaccount: _, ...signed } = terms
    const signer = bytesOf(trader.owner)
    this.exchange.append({ kind: 'RequestWithdrawal', accountId, ...signed, signer, signature }, [
      {
        kind: 'WithdrawalAccepted',
        accountId,
        amountQuote,
        withdrawalId: this.exchange.headSeq + 1,
        cashQuote: 0,
        lane: 5,
        laneSeq,
      },
    ])
  }

  #nextLane(trader: TestWallet, lane: number): number {
    const key = `${trader.owner}/${lane}`
    const seq = (this.#laneSeqs.get(key) ?? 0) + 1
    this.#laneSeqs.set(key, seq)
    return seq
  }

  #accountId(trader: TestWallet): number {
    const id = this.exchange.accountIds.get(`${trader.owner}/0`)
    if (id === undefined) throw new RangeError('no deposit was credited yet')
    return id
  }

  #order(
    trader: TestWallet,
    market: number,
    side: 0 | 1,
    priceTicks: number,
    sizeLots: number,
    tif: number,
    key?: TestWallet,
  ) {
    const orderId = ++this.#orderId
    const lane = orderId % 4
    const signed = {
      market,
      side,
      flags: (tif << 2) | (key === undefined ? 0 : orderFlag.sessionKey),
      priceTicks,
      sizeLots,
      maxFee: 50,
      lane,
      laneSeq: this.#nextLane(trader, lane),
      expiryS: expiryS(),
    }
    const accountId = this.#accountId(trader)
    const signature = this.world.signer.signOrder(key ?? trader, {
      ...signed,
      subaccount: 0,
      kind: 0,
      triggerTicks: 0,
      takerFee: 0,
      makerFee: 0,
    })
    const placed: EventBody = {
      kind: 'OrderPlaced',
      accountId,
      orderId,
      orderKind: 0,
      clientOrderId: '',
      ...signed,
    }
    const rest = {
      orderKind: 0,
      triggerTicks: 0,
      orderId: 0,
      selfTrade: 0,
      clientOrderId: '',
    } as const
    const signer = bytesOf((key ?? trader).owner)
    const command = {
      kind: 'PlaceOrder',
      accountId,
      ...signed,
      ...rest,
      signer,
      signature,
    } as const
    return { order: { orderId, trader, side, lots: sizeLots, price: priceTicks }, placed, command }
  }

  #trade(taker: OpenOrder, maker: OpenOrder, market: number, sizeLots: number): EventBody[] {
    maker.lots -= sizeLots
    const trade: EventBody = {
      kind: 'TradeExecuted',
      takerAccountId: this.#accountId(taker.trader),
      makerAccountId: this.#accountId(maker.trader),
      market,
      tradeId: ++this.#tradeId,
      priceTicks: maker.price,
      sizeLots,
      quote: 0,
      takerSide: taker.side,
      takerOrderId: taker.orderId,
      makerOrderId: maker.orderId,
      takerFee: 45,
      makerFee: -10,
      takerFeeQuote: 0,
      makerFeeQuote: 0,
      takerRealizedQuote: 0,
      makerRealizedQuote: 0,
      takerPositionLots: 0,
      makerPositionLots: 0,
      takerRemainingLots: 0,
      makerRemainingLots: maker.lots,
    }
    return maker.lots === 0 ? [trade, this.#closed(maker, market, maker.trader)] : [trade]
  }

  #closed({ orderId, side, price }: OpenOrder, market: number, trader: TestWallet): EventBody {
    const accountId = this.#accountId(trader)
    const terms = { accountId, market, orderId, side, priceTicks: price }
    return { kind: 'OrderClosed', ...terms, remainingLots: 0, reason: 0 }
  }
}

const expiryS = () => Math.floor(Date.now() / 1000) + 86_400

export const traders = ['alice', 'bob', 'carol', 'dave'].map((name) => testWallet(name))
