//! Random requests of owners on-chain, what anybody carries out of them, and the segments that serve them or end a market.

import type { Owner, RiskSegment } from '../batch.ts'
import { NO_MARKET } from '../batch.ts'
import { defaultExitTerms } from '../deploy.ts'
import { exchangeInterface } from '../exchange-interface.ts'
import { abs } from '../settlement-math.ts'
import type { Random } from './random.ts'
import { ENDING_MARKET, GENESIS, type SettlementWorld, testMarkets } from './settlement-world.ts'
import type { TestWallet } from './test-signer.ts'

const { directDelayS } = defaultExitTerms

type Holder = { owner: Owner; subaccount: number }

export class RandomExits {
  readonly #world: SettlementWorld
  readonly #random: Random
  readonly #holders: readonly Holder[]
  readonly #asked: (Holder & { market: number })[] = []
  /** Calls by name that the contract took. */
  readonly done = new Map<string, number>()

  constructor(
    world: SettlementWorld,
    random: Random,
    wallets: readonly TestWallet[],
    subaccounts: number,
  ) {
    this.#world = world
    this.#random = random
    this.#holders = wallets.flatMap(({ owner }) =>
      Array.from({ length: subaccounts }, (_, subaccount) => ({ owner, subaccount })),
    )
  }

  /** One transaction outside of batches, by an owner or by anybody; the twin is told what it did. */
  async act(): Promise<void> {
    const random = this.#random
    const what = random.below(10)
    if (what < 3) return this.#requestWithdraw()
    if (what < 6) return this.#requestReduction()
    const asked = this.#asked.length === 0 ? undefined : random.pick(this.#asked)
    if (asked === undefined) return undefined
    return asked.market === NO_MARKET ? this.#claim(asked) : this.#execute(asked)
  }

  async #requestWithdraw(): Promise<void> {
    const holder = this.#random.pick(this.#holders)
    const amount = this.#random.chance(0.1) ? 0 : 10 ** this.#random.between(3, 12)
    const { timeS } = this.#world
    const logs = await this.#send(holder.owner, 'requestWithdraw', [holder.subaccount, amount])
    if (logs === undefined) return
    const untilS = amount === 0 ? 0 : timeS + directDelayS
    const request = { amount: BigInt(amount), lots: 0n, isLong: false, untilS }
    this.#world.twin.noteRequest(holder.owner, holder.subaccount, NO_MARKET, request)
    this.#asked.push({ ...holder, market: NO_MARKET })
  }

  async #requestReduction(): Promise<void> {
    const random = this.#random
    const holder = random.pick(this.#holders)
    const { positions } = this.#world.twin.account(holder.owner, holder.subaccount)
    if (positions.length === 0) return
    const { market, size } = random.pick(positions)
    const most = Number(abs(size))
    const lots = random.chance(0.1) ? 0 : random.chance(0.5) ? most : random.between(1, most)
    const withdraw = random.chance(0.5) ? 0 : 10 ** random.between(3, 9)
    const { timeS } = this.#world
    const values = [holder.subaccount, market, lots, withdraw]
    if ((await this.#send(holder.owner, 'forceReduce', values)) === undefined) return
    const amount =
      lots === 0 ? (this.#stored({ ...holder, market })?.amount ?? 0n) : BigInt(withdraw)
    const untilS =
      lots === 0 ? (this.#stored({ ...holder, market })?.untilS ?? 0) : timeS + directDelayS
    const request = { amount, lots: BigInt(lots), isLong: size > 0n, untilS }
    this.#world.twin.noteRequest(holder.owner, holder.subaccount, market, request)
    this.#asked.push({ ...holder, market })
  }

  #stored({ owner, subaccount, market }: Holder & { market: number }) {
    return this.#world.twin.state.request(`${owner}/${subaccount}`, market)
  }

  async #claim({ owner, subaccount }: Holder): Promise<void> {
    const logs = await this.#send(undefined, 'claimWithdraw', [owner, subaccount])
    const paid = logs?.get('WithdrawClaimed')
    if (paid === undefined) return
    const { twin } = this.#world
    twin.claim(owner, subaccount, Number(paid['amount']))
    const stored = this.#stored({ owner, subaccount, market: NO_MARKET })
    const untilS = stored?.untilS ?? 0
    const amount = BigInt(String(paid['stillRequested']))
    twin.noteRequest(owner, subaccount, NO_MARKET, { amount, lots: 0n, isLong: false, untilS })
  }

  async #execute({ owner, subaccount, market }: Holder & { market: number }): Promise<void> {
    const stored = this.#stored({ owner, subaccount, market })
    const logs = await this.#send(undefined, 'executeForceReduce', [owner, subaccount, market])
    const made = logs?.get('Reduced')
    if (made === undefined || stored === undefined) return
    const { twin } = this.#world
    const lots = BigInt(String(made['lots']))
    const quotePerTickLot = twin.market(market)?.quotePerTickLot ?? 0n
    const worth = -lots * BigInt(String(made['price'])) * quotePerTickLot
    const quote = worth - BigInt(String(made['fee']))
    if (lots !== 0n)
      twin.reduce(
        { owner, subaccount, market },
        Number(lots),
        Number(quote),
        Number(made['fundingIndex']),
      )
    const paid = BigInt(String(made['paid']))
    if (paid !== 0n) twin.claim(owner, subaccount, Number(paid))
    const left = { ...stored, lots: BigInt(String(made['stillRequested'])) }
    twin.noteRequest(owner, subaccount, market, { ...left, amount: stored.amount - paid })
  }

  /** Undefined when the contract refuses it. */
  async #send(
    from: Owner | undefined,
    name: string,
    values: readonly unknown[],
  ): Promise<Map<string, Record<string, unknown>> | undefined> {
    const logs = await this.#world.trySend(from, exchangeInterface.encodeFunctionData(name, values))
    if (logs === undefined) return undefined
    this.done.set(name, (this.done.get(name) ?? 0) + 1)
    const parsed = logs.map((log) => exchangeInterface.parseLog(log))
    return new Map(parsed.flatMap((log) => (log === null ? [] : [[log.name, log.args.toObject()]])))
  }

  /** Serves what was asked for, mostly within it; or ends the market that is to end. */
  segment(): RiskSegment {
    const random = this.#random
    if (random.chance(0.3)) return this.#delisting()
    const requests = Array.from({ length: random.between(1, 2) }, () => {
      const asked =
        this.#asked.length === 0
          ? { ...random.pick(this.#holders), market: random.pick(testMarkets).market }
          : random.pick(this.#asked)
      const stored = this.#stored(asked)
      const most = random.chance(0.9) ? 1 : 2
      const isLots = asked.market !== NO_MARKET && random.chance(0.6)
      const lots = isLots
        ? Math.ceil((Number(stored?.lots ?? 3n) * most) / random.between(1, 3))
        : 0
      const amount = Number(stored?.amount ?? 3n) * most
      const { owner, subaccount, market } = asked
      const amountQuote = isLots ? 0 : Math.ceil(amount / random.pick([1, 1, 10, 1_000]))
      return { owner, subaccount, market, lots, amountQuote }
    })
    return { kind: 'Requests', requests }
  }

  #delisting(): RiskSegment {
    const random = this.#random
    const { twin } = this.#world
    const market = random.chance(0.95) ? ENDING_MARKET : random.pick(testMarkets).market
    const known = twin.market(market)
    const mark = known?.mark ?? 1
    const isNear = known?.isSettled === true ? random.chance(0.95) : random.chance(0.1)
    const priceTicks = isNear ? mark : Math.floor((mark * random.between(50, 150)) / 100)
    const holders = [...this.#holders, { owner: GENESIS.backstop, subaccount: market + 1 }]
    const holding = holders.filter(({ owner, subaccount }) =>
      twin.account(owner, subaccount).positions.some((p) => p.market === market),
    )
    const pool = holding.length > 0 && random.chance(0.95) ? holding : holders
    const accounts = random.chance(0.2) ? [] : [random.pick(pool)]
    return { kind: 'Delistings', delistings: [{ market, priceTicks, accounts }] }
  }
}
