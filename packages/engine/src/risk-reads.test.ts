import { accountRisk, CommandBuffer, decodeEvents, encodeCommand, whatIf } from '@plumb/model'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createEngine, type Engine } from './engine.ts'
import { CommandStream } from './reference/command-stream.ts'
import { DrivenExchange } from './reference/driven-exchange.ts'
import { scenarioMarket } from './reference/scenario.ts'
import { streamProfiles } from './reference/stream-profiles.ts'

const riskMarkets = (engine: Engine) =>
  new Map(engine.markets().map(({ market }) => [market, engine.marketRisk(market)!]))

/** What the engine itself says of an account, in the words of `accountRisk`. */
function bothSides(engine: Engine, accountId: number) {
  const view = engine.account(accountId)!
  const risk = accountRisk(engine.riskAccount(accountId)!, riskMarkets(engine))
  const { equityQuote, initialMarginQuote, maintenanceMarginQuote, withdrawableQuote } = risk
  const own = new Map(view.positions.map((position) => [position.market, position]))
  return {
    engine: {
      equityQuote: view.equityQuote,
      initialMarginQuote: view.initialMarginQuote,
      maintenanceMarginQuote: view.maintenanceMarginQuote,
      withdrawableQuote: view.withdrawableQuote,
      liquidation: risk.holdings.map(({ market }) => own.get(market)?.liquidationTicks ?? 0),
    },
    model: {
      equityQuote: risk.isExact ? equityQuote : -Infinity,
      initialMarginQuote,
      maintenanceMarginQuote: risk.isExact ? maintenanceMarginQuote : Infinity,
      withdrawableQuote,
      liquidation: risk.holdings.map(({ liquidationTicks }) =>
        risk.isExact ? (liquidationTicks ?? 0) : 0,
      ),
    },
  }
}

describe('an account as the model sees it', () => {
  const names = new Set(['usual', 'wide', 'advanced', 'leveraged', 'deep'])
  const walked = new Float64Array(3)
  test.each(Object.entries(streamProfiles).filter(([name]) => names.has(name)))(
    'is the engine’s to the unit: stream %s',
    (_, profile) => {
      const engine = createEngine(profile.limits)
      const stream = new CommandStream(7, profile)
      const buffer = new CommandBuffer(1)
      let compared = 0
      for (let seq = 1; seq <= 3_000; seq++) {
        const command = stream.next()
        buffer.load(0, encodeCommand(command, seq, stream.timeMs))
        engine.events.clear()
        engine.apply(buffer, 0)
        stream.observe(decodeEvents(engine.events.bytes()))
        if (seq % 40 !== 0) continue
        for (let account = 1; account <= engine.totals().accounts; account++) {
          const { engine: own, model } = bothSides(engine, account)
          expect(model, `seq ${seq} account ${account}`).toEqual(own)
          // And so is what walks over all accounts read.
          if (engine.health(account, walked))
            expect([...walked]).toEqual([
              own.equityQuote,
              own.initialMarginQuote,
              own.maintenanceMarginQuote,
            ])
          else expect(own.maintenanceMarginQuote === 0 || own.equityQuote === -Infinity).toBe(true)
          compared += own.maintenanceMarginQuote > 0 ? 1 : 0
        }
      }
      expect(compared).toBeGreaterThan(50)
    },
    60_000,
  )
})

const USDC = 1_000_000
const timeMs = 1_790_000_000_000

/** Account 1 trades with account 2, which is rich; account 3 never trades and its cash tells nothing. */
function exchange(cash: number, price: number) {
  const unbanded = { ...scenarioMarket, priceBandPpm: 0, markBandPpm: 0 }
  const markets = [0, 1].map((market) =>
    Object.assign({}, unbanded, { market, symbol: `M${market}` }),
  )
  const driven = new DrivenExchange(markets, {
    accounts: 8,
    publisherCount: 1,
    quorum: 1,
    timeMs,
    reference: false,
  })
  driven.deposit(1, cash)
  driven.deposit(2, 1_000_000 * USDC)
  for (const { market } of markets)
    driven.arm(market, { boundUsdc: [2_000, 9_000, 0], imfPpm: [80_000, 200_000, 0] })
  driven.observe(0, [price, price])
  driven.tick()
  return driven
}

