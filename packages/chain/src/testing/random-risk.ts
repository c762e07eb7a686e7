//! Random liquidations, takeovers, deleveragings, transfers and activations: mostly of accounts that deserve them.
import { orderKind, side } from '@plumb/model'
import type {
  CounterpartyRecord,
  DeleveragingRecord,
  LiquidationRecord,
  Owner,
  PositionName,
  RiskSegment,
  TransferRecord,
} from '../batch.ts'
import type { SignedOrder } from '../open-fills.ts'
import { type Health, healthOf, maintenanceOf, openRun } from '../risk-run.ts'
import { deficitOf } from '../settle-takeovers.ts'
import { abs, mulDivCeil } from '../settlement-math.ts'
import type { Random } from './random.ts'
import { type SettlementWorld, testMarkets } from './settlement-world.ts'
import type { TestWallet } from './test-signer.ts'

/** What the drawing of batches lends: signed orders of the traders, and their next lane numbers. */
export type OrderSource = {
  order(market: number, side: 0 | 1, flags: number, priceTicks?: number): SignedOrder
  nextLaneSeq(owner: Owner, subaccount: number, lane: number): number
}

type Held = PositionName & { size: bigint; health: Health }

const LANES = [0, 1, 2, 3, 700]
// Leaves room below the field's end for a slightly worse price; a healthy account has no limit inside it.
const PRICE_MAX = 2 ** 32 - 1_000

/** Draws risk segments on the state of a world's twin. */
export class RandomRisk {
  readonly #world: SettlementWorld
  readonly #random: Random
  readonly #wallets: readonly TestWallet[]
  readonly #subaccounts: number
  readonly #orders: OrderSource

  constructor(
    world: SettlementWorld,
    random: Random,
    wallets: readonly TestWallet[],
    subaccounts: number,
    orders: OrderSource,
  ) {
    this.#world = world
    this.#random = random
    this.#wallets = wallets
    this.#subaccounts = subaccounts
    this.#orders = orders
  }

