//! The contract on a chain of its own beside its twin: every batch goes to both, and both must say the same.
import type { Market } from '@plumb/model'
import { typedDomain } from '@plumb/protocol'
import { Interface, JsonRpcProvider, TypedDataEncoder } from 'ethers'
import { type Batch, batchFormat, type Owner } from '../batch.ts'
import type { ChainTier } from '../contract-views.ts'
import { decodeBatch } from '../decode-batch.ts'
import { type Deployment, defaultExitTerms, deployContracts } from '../deploy.ts'
import { type BatchCodeName, batchCode } from '../generated/batch-code.ts'
import { plumbExchangeAbi } from '../generated/plumb-exchange.ts'
import { testUsdcAbi } from '../generated/test-usdc.ts'
import type { TwinSessionKey } from '../settlement-state.ts'
import { type BatchResult, SettlementTwin } from '../settlement-twin.ts'
import { type Anvil, startAnvil } from './anvil.ts'
import { rpc, rpcMany } from './json-rpc.ts'
import { type TestSigner, type TestWallet, testSigner, testWallet } from './test-signer.ts'

export const CHAIN_ID = 1337
/** The one market that a batch may end. */
export const ENDING_MARKET = 1
export const GENESIS = {
  settlementLagS: 600,
  markAgeMaxS: 3600,
  backstop: testWallet('backstop').owner,
  forceFeePpm: defaultExitTerms.forceFeePpm,
  directDelayS: defaultExitTerms.directDelayS,
  forceDelayS: defaultExitTerms.forceDelayS,
}
// As ethers wants them: the contract's own hash of the type is compared by every registration.
const sessionKeyTypes = {
  SessionKey: [
    { name: 'owner', type: 'address' },
    { name: 'key', type: 'address' },
    { name: 'subaccount', type: 'uint8' },
    { name: 'allSubaccounts', type: 'bool' },
    { name: 'expiry', type: 'uint32' },
    { name: 'notional', type: 'uint64' },
    { name: 'markets', type: 'uint64' },
    { name: 'maxPosition', type: 'uint64' },
    { name: 'maxOrderNotional', type: 'uint64' },
  ],
}
type Receipt = { status: string; gasUsed: string; logs: { topics: string[]; data: string }[] }

const abi = new Interface(plumbExchangeAbi)
const usdc = new Interface(testUsdcAbi)
const codeNames: readonly BatchCodeName[] = Object.keys(batchCode).filter(
  (name): name is BatchCodeName => name in batchCode,
)

const market = (id: number, part: Partial<Market>): Market => ({
  market: id,
  symbol: `M${id}-PERP`,
  tickE8: 10_000_000,
  lotE8: 10_000,
  quotePerTickLot: 10,
  imBps: 500,
  mmBps: 250,
  takerFee: 45,
  makerFee: 15,
  minOrderLots: 1,
  maxOrderLots: 1_000_000,
  maxPositionLots: 2_000_000,
  minNotionalQuote: 0,
  maxOpenInterestLots: 0,
  priceBandPpm: 0,
  markBandPpm: 30_000,
  fixedIndexTicks: 0,
  ...part,
})

/** Two observed markets on the first page, one on the second, and a recorded tape with sizes beyond 32 bits. */
export const testMarkets: readonly Market[] = [
  market(0, {}),
  market(1, { tickE8: 1_000_000, lotE8: 100_000, quotePerTickLot: 10, imBps: 1_000, mmBps: 500 }),
  market(2, {
    tickE8: 1_000_000,
    lotE8: 1,
    quotePerTickLot: 1,
    imBps: 2,
    mmBps: 1,
    maxOrderLots: 40_000_000_000,
    maxPositionLots: 4_000_000_000_000,
    markBandPpm: 0,
    fixedIndexTicks: 23_000,
  }),
  market(33, { quotePerTickLot: 1, imBps: 2_000, mmBps: 1_000 }),
]

/** Size tiers as set on-chain: two on the first market, all three on the last, none on the others. */
const testTiers: Record<number, { tiers: ChainTier[]; fee: number }> = {
  0: {
    tiers: [
      { boundUsdc: 100_000, imfPpm: 100_000 },
      { boundUsdc: 1_000_000, imfPpm: 200_000 },
    ],
    fee: 10_000,
  },
  33: {
    tiers: [
      { boundUsdc: 1_000, imfPpm: 250_000 },
      { boundUsdc: 20_000, imfPpm: 400_000 },
      { boundUsdc: 300_000, imfPpm: 1_000_000 },
    ],
    fee: 0,
  },
}

/**
 * Deploys on a fresh anvil. `startS`: the chain's first second; now by default. With a fixed one signatures, and so
 * damaged bytes, are the same for the same seed.
 */
