// The worked examples of the risk rules through the engine's own functions. They stay outside the repository, so the
// test says when they are absent. Rule 1.9 step 1 is played in the model's liquidation tests; variants are other venues' forms.
// oxlint-disable-next-line no-restricted-imports -- a test may read files
import { existsSync, readFileSync } from 'node:fs'
// oxlint-disable-next-line no-restricted-imports -- a test may read files
import { fileURLToPath } from 'node:url'
import {
  fundingPaymentQuote,
  liquidationPriceTicks,
  type Market,
  maintenanceTierOf,
  marginTiersOf,
  mulDivCeil,
  openInterestMarginQuote,
  tieredMaintenanceMarginQuote,
} from '@plumb/model'
import { afterAll, describe, expect, test } from 'vitest'
import { indexMove, rateOfPremium } from './funding.ts'
import { Scenario, scenarioMarket } from './reference/scenario.ts'

const path = fileURLToPath(
  new URL('../../../../shared/reference/vectors/risk-vectors.json', import.meta.url),
)
// oxlint-disable-next-line typescript/no-explicit-any -- each vector has fields of its own
type Any = any
type Vector = { id: string; rule: string; inputs: Any; expected: Any; exact: Any; engine: Any }

const present = existsSync(path)
const vectors: Vector[] = present ? JSON.parse(readFileSync(path, 'utf8')).vectors : []
const byId = new Map(vectors.map((vector) => [vector.id, vector]))
const ran = new Set<string>()
const PPM_TO_PREMIUM = 10_000
/** A maintenance margin whose funding cap is out of the way. */
const NO_CAP_BPS = 10_000

const micro = (text: string) => Math.round(Number(text) * 1e6)

function get(id: string): Any {
  ran.add(id)
  return byId.get(id)
}

/** A market of the vectors' units (tick 0.1, lot 0.001) without fees and bands unless told. */
const market = (changes: Partial<Market>): Market => ({
  ...scenarioMarket,
  takerFee: 0,
  makerFee: 0,
  priceBandPpm: 0,
  ...changes,
})

/** An index, and an account for each name with a million. */
function venue(changes: Partial<Market>, index: number, names: readonly string[]): Scenario {
  const scenario = new Scenario({ accounts: 16, openOrders: 64 }, [market(changes)])
  for (const name of names) scenario.run(`deposit ${name} 1_000_000`)
  publish(scenario, index)
  return scenario
}

function publish(scenario: Scenario, index: number): string {
  scenario.run(`index ${index} 0`)
  scenario.run(`index ${index} 1`)
  return scenario.run('tick')
}

