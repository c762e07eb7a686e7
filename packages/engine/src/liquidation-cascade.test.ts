// Liquidations on the prices of real crashes. The data stays outside the repository, so the tests say when it is absent.
// oxlint-disable-next-line no-restricted-imports -- a test may read files
import { existsSync, readFileSync } from 'node:fs'
// oxlint-disable-next-line no-restricted-imports -- a test may read files
import { fileURLToPath } from 'node:url'
// oxlint-disable-next-line no-restricted-imports -- a test may read files
import { gunzipSync } from 'node:zlib'
import type { EngineEvent, Market } from '@plumb/model'
import { describe, expect, test } from 'vitest'
import { DrivenExchange } from './reference/driven-exchange.ts'
import { checkInvariants } from './reference/invariants.ts'
import { scenarioMarket } from './reference/scenario.ts'

const folder = fileURLToPath(new URL('../../../../shared/data/prices/', import.meta.url))
const USDC = 1_000_000
const MM_BPS = 250n

function rowsOf(file: string): string[][] {
  const text = gunzipSync(readFileSync(`${folder}${file}`)).toString()
  return text
    .trim()
    .split('\n')
    .slice(1)
    .map((row) => row.split(','))
}

const avax: Market = {
  ...scenarioMarket,
  symbol: 'AVAX-PERP',
  tickE8: 100_000,
  lotE8: 10_000_000,
  maxPositionLots: 1e9,
  maxOrderLots: 1e9,
  markBandPpm: 52_500,
}
const bitcoin: Market = { ...scenarioMarket, maxPositionLots: 1e9, maxOrderLots: 1e9 }

/** What liquidations cost and who bore it, from the events. */
type Costs = {
  deficit: bigint
  insurance: bigint
  adl: bigint
  stages: number[]
  bankrupt: Set<number>
}

/**
 * An exchange in a crash: account 1 makes the market, the next one funds insurance and one account a market is its
 * backstop, then come leveraged traders.
 */
class Crash {
  readonly exchange: DrivenExchange
  readonly costs: Costs = {
    deficit: 0n,
    insurance: 0n,
    adl: 0n,
    stages: [0, 0, 0, 0, 0],
    bankrupt: new Set(),
  }
  readonly #markets: readonly Market[]
  readonly #traders: number
  #random = 20_251_010

  constructor(markets: readonly Market[], traders: number, publisherCount: number, timeMs: number) {
    this.#markets = markets
    this.#traders = traders
    const accounts = 2 + markets.length + traders
    const options = { publisherCount, quorum: 2, timeMs, reference: false }
    this.exchange = new DrivenExchange(markets, { accounts, ...options })
    this.exchange.deposit(1, 50_000_000 * USDC)
    this.exchange.deposit(2, 1_000_000 * USDC)
    for (const { market } of markets) this.exchange.deposit(3 + market, 100_000 * USDC)
    for (let i = 0; i < traders; i++)
      this.exchange.deposit(this.#trader(i), this.#range(500, 3_000) * USDC)
  }

  #trader(i: number): number {
    return 3 + this.#markets.length + i
  }

