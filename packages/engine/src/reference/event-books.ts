//! Books kept from events alone: what every account, tranche and pool must hold if the events tell the whole truth.
import type { EngineEvent } from '@plumb/model'
import type { Engine } from '../engine.ts'

type Books = {
  cash: Map<number, number>
  /** `account:market` → lots. */
  lots: Map<string, number>
  tranches: Map<number, number>
  pools: Map<number, number>
  badDebts: Map<number, number>
  fees: number
}

/** Follows an engine's events; `compare` says where its state differs from them. */
export class EventBooks {
  readonly #books: Books = {
    cash: new Map(),
    lots: new Map(),
    tranches: new Map(),
    pools: new Map(),
    badDebts: new Map(),
    fees: 0,
  }

  follow(events: readonly EngineEvent[]): void {
    for (const event of events) this.#follow(event)
  }

  #cash(account: number, amount: number): void {
    this.#books.cash.set(account, (this.#books.cash.get(account) ?? 0) + amount)
  }

  #lots(account: number, market: number, change: number): void {
    const key = `${account}:${market}`
    this.#books.lots.set(key, (this.#books.lots.get(key) ?? 0) + change)
  }

  #tranche(market: number, amount: number): void {
    this.#books.tranches.set(market, (this.#books.tranches.get(market) ?? 0) + amount)
  }

  #pool(market: number, amount: number): void {
    this.#books.pools.set(market, (this.#books.pools.get(market) ?? 0) + amount)
  }

  /** `account` buys (side 0) or sells at `quote`. */
  #trade(account: number, market: number, side: number, lots: number, quote: number): void {
    this.#cash(account, side === 0 ? 0 - quote : quote)
    this.#lots(account, market, side === 0 ? lots : 0 - lots)
  }

  #follow(event: EngineEvent): void {
    const books = this.#books
    if (event.kind === 'DepositCredited') this.#cash(event.accountId, event.amountQuote)
    else if (event.kind === 'FundingSettled') {
      this.#cash(event.accountId, 0 - event.paymentQuote)
      this.#pool(event.market, event.paymentQuote)
    } else if (event.kind === 'TradeExecuted') {
      const { market, sizeLots, quote, takerFeeQuote, makerFeeQuote } = event
      this.#trade(event.takerAccountId, market, event.takerSide, sizeLots, quote)
      this.#trade(event.makerAccountId, market, 1 - event.takerSide, sizeLots, quote)
      this.#cash(event.takerAccountId, 0 - takerFeeQuote)
      this.#cash(event.makerAccountId, 0 - makerFeeQuote)
      books.fees += takerFeeQuote + makerFeeQuote
    } else if (event.kind === 'DustCollected') {
      this.#pool(event.market, 0 - event.amountQuote)
      this.#tranche(event.market, event.amountQuote)
    } else if (event.kind === 'InsuranceFunded') {
      this.#cash(event.accountId, 0 - event.amountQuote)
      this.#tranche(event.market, event.amountQuote)
    } else this.#followSafety(event)
  }

  #followSafety(event: EngineEvent): void {
    const books = this.#books
    if (event.kind === 'LiquidationFilled') {
      const { accountId, makerAccountId, market, side, sizeLots, quote } = event
      this.#trade(accountId, market, side, sizeLots, quote)
      this.#trade(makerAccountId, market, 1 - side, sizeLots, quote)
      this.#cash(accountId, 0 - event.insuranceQuote)
      this.#cash(makerAccountId, 0 - event.makerFeeQuote)
      this.#tranche(market, event.insuranceQuote)
      books.fees += event.makerFeeQuote
    } else if (event.kind === 'PositionTakenOver') {
      this.#cash(event.accountId, event.quote + event.insuranceQuote)
      this.#cash(event.backstopAccountId, 0 - event.quote)
      this.#lots(event.accountId, event.market, 0 - event.sizeLots)
      this.#lots(event.backstopAccountId, event.market, event.sizeLots)
      this.#tranche(event.market, 0 - event.insuranceQuote)
    } else if (event.kind === 'PositionReduced') {
      this.#cash(event.accountId, event.quote)
      this.#cash(event.backstopAccountId, 0 - event.quote)
      this.#lots(event.accountId, event.market, event.sizeLots)
      this.#lots(event.backstopAccountId, event.market, 0 - event.sizeLots)
    } else if (event.kind === 'AdlExecuted') {
      this.#cash(event.accountId, event.quote - event.deficitQuote)
      this.#lots(event.accountId, event.market, 0 - event.sizeLots)
      this.#cash(event.victimAccountId, event.deficitQuote - event.quote)
      this.#lots(event.victimAccountId, event.market, event.sizeLots)
    } else if (event.kind === 'AdlRound') {
      this.#cash(event.accountId, event.insuranceQuote)
      this.#tranche(event.market, 0 - event.insuranceQuote)
    } else if (event.kind === 'PositionSettled') {
      this.#cash(event.accountId, event.quote)
      this.#lots(event.accountId, event.market, 0 - event.sizeLots)
    } else if (event.kind === 'BadDebt') {
      const { market, accountId, amountQuote, insuranceQuote } = event
      this.#cash(accountId, amountQuote + insuranceQuote)
      this.#tranche(market, 0 - insuranceQuote)
      books.badDebts.set(market, (books.badDebts.get(market) ?? 0) + amountQuote)
    }
  }

  /** Every difference between the engine and the books, as text; empty when there is none. */
  compare(engine: Engine): string[] {
    const found: string[] = []
    const same = (name: string, held: number, booked: number) => {
      if (held !== booked) found.push(`${name}: engine ${held}, events ${booked}`)
    }
    const { accounts, feesQuote } = engine.totals()
    const open = new Set<string>()
    for (let id = 1; id <= accounts; id++) {
      const account = engine.account(id)
      same(`cash of ${id}`, account?.cashQuote ?? 0, this.#books.cash.get(id) ?? 0)
      for (const { market, lots } of account?.positions ?? []) {
        const key = `${id}:${market}`
        open.add(key)
        same(`lots of ${key}`, lots, this.#books.lots.get(key) ?? 0)
      }
    }
    for (const [key, lots] of this.#books.lots) if (!open.has(key)) same(`lots of ${key}`, 0, lots)
    for (const market of engine.markets()) {
      const { tranches, pools, badDebts } = this.#books
      const m = market.market
      same(`tranche of ${m}`, market.insuranceQuote, tranches.get(m) ?? 0)
      same(`pool of ${m}`, market.fundingPoolQuote, pools.get(m) ?? 0)
      same(`bad debt of ${m}`, market.badDebtQuote, badDebts.get(m) ?? 0)
    }
    same('fees', feesQuote, this.#books.fees)
    return found
  }
}