export async function startSettlementWorld(startS?: number): Promise<SettlementWorld> {
  const anvil = await startAnvil(startS === undefined ? [] : ['--timestamp', String(startS)])
  const provider = new JsonRpcProvider(anvil.url, CHAIN_ID, { staticNetwork: true })
  const signer = await provider.getSigner(0)
  const publishers = [0, 1, 2, 3, 4].map((i) => testWallet(`publisher ${i}`))
  const deployment = await deployContracts(signer, {
    markets: testMarkets,
    relayers: [signer.address],
    publishers: publishers.map(({ owner }) => owner),
    quorum: 3,
    ...GENESIS,
    minDepositQuote: 1,
    maxDepositsQuote: 9_007_199_254_740_991,
  })
  provider.destroy()
  const world = new SettlementWorld(anvil, deployment, signer.address, publishers)
  await world.open()
  return world
}

export class SettlementWorld {
  readonly anvil: Anvil
  readonly deployment: Deployment
  readonly publishers: readonly TestWallet[]
  readonly signer: TestSigner
  readonly twin = new SettlementTwin(GENESIS)
  /** Of the last transaction. */
  gasUsed = 0
  /** Time of the next block, seconds. */
  timeS = 0
  readonly #relayer: string

  constructor(
    anvil: Anvil,
    deployment: Deployment,
    relayer: string,
    publishers: readonly TestWallet[],
  ) {
    this.anvil = anvil
    this.deployment = deployment
    this.publishers = publishers
    this.#relayer = relayer
    const byId = new Map(testMarkets.map((listed) => [listed.market, listed]))
    this.signer = testSigner(CHAIN_ID, deployment.exchange, byId)
  }