describe.runIf(present)('risk vectors', () => {
  test.each(['funding-binance-2020-08-28', 'funding-hyperliquid-8h', 'funding-paradex-60s'])(
    '%s: rate of the premium',
    (id) => {
      const { engine } = get(id)
      expect(rateOfPremium(engine.P_ppm * PPM_TO_PREMIUM, NO_CAP_BPS)).toBe(
        engine.expected.F8_ppm * PPM_TO_PREMIUM,
      )
    },
  )

  test('funding-hyperliquid-hourly-payment, funding-paradex-60s: index and payment', () => {
    for (const id of ['funding-hyperliquid-hourly-payment', 'funding-paradex-60s']) {
      const { engine } = get(id)
      const rate = (engine.F8_ppm ?? engine.expected.F8_ppm) * PPM_TO_PREMIUM
      const move = indexMove(rate, engine.T, engine.I, engine.q)
      expect(move).toBe(engine.expected.dG)
      expect(fundingPaymentQuote(engine.s, move)).toBe(engine.expected.longPays_u)
      if (engine.expected.shortPays_u !== undefined)
        expect(fundingPaymentQuote(-engine.s, move)).toBe(engine.expected.shortPays_u)
    }
  })

  test('funding-injective-long: a whole interval of a rate on a notional', () => {
    const { inputs, expected } = get('funding-injective-long')
    const lots = 1_000_000
    const quotePerLot = (Number(inputs.notional) * 1e6) / lots
    const move = indexMove(Math.round(Number(inputs.rate) * 1e10), 28_800, 1, quotePerLot)
    expect(fundingPaymentQuote(lots, move)).toBe(Number(expected.pays) * 1e6)
  })

  test.each(['premium-dydx-two-bids', 'premium-dydx-negative-truncates', 'premium-dydx-thin-ask'])(
    '%s: sampled from a book',
    (id) => {
      const { engine } = get(id)
      // J = 500 USDC / IMF decides the initial margin.
      const scenario = venue({ imBps: 5e12 / engine.J_u, mmBps: 1 }, engine.I / 10, [
        'bids',
        'asks',
      ])
      for (const side of ['bids', 'asks'])
        for (const [price, lots] of engine[side])
          scenario.run(
            `place ${side} ${side === 'bids' ? 'buy' : 'sell'} ${lots / 1_000} @ ${price / 10}`,
          )
      scenario.timeMs += 5_000
      publish(scenario, engine.I / 10)
      const { premium } = scenario.engine.market(0)!
      expect(Math.trunc(premium / PPM_TO_PREMIUM)).toBe(engine.expected.P_ppm)
    },
  )

  test('oi-imf-dydx-half, oi-im-dydx-realistic: open interest raises initial margin', () => {
    const half = get('oi-imf-dydx-half')
    const [low, high, open] = [half.inputs.lowerCap, half.inputs.upperCap, half.inputs.openNotional]
      .map(Number)
      .map((usdc) => usdc * 1e6) as [number, number, number]
    expect(openInterestMarginQuote(1_000_000, open, low, high, 200_000)).toBe(
      Number(half.expected.imfPpm),
    )
    const real = get('oi-im-dydx-realistic')
    const { inputs } = real
    expect(
      openInterestMarginQuote(
        Number(inputs.notional),
        Number(inputs.openNotional),
        Number(inputs.lowerCap),
        Number(inputs.upperCap),
        Number(inputs.baseImfPpm),
      ),
    ).toBe(real.engine.expected.IM_u)
  })

  test('im-rounds-up-dydx', () => {
    const { inputs, expected } = get('im-rounds-up-dydx')
    expect(mulDivCeil(Number(inputs.notional), Number(inputs.imfPpm), 1_000_000)).toBe(
      Number(expected.initialMargin),
    )
  })

  test('tier-maintenance-amount-binance: one step of the deduction', () => {
    const { inputs, expected } = get('tier-maintenance-amount-binance')
    const tiers = marginTiersOf({
      imBps: 2 * 1e4 * Number(inputs.mmrPrevious),
      mmBps: 1e4 * Number(inputs.mmrPrevious),
      boundUsdc: [Number(inputs.floor)],
      imfPpm: [2e6 * Number(inputs.mmr)],
    })
    const { deductionQuote } = maintenanceTierOf(Number(inputs.floor) * 1e6, tiers)
    expect(deductionQuote).toBe(
      Math.round((Number(expected.amount) - Number(inputs.amountPrevious)) * 1e6),
    )
  })

  test('tier-deductions-cube: eight tiers, four of them at a time', () => {
    const { inputs, expected } = get('tier-deductions-cube')
    const lower: number[] = inputs.tiers.map((t: Any) => Number(t.lower))
    const rates: number[] = inputs.tiers.map((t: Any) => Math.round(Number(t.mmr) * 1e6))
    const published: number[] = expected.deductions.map(Number)
    for (let first = 0; first + 4 <= rates.length; first++) {
      const base = { rate: rates[first] ?? 0, deduction: published[first] ?? 0 }
      const tiers = marginTiersOf({
        imBps: (2 * base.rate) / 100,
        mmBps: base.rate / 100,
        boundUsdc: lower.slice(first + 1, first + 4),
        imfPpm: rates.slice(first + 1, first + 4).map((rate) => 2 * rate),
      })
      for (let n = first + 1; n < first + 4; n++) {
        const lowerQuote = (lower[n] ?? 0) * 1e6
        expect(maintenanceTierOf(lowerQuote, tiers)).toEqual({
          lowerQuote,
          ratePpm: rates[n],
          deductionQuote: ((published[n] ?? 0) - base.deduction) * 1e6,
        })
      }
    }
  })

  test('open-order-im-paradex', () => {
    const { engine } = get('open-order-im-paradex')
    const scenario = venue({ imBps: engine.imf_ppm / 100, mmBps: 1 }, engine.M / 10, [
      'alice',
      'bob',
    ])
    scenario.run('place bob buy 1 @ 90_000')
    scenario.run('place alice sell 1 @ 90_000')
    scenario.run('place alice buy 3 @ 89_999.9')
    scenario.run('place alice sell 2 @ 90_000.1')
    expect(scenario.engine.account(1)?.initialMarginQuote).toBe(engine.expected.IM_u)
  })

  test('position-limit-paradex', () => {
    const { inputs, expected } = get('position-limit-paradex')
    const scenario = venue({ maxPositionLots: Number(inputs.limit) }, 1_000, ['alice', 'bob'])
    const held = -Number(inputs.position) / 1_000
    scenario.run(`place bob buy ${held} @ 1_000`)
    scenario.run(`place alice sell ${held} @ 1_000`)
    for (const [side, price, most] of [
      ['sell', 1_001, Number(expected.maxSell)],
      ['buy', 999, Number(expected.maxBuy)],
    ] as const) {
      const order = (lots: number) => `place alice ${side} ${lots / 1_000} @ ${price}`
      expect(scenario.run(order(most + 1))).toBe('reject POSITION_LIMIT')
      expect(scenario.run(order(most))).toBe('rests')
    }
  })

  test('liq-price-dydx-isolated-short', () => {
    const { engine } = get('liq-price-dydx-isolated-short')
    const [position] = engine.positions
    expect(
      liquidationPriceTicks({
        lots: position.s,
        quotePerTickLot: engine.q,
        othersQuote: engine.cash_u,
        tiers: marginTiersOf({
          imBps: position.imf_ppm / 100,
          mmBps: position.mmf_ppm / 100,
          boundUsdc: [],
          imfPpm: [],
        }),
      }),
    ).toBe(engine.expected.triggerTick)
  })

  // Binance prints only the rate and the deduction: a lower rate up to the bound that gives the deduction stands for its ladder.
  test.each([
    ['liq-price-binance-cross-eth-long', 500],
    ['liq-price-binance-isolated-eth-long', 500],
    ['liq-price-binance-isolated-btc-long', 50],
  ])('%s: the cent below the published price', (id, lowBps) => {
    const { inputs, exact } = get(id)
    const ladder = (rate: number, amount: number) => ({
      imBps: 2 * lowBps,
      mmBps: lowBps,
      boundUsdc: [Math.round(amount / (rate - lowBps / 1e4))],
      imfPpm: [Math.round(2e6 * rate)],
    })
    const { position } = inputs
    const lots = Math.round(Number(position.size) * 1_000)
    let others = micro(inputs.wallet) - lots * Math.round(Number(position.entry) * 100) * 10
    for (const other of inputs.other) {
      const otherLots = Math.round(Number(other.size) * 1_000)
      const value = otherLots * Math.round(Number(other.mark) * 100) * 10
      const tiers = marginTiersOf({
        imBps: 100,
        mmBps: 50,
        boundUsdc: [815_000],
        imfPpm: [Math.round(2e6 * Number(other.mmr))],
      })
      others += value - otherLots * Math.round(Number(other.entry) * 100) * 10
      others -= tieredMaintenanceMarginQuote(value, tiers)
    }
    const at = liquidationPriceTicks({
      lots,
      quotePerTickLot: 10,
      othersQuote: others,
      tiers: marginTiersOf(ladder(Number(position.mmr), Number(position.maintenanceAmount))),
    })
    const [above = 0, below = 1] = exact.liquidationPrice.split('/').map(Number)
    expect(at).toBe(Math.floor((above / below) * 100))
  })

  test('withdrawable-orderly-loss', () => {
    const { engine } = get('withdrawable-orderly-loss')
    const scenario = new Scenario({}, [market({ imBps: 1_000 })])
    scenario.run('deposit alice 100')
    scenario.run('deposit bob 1_000')
    publish(scenario, 60_000)
    scenario.run('place bob sell 0.004 @ 60_000')
    scenario.run('place alice buy 0.004 @ 60_000')
    scenario.timeMs += 1_000
    publish(scenario, 50_000)
    const alice = scenario.engine.account(1)
    expect(alice?.equityQuote).toBe(engine.E_u)
    expect(alice?.initialMarginQuote).toBe(engine.sumIM_u)
    expect(alice?.withdrawableQuote).toBe(engine.expected.withdrawable_u)
  })

  test('price-band-paradex', () => {
    const { inputs, expected } = get('price-band-paradex')
    const scenario = venue({ priceBandPpm: 1e6 * Number(inputs.band) }, Number(inputs.mark), [
      'alice',
    ])
    expect(scenario.run('place alice sell 0.1 @ 94')).toBe('reject PRICE_BAND')
    expect(scenario.run('place alice buy 0.1 @ 90')).toBe('rests')
    expect(scenario.run(`place alice sell 0.1 @ ${expected.limitDown}`)).toBe('rests')
    expect(scenario.run(`place alice buy 0.1 @ ${Number(expected.limitUp) + 0.1}`)).toBe(
      'reject PRICE_BAND',
    )
  })

  afterAll(() => {
    const left = vectors.filter(
      ({ id, rule }) => !ran.has(id) && rule !== 'variant' && rule !== '1.9 step 1',
    )
    // Withdrawals pay no share of a bad debt: the engine notes it with its market (RULES 5), and nothing more.
    expect(left.map(({ id }) => id)).toEqual(['withdrawal-haircut-derive'])
  })
})

test.skipIf(present)(`risk vectors are not run: ${path} is absent`, () => undefined)