  segment(): RiskSegment {
    const held = this.#held()
    const sick = held.filter(({ health }) => health.equity < health.maintenance)
    const pool = sick.length > 0 && this.#random.chance(0.9) ? sick : held
    const what = this.#random.below(8)
    if (what === 0) return { kind: 'Transfers', transfers: [this.#transfer('Transfers')] }
    if (what === 1) return { kind: 'Insurance', transfers: [this.#transfer('Insurance')] }
    if (what === 2 || pool.length === 0) return this.#activation()
    const victim = this.#random.pick(pool)
    if (what === 3) return { kind: 'Takeovers', takeovers: [nameOf(victim)] }
    if (what === 4) return { kind: 'Deleveragings', deleveragings: [this.#deleveraging(victim)] }
    // Losses that are too large for most books are often taken over or deleveraged.
    const { equity, maintenance } = victim.health
    if (3n * equity < 2n * maintenance && this.#random.chance(0.5))
      return this.#random.chance(0.5)
        ? { kind: 'Takeovers', takeovers: [nameOf(victim)] }
        : { kind: 'Deleveragings', deleveragings: [this.#deleveraging(victim)] }
    return { kind: 'Liquidations', liquidations: [this.#liquidation(victim)] }
  }

  #held(): Held[] {
    const { state } = this.#world.twin
    const found: Held[] = []
    for (const { owner } of this.#wallets)
      for (let subaccount = 0; subaccount < this.#subaccounts; subaccount++) {
        const run = openRun(state, owner, subaccount)
        const health = healthOf(state, run, this.#world.timeS)
        for (const [market, { size }] of run.held())
          found.push({ owner, subaccount, market, size, health })
      }
    return found
  }

  #liquidation(victim: Held): LiquidationRecord {
    const random = this.#random
    const isLong = victim.size > 0n
    const limit = this.#limitOf(victim)
    let left = Number(abs(victim.size))
    const fills = Array.from({ length: random.between(1, 3) }, () => {
      const better = random.chance(0.9) ? random.below(200) : -random.below(3)
      const price = Math.max(1, limit + (isLong ? better : -better))
      const maker = this.#orders.order(victim.market, isLong ? side.buy : side.sell, 0, price)
      const most = Math.max(1, Math.min(left, maker.sizeLots))
      const sizeLots = random.chance(0.5) ? most : random.between(1, most)
      left -= sizeLots
      const isRepriced = maker.kind === orderKind.repricing
      const makerFee = random.chance(0.9) ? random.below(30) : -random.below(3)
      return {
        maker: { ...maker, takerFee: 0, makerFee },
        sizeLots,
        priceTicks: isRepriced ? price : maker.priceTicks,
      }
    })
    return { ...nameOf(victim), fills }
  }

  // As LiquidationSegment.sol has it, in numbers: a tick more or less only changes what is refused.
  #limitOf({ market: id, size, health }: Held): number {
    const market = this.#world.twin.state.listedMarket(id)
    if (health.maintenance === 0n) return market.mark
    const lots = abs(size)
    const left = health.equity > 0n ? health.equity : 0n
    const short = health.maintenance - left
    const spread = short * 3n < left * 2n ? short * 3n : left * 2n
    const off =
      (spread * maintenanceOf(market, lots)) /
      (2n * health.maintenance * lots * market.quotePerTickLot)
    const limit = market.mark + Number(size > 0n ? -off : off)
    return Math.min(PRICE_MAX, Math.max(1, limit))
  }

  #deleveraging(victim: Held): DeleveragingRecord {
    const random = this.#random
    const market = this.#world.twin.state.listedMarket(victim.market)
    const opposite = this.#held()
      .filter(({ market: id, size }) => id === victim.market && size > 0n !== victim.size > 0n)
      .filter(({ health }) => health.equity > 0n || random.chance(0.05))
      .slice(0, random.between(1, 4))
    let left = abs(victim.size)
    const lots = opposite.map(({ size }) => {
      const most = left < abs(size) ? left : abs(size)
      const taken = random.chance(0.6) ? most : most / 2n
      left -= taken
      return taken
    })
    const closed = lots.reduce((sum, part) => sum + part, 0n)
    const isInsolvent = victim.health.equity < 0n
    const deficit = isInsolvent ? deficitOf(market, victim.size, victim.health) : 0n
    const rest = deficit < market.insurance ? 0n : deficit - market.insurance
    const total = closed === 0n ? 0n : mulDivCeil(rest, closed, abs(victim.size))
    const shares = lots.map((part) => (closed === 0n ? 0n : (total * part) / closed))
    let missing = total - shares.reduce((sum, share) => sum + share, 0n)
    const counterparties = opposite
      .map(({ owner, subaccount }, i): CounterpartyRecord => {
        const extra = missing > 0n ? 1n : 0n
        missing -= extra
        const deficitQuote = Number((shares[i] ?? 0n) + extra) + (random.chance(0.03) ? 1 : 0)
        return { owner, subaccount, sizeLots: Number(lots[i] ?? 0n), deficitQuote }
      })
      .filter(({ sizeLots }) => sizeLots > 0 || random.chance(0.1))
      .toSorted((a, b) =>
        a.owner === b.owner ? a.subaccount - b.subaccount : a.owner < b.owner ? -1 : 1,
      )
    return { ...nameOf(victim), counterparties }
  }

  #transfer(kind: 'Transfers' | 'Insurance'): TransferRecord {
    const random = this.#random
    const wallet = random.pick(this.#wallets)
    const subaccount = random.below(this.#subaccounts)
    const { cash } = this.#world.twin.account(wallet.owner, subaccount)
    const lane = random.pick(LANES)
    const share = random.pick([2, 10, 1_000])
    const isGift = kind === 'Insurance'
    const body = {
      subaccount,
      to: isGift
        ? random.pick([...testMarkets.map(({ market }) => market), 9])
        : random.chance(0.9)
          ? (subaccount + 1) % this.#subaccounts
          : subaccount,
      amountQuote: cash > 0n ? Math.floor(Number(cash) / share) : 7,
      lane,
      laneSeq: this.#orders.nextLaneSeq(wallet.owner, subaccount, lane),
      expiryS: this.#world.timeS + random.below(1_000),
    }
    const { signer } = this.#world
    const signature = isGift
      ? signer.signInsurance(wallet, body)
      : signer.signTransfer(wallet, body)
    return { ...body, owner: wallet.owner, signature }
  }

  #activation(): RiskSegment {
    const { market } = this.#random.pick(testMarkets)
    const order = this.#orders.order(market, this.#random.pick([0, 1] as const), 0)
    return { kind: 'Activations', orders: [{ ...order, takerFee: 0, makerFee: 0 }] }
  }
}

const nameOf = ({ owner, subaccount, market }: PositionName): PositionName => ({
  owner,
  subaccount,
  market,
})