  async open(): Promise<void> {
    const { url } = this.anvil
    const block = await rpc<{ timestamp: string }>(url, 'eth_getBlockByNumber', 'latest', false)
    this.timeS = Number(block.timestamp) + 1
    this.twin.setPublishers(
      this.publishers.map(({ owner }) => owner),
      3,
    )
    for (const [id, { tiers, fee }] of Object.entries(testTiers)) {
      const values = [
        id,
        [0, 1, 2].map((n) => tiers[n]?.boundUsdc ?? 0),
        [0, 1, 2].map((n) => tiers[n]?.imfPpm ?? 0),
        fee,
      ]
      const data = abi.encodeFunctionData('setMarketTiers', values)
      await this.send(this.deployment.exchange, data)
    }
    for (const listed of testMarkets) {
      const view = await this.call('market', [listed.market])
      this.twin.listMarket(listed, Number(view[0].markTime))
      const set = testTiers[listed.market]
      if (set !== undefined) this.twin.setMarketTiers(listed.market, set.tiers, set.fee)
    }
    // Before the first deposit the admin needs no timelock.
    const ending = abi.encodeFunctionData('delistMarket', [ENDING_MARKET])
    await this.send(this.deployment.exchange, ending)
    this.twin.delistMarket(ENDING_MARKET)
    await this.send(
      this.deployment.token,
      usdc.encodeFunctionData('mint', [this.#relayer, 2n ** 60n]),
    )
    const approval = usdc.encodeFunctionData('approve', [this.deployment.exchange, 2n ** 60n])
    await this.send(this.deployment.token, approval)
  }

  async deposit(owner: Owner, subaccount: number, amountQuote: number): Promise<void> {
    const data = abi.encodeFunctionData('depositFor', [owner, subaccount, amountQuote])
    await this.send(this.deployment.exchange, data)
    this.twin.deposit(owner, subaccount, amountQuote)
  }

  /** Registers a session key, signed by both, with the contract and the twin. */
  async registerKey(owner: TestWallet, key: TestWallet, terms: TwinSessionKey): Promise<void> {
    await this.send(this.deployment.exchange, this.keyRegistration(owner, key, terms))
    this.twin.state.setSessionKey(key.owner, terms)
  }

  /** The call that registers a session key, signed by both. */
  keyRegistration(owner: TestWallet, key: TestWallet, terms: TwinSessionKey): string {
    const struct = {
      owner: owner.owner,
      key: key.owner,
      subaccount: terms.subaccount,
      allSubaccounts: terms.allSubaccounts,
      expiry: terms.expiryS,
      notional: terms.notionalLeft,
      markets: terms.markets,
      maxPosition: terms.maxPosition,
      maxOrderNotional: terms.maxOrderNotional,
    }
    const domain = typedDomain(CHAIN_ID, this.deployment.exchange)
    const digest = TypedDataEncoder.hash(domain, sessionKeyTypes, struct)
    const [ofOwner, ofKey] = [owner, key].map(({ key: secret }) => {
      const { r, yParityAndS } = secret.sign(digest)
      return [r, yParityAndS]
    })
    return abi.encodeFunctionData('registerKey', [struct, ofOwner, ofKey])
  }

  /** What the twin says of these bytes, or null when they do not decode. Applies the batch to the twin if accepted. */
  predict(bytes: Uint8Array): BatchResult | null {
    let batch: Batch
    try {
      batch = decodeBatch(bytes, this.signer)
    } catch {
      return null
    }
    return this.twin.applyBatch(batch, { timeS: this.timeS })
  }

  /** What the contract does with these bytes in the next block; what is foreseen to settle is not asked for first. */
  async settle(bytes: Uint8Array, isForeseen = false): Promise<BatchResult | 'reverted'> {
    const data = abi.encodeFunctionData('settle', [bytes])
    const to = this.deployment.exchange
    if (!isForeseen) {
      const refusal = await this.#refusal(to, data)
      if (refusal !== undefined) return refusal
    }
    const receipt = await this.#mine(to, data, this.#relayer)
    if (receipt.status === '0x0') return (await this.#refusal(to, data)) ?? 'reverted'
    if (bytes[1] !== batchFormat.modeBestEffort) return { ok: true }
    const skips = receipt.logs.map((log) => abi.parseLog(log)).filter((log) => log !== null)
    const skipped = skips
      .filter(({ name }) => name === 'PairSkipped')
      .map(({ args }) => ({ segment: Number(args[1]), code: nameOfCode(args[2]) }))
    return { ok: true, skipped }
  }

  async #refusal(to: string, data: string): Promise<BatchResult | 'reverted' | undefined> {
    const call = { from: this.#relayer, to, data }
    const [answer] = await rpcMany(this.anvil.url, [
      { method: 'eth_call', params: [call, 'latest', {}, { time: hex(this.timeS) }] },
    ])
    return answer?.error === undefined ? undefined : refusalOf(answer.error.data)
  }

  /** Sends from the relayer in a block of time `timeS`, then moves the clock on. */
  async send(to: string, data: string, from: string = this.#relayer): Promise<Receipt> {
    const receipt = await this.#mine(to, data, from)
    if (receipt.status === '0x0') throw new Error('reverted')
    return receipt
  }

  async #mine(to: string, data: string, from: string): Promise<Receipt> {
    const transaction = { from, to, data, gas: hex(16_000_000) }
    const [, mined] = await rpcMany<Receipt>(this.anvil.url, [
      { method: 'evm_setNextBlockTimestamp', params: [this.timeS] },
      { method: 'eth_sendTransactionSync', params: [transaction] },
    ])
    if (mined?.result === undefined) throw new Error(mined?.error?.message)
    this.gasUsed = Number(mined.result.gasUsed)
    this.timeS += 1
    return mined.result
  }

  /** As `send`, from an owner or from the relayer; answers the logs, undefined when it would revert. */
  async trySend(
    owner: Owner | undefined,
    data: string,
  ): Promise<{ topics: string[]; data: string }[] | undefined> {
    const { url } = this.anvil
    const from = owner ?? this.#relayer
    const to = this.deployment.exchange
    const call = { from, to, data }
    const time = { time: hex(this.timeS) }
    const [answer] = await rpcMany(url, [
      { method: 'eth_call', params: [call, 'latest', {}, time] },
      { method: 'anvil_impersonateAccount', params: [from] },
      { method: 'anvil_setBalance', params: [from, hex(1e18)] },
    ])
    if (answer?.error !== undefined) return undefined
    return (await this.send(to, data, from)).logs
  }

  /** Reads the contract. */
  async call(name: string, values: readonly unknown[]) {
    const [view] = await this.callMany([[name, values]])
    if (view === undefined) throw new Error(name)
    return view
  }

  async callMany(calls: readonly (readonly [string, readonly unknown[]])[]) {
    const to = this.deployment.exchange
    const requests = calls.map(([name, values]) => {
      const data = abi.encodeFunctionData(name, values)
      return { method: 'eth_call', params: [{ to, data }, 'latest'] }
    })
    const answers = await rpcMany<string>(this.anvil.url, requests)
    return calls.map(([name], i) => {
      const answer = answers[i]
      if (answer?.result === undefined) throw new Error(`${name}: ${answer?.error?.message}`)
      return abi.decodeFunctionResult(name, answer.result)
    })
  }
}

const hex = (value: number): string => `0x${value.toString(16)}`

function refusalOf(data: string | undefined): BatchResult | 'reverted' {
  const error = data === undefined ? null : abi.parseError(data)
  if (error?.name !== 'BatchRejected') return 'reverted'
  const [number, segment, index] = error.args
  const code = nameOfCode(number)
  return { ok: false, error: { code, segment: Number(segment), index: Number(index) } }
}

function nameOfCode(number: unknown): BatchCodeName {
  const code = codeNames.find((name) => batchCode[name] === Number(number))
  if (code === undefined) throw new RangeError(`unknown code ${String(number)}`)
  return code
}