const risky = (driven: DrivenExchange) => ({
  account: driven.engine.riskAccount(1)!,
  markets: riskMarkets(driven.engine),
})

const trade = fc.record({
  market: fc.integer({ min: 0, max: 1 }),
  side: fc.constantFrom(0 as const, 1 as const),
  lots: fc.integer({ min: 1, max: 600 }),
  offPpm: fc.integer({ min: -9_000, max: 9_000 }),
})

describe('what-if', () => {
  test('says what the engine then does: fills, cash, margins, and whether it admits them', () => {
    const seen = { admitted: 0, refused: 0 }
    fc.assert(
      fc.property(fc.array(trade, { minLength: 1, maxLength: 5 }), (ideas) => {
        const driven = exchange(300 * USDC, 60_000)
        for (const [i, { market, side, lots, offPpm }] of ideas.entries()) {
          const priceTicks = Math.round(60_000 * (1 + offPpm / 1e6))
          const terms = { market, priceTicks, sizeLots: lots }
          driven.place({ ...terms, accountId: 2, side: side === 0 ? 1 : 0 }, i + 1)
          const { account, markets } = risky(driven)
          const idea = { trades: [{ market, side, lots, priceTicks }], shocks: [] }
          const answer = whatIf(account, markets, idea)
          const events = driven.place({ ...terms, accountId: 1, side, ioc: true }, i + 1)
          const filled = events.some(({ kind }) => kind === 'TradeExecuted')
          // A placement counts the order's fee and loss before it is done: the engine may refuse what just fits.
          if (!answer.isAdmitted) expect(filled).toBe(false)
          if (!filled) {
            seen.refused += 1
            driven.cancelAll(2)
            continue
          }
          seen.admitted += 1
          const now = risky(driven)
          expect(accountRisk(now.account, now.markets)).toEqual(answer.after)
        }
      }),
      { numRuns: 60 },
    )
    expect(Math.min(seen.admitted, seen.refused)).toBeGreaterThan(10)
  })

  test('a liquidation price is one: at it the engine liquidates, one tick before it does not', () => {
    let tried = 0
    const lots = fc.integer({ min: 5, max: 150 })
    const cash = fc.integer({ min: 300, max: 900 })
    fc.assert(
      fc.property(lots, fc.constantFrom(0 as const, 1 as const), cash, (sizeLots, side, usdc) => {
        for (const beyond of [0, 1]) {
          const driven = exchange(usdc * USDC, 60_000)
          const terms = { market: 0, priceTicks: 60_000, sizeLots }
          driven.place({ ...terms, accountId: 2, side: side === 0 ? 1 : 0 }, 1)
          driven.place({ ...terms, accountId: 1, side }, 1)
          const { account, markets } = risky(driven)
          const trigger = accountRisk(account, markets).holdings[0]?.liquidationTicks ?? null
          if (trigger === null || trigger > 500_000) return
          const ticks = side === 0 ? trigger + beyond : trigger - beyond
          const shocked = whatIf(account, markets, { trades: [], shocks: [{ market: 0, ticks }] })
          expect(shocked.after.level === 'liquidation').toBe(beyond === 0)
          // Somebody stands ready to take it over at mark.
          driven.place({ ...terms, priceTicks: ticks, accountId: 2, side }, 2)
          driven.timeMs += 1_000
          driven.observe(0, [ticks, 60_000])
          const events = driven.tick()
          expect(driven.engine.market(0)?.markTicks).toBe(ticks)
          const explained = events.filter(({ kind }) => kind === 'LiquidationExplained')
          expect(explained.length > 0).toBe(beyond === 0)
          expect(events.some(({ kind }) => kind === 'LiquidationFilled')).toBe(beyond === 0)
          tried += 1
        }
      }),
      { numRuns: 60 },
    )
    expect(tried).toBeGreaterThan(20)
  })
})