  #range(from: number, to: number): number {
    this.#random = (Math.imul(this.#random, 1_103_515_245) + 12_345) & 0x7fff_ffff
    return from + ((this.#random >>> 8) % (to - from + 1))
  }

  /** Backstops, insurance, and positions of every trader at the present mark: most are long, a few short. */
  open(insuranceUsdc: number): void {
    const { exchange } = this
    for (const { market, quotePerTickLot } of this.#markets) {
      exchange.arm(market, { partialAboveQuote: 10_000 * USDC, liquidationFeePpm: 2_000 })
      exchange.backstop(market, 3 + market)
      exchange.fund(market, 2, insuranceUsdc * USDC, market)
      const priceTicks = exchange.engine.market(market)?.markTicks ?? 0
      const deep = { accountId: 1, market, priceTicks, sizeLots: 1e8 }
      for (const side of [0, 1] as const) {
        exchange.place({ ...deep, side: side === 0 ? 1 : 0 }, 900)
        for (let i = 0; i < this.#traders; i++) {
          const isShort = i % 5 === 4
          if (isShort !== (side === 1) || (market > 0 && i % 3 !== 0)) continue
          const cash = exchange.engine.account(this.#trader(i))?.cashQuote ?? 0
          const deposit = Math.min(3_000 * USDC, Math.abs(cash))
          const leverage = isShort ? this.#range(1, 4) : this.#range(3, market > 0 ? 6 : 13)
          const sizeLots = Math.max(
            1,
            Math.floor((deposit * leverage) / (priceTicks * quotePerTickLot)),
          )
          exchange.place(
            { accountId: this.#trader(i), market, side, priceTicks, sizeLots, ioc: true },
            901,
          )
        }
        exchange.cancelAll(1)
      }
    }
  }

  /** Thin quotes around a price, then the clock; what the tick does is held against the rules. */
  step(quotes: readonly number[], sizes: readonly number[]): EngineEvent[] {
    const { exchange } = this
    exchange.cancelAll(1)
    for (const [market, price] of quotes.entries()) {
      const sizeLots = sizes[market] ?? 1
      const bid = {
        accountId: 1,
        market,
        side: 0,
        priceTicks: Math.floor(price * 0.999),
        sizeLots,
      } as const
      exchange.place(bid, 2 * market)
      const ask = { ...bid, side: 1, priceTicks: Math.ceil(price * 1.001) } as const
      exchange.place(ask, 2 * market + 1)
    }
    const events = exchange.tick()
    if (this.#count(events)) expect(exchange.books.compare(exchange.engine)).toEqual([])
    return events
  }

  /** Adds up what the events say; whether there was a liquidation. */
  #count(events: readonly EngineEvent[]): boolean {
    const { costs } = this
    let any = false
    let why: Extract<EngineEvent, { kind: 'LiquidationExplained' }> | undefined
    for (const event of events) {
      if (event.kind === 'LiquidationExplained') {
        any = true
        why = event
        costs.stages[event.stage] = (costs.stages[event.stage] ?? 0) + 1
        if (event.stage > 0) expect(event.equityQuote).toBeLessThan(event.maintenanceQuote)
      }
      if (why === undefined) continue
      if (event.kind === 'LiquidationFilled' && event.insuranceQuote < 0) {
        // The book met less than the bankruptcy quote: what it lacked is a deficit that insurance paid.
        costs.deficit += BigInt(0 - event.insuranceQuote)
        costs.insurance += BigInt(0 - event.insuranceQuote)
      }
      if (event.kind === 'PositionTakenOver') {
        const deficit = why.equityQuote < 0 ? this.#deficit(why, Math.abs(event.sizeLots)) : 0n
        expect(BigInt(event.insuranceQuote)).toBe(deficit)
        costs.deficit += deficit
        costs.insurance += deficit
      }
      if (event.kind === 'AdlRound') {
        const size = Math.abs(why.positionLots)
        const whole = this.#deficit(why, size)
        if (event.closedLots === size) {
          expect(BigInt(event.deficitQuote + event.insuranceQuote)).toBe(whole)
          costs.deficit += whole
        } else costs.deficit += BigInt(event.deficitQuote + event.insuranceQuote)
        costs.insurance += BigInt(event.insuranceQuote)
        costs.adl += BigInt(event.deficitQuote)
        costs.bankrupt.add(event.accountId)
      }
    }
    return any
  }

  /** e of RULES.md 4, from the explanation alone. */
  #deficit(why: Extract<EngineEvent, { kind: 'LiquidationExplained' }>, lots: number): bigint {
    const q = this.#markets[why.market]?.quotePerTickLot ?? 0
    const notional = BigInt(lots) * BigInt(why.markTicks) * BigInt(q)
    const margin = (notional * MM_BPS + 9_999n) / 10_000n
    const total = BigInt(why.maintenanceQuote)
    return (BigInt(0 - why.equityQuote) * margin + total - 1n) / total
  }

  /** Nobody who has nothing owes anything, and all money is where it belongs. */
  finish(): void {
    const { engine, books } = this.exchange
    expect(books.compare(engine)).toEqual([])
    checkInvariants(engine)
    expect(engine.totals().badDebtQuote).toBe(0)
    const { costs } = this
    expect(costs.deficit).toBe(costs.insurance + costs.adl)
    for (let id = 1; id <= engine.totals().accounts; id++) {
      const account = engine.account(id)
      if (account?.positions.length === 0) expect(account.cashQuote).toBeGreaterThanOrEqual(0)
      if (account?.positions.length === 0 && costs.bankrupt.has(id))
        expect(account.cashQuote).toBe(0)
    }
  }
}

/** Last price of each second from `fromS`, in ticks of `tick`; 0 before the first. */
function bySecond(
  rows: readonly { s: number; price: number }[],
  fromS: number,
  seconds: number,
  tick: number,
): number[] {
  const prices: number[] = []
  let at = 0
  let last = 0
  for (let i = 0; i < seconds; i++) {
    for (let row = rows[at]; row !== undefined && row.s <= fromS + i; row = rows[++at])
      last = Math.round(row.price / tick)
    prices.push(last)
  }
  return prices
}

const trades = (file: string) =>
  rowsOf(file).map((row) => ({ s: Math.floor(Number(row[2]) / 1e6), price: Number(row[6]) }))

const is2025 = existsSync(
  `${folder}binance-delivery_trades_2025-10-10_AVAXUSD_PERP_2030_2300.csv.gz`,
)
const is2020 = existsSync(`${folder}btc_2020-03-08_17_1h_4_venues.csv.gz`)

describe.skipIf(!is2025)('10 October 2025 (skipped without ../shared)', () => {
  test('the mark follows the index and not the 6.02 print; deficit = insurance + ADL, to the unit', () => {
    // 21:10 UTC.
    const fromS = 1_760_130_600
    const seconds = 1_500
    const perp = bySecond(
      trades('binance-delivery_trades_2025-10-10_AVAXUSD_PERP_2030_2300.csv.gz'),
      fromS,
      seconds,
      0.001,
    )
    const series = [
      bySecond(
        trades('coinbase_trades_2025-10-10_AVAX-USD_2030_2300.csv.gz'),
        fromS,
        seconds,
        0.001,
      ),
      bySecond(trades('gemini_trades_2025-10-10_AVAXUSD_2030_2300.csv.gz'), fromS, seconds, 0.001),
      perp,
    ]
    const coin = [
      bySecond(trades('gemini_trades_2025-10-10_BTCUSD_2030_2300.csv.gz'), fromS, seconds, 0.1),
      bySecond(
        rowsOf('btc_binance_spot_5m_2025-10-10_11.csv.gz').map((row) => ({
          s: Number(row[2]),
          price: Number(row[3]),
        })),
        fromS,
        seconds,
        0.1,
      ),
      bySecond(
        rowsOf('binance_coinm_BTCUSD_PERP_markprice_1m_2025-10-10.csv.gz').map((row) => ({
          s: Number(row[0]) / 1_000,
          price: Number(row[1]),
        })),
        fromS,
        seconds,
        0.1,
      ),
    ]
    const markets = [avax, { ...bitcoin, market: 1, symbol: 'BTC-PERP' }]
    const crash = new Crash(markets, 180, 3, fromS * 1_000)
    const { exchange } = crash
    let lowestMark = Infinity
    let lowestPerp = Infinity
    for (let second = 0; second < seconds; second++) {
      exchange.timeMs = (fromS + second) * 1_000
      for (const publisher of [0, 1, 2])
        exchange.observe(publisher, [
          series[publisher]?.[second] ?? 0,
          coin[publisher]?.[second] ?? 0,
        ])
      if (second === 0) {
        exchange.tick()
        crash.open(300)
        continue
      }
      // The book follows the perpetual that crashed as far as the band lets it.
      const marks = [0, 1].map((market) => exchange.engine.market(market)?.markTicks ?? 0)
      const wanted = [perp[second] ?? 0, coin[1]?.[second] ?? 0]
      const quotes = wanted.map((price, i) => Math.max(price, (marks[i] ?? 0) * 0.955))
      crash.step(quotes, [300, 5])
      lowestMark = Math.min(lowestMark, exchange.engine.market(0)?.markTicks ?? 0)
      lowestPerp = Math.min(lowestPerp, perp[second] ?? Infinity)
    }
    crash.finish()
    const { stages, insurance, adl } = crash.costs
    if (globalThis.process?.env['PLUMB_SEEN']) console.log(crash.costs, lowestMark)
    // The perpetual printed 6.02, Coinbase's lowest was 17.
    expect(lowestPerp).toBe(6_020)
    expect(lowestMark).toBeGreaterThan(16_000)
    for (const stage of [1, 2, 4]) expect(stages[stage]).toBeGreaterThan(0)
    expect(insurance).toBeGreaterThan(0n)
    expect(adl).toBeGreaterThan(0n)
  }, 120_000)
})

describe.skipIf(!is2020)('11 to 14 March 2020 (skipped without ../shared)', () => {
  test('four venues, prices from 8,000 to 4,000 in steps of a quarter hour; deficit = insurance + ADL', () => {
    const venues = new Map<string, Map<number, number[]>>()
    for (const row of rowsOf('btc_2020-03-08_17_1h_4_venues.csv.gz')) {
      const hours = venues.get(row[0] ?? '') ?? new Map<number, number[]>()
      hours.set(Number(row[2]), row.slice(3, 7).map(Number))
      venues.set(row[0] ?? '', hours)
    }
    // 11 March, 00:00 UTC.
    const fromS = 1_583_884_800
    const crash = new Crash([bitcoin], 200, 4, fromS * 1_000)
    const { exchange } = crash
    let lowest = Infinity
    for (let step = 0; step < 4 * 96; step++) {
      const hour = fromS + 3_600 * Math.floor(step / 4)
      exchange.timeMs = (fromS + step * 900) * 1_000
      const prices = [...venues.values()].map((hours) => {
        const [open = 0, high = 0, low = 0, close = 0] = hours.get(hour) ?? []
        const path = close < open ? [open, high, low, close] : [open, low, high, close]
        return Math.round((path[step % 4] ?? 0) / 0.1)
      })
      for (const [publisher, price] of prices.entries()) exchange.observe(publisher, [price])
      if (step === 0) {
        exchange.tick()
        crash.open(300)
        continue
      }
      const index = exchange.engine.market(0)?.indexTicks ?? 0
      crash.step([index], [20])
      // The accounts that one tick leaves over are dealt with at the next ones, while the price stands.
      for (let more = 1; more < 4; more++) {
        exchange.timeMs += 1_000
        crash.step([index], [20])
      }
      lowest = Math.min(lowest, index)
    }
    crash.finish()
    const { stages, insurance, adl } = crash.costs
    if (globalThis.process?.env['PLUMB_SEEN']) console.log(crash.costs, lowest)
    expect(lowest).toBeLessThan(40_000)
    for (const stage of [1, 2, 4]) expect(stages[stage]).toBeGreaterThan(0)
    expect(insurance).toBeGreaterThan(0n)
    expect(adl).toBeGreaterThan(0n)
  }, 120_000)
})
