//! What risk reads need beyond the plain views: a market's parameters and clocks, an account's holdings, ADL's queue.
import type { AdlCandidate, RiskAccount, RiskMarket } from '@plumb/model'
import { orderFlag, rankAdl } from '@plumb/model'
import {
  accountHealth,
  HEALTH_EQUITY,
  HEALTH_MAINTENANCE,
  openingEquity,
  otherRequirements,
} from './account-health.ts'
import { adlCandidates } from './auto-deleverage.ts'
import { readAccount, readMarket, readOpenOrders } from './engine-reads.ts'
import { fundingRate, indexMove } from './funding.ts'
import { headroomOf, isInSeveral } from './headroom.ts'
import { isStale } from './margin.ts'
import { DEPTH_SAMPLES } from './market-risk.ts'
import { impactQuote } from './premium.ts'
import * as at from './slabs.ts'
import type { EngineState } from './state.ts'
import { nextVolatility } from './volatility.ts'

/** Volatility's inputs as of the last minute, and what the next one brings if the index stays where it is. */
export type VolatilityView = {
  isOn: boolean
  /** Minute of Unix time the figures are of, 0: none yet. */
  minute: number
  indexTicks: number
  /** ppb². */
  variance: number
  requirementPpm: number
  /** Depth samples, oldest first, micro-USDC. */
  depthsQuote: number[]
  depthQuote: number
  next: { returnPpb: number; variance: number; rawPpm: number; requirementPpm: number }
}

/** The funding hour so far; rates 1e-10 of eight hours. */
export type FundingClockView = {
  premiumSum: number
  sampleCount: number
  lastSampleMs: number
  /** Seconds of the hour that count: gaps above 30 s do not. */
  sampledSeconds: number
  predictedRate: number
  /** What the predicted rate costs a long of one lot in a whole hour at the present index, 1e-6 micro-USDC. */
  predictedMove: number
  /** Quote the impact prices are for. */
  impactQuote: number
}

export type MarketRiskView = RiskMarket & {
  partialAboveQuote: number
  liquidationFeePpm: number
  isLiquidationArmed: boolean
  /** No liquidation before. */
  rearmedAtMs: number
  volatility: VolatilityView
  funding: FundingClockView
}

export function readMarketRisk(state: EngineState, market: number): MarketRiskView | undefined {
  const view = readMarket(state, market)
  if (view === undefined) return undefined
  const m = market * at.MARKET_D
  const value = (field: number) => state.markets[m + field]!
  const three = (field: number) => [value(field), value(field + 1), value(field + 2)]
  const { markTicks, meanMarkTicks, indexTicks, quotePerTickLot, takerFee, imBps, mmBps } = view
  return {
    market,
    markTicks,
    meanMarkTicks,
    indexTicks,
    quotePerTickLot,
    takerFee,
    imBps,
    mmBps,
    boundUsdc: three(at.M_BOUNDS),
    imfPpm: three(at.M_IMFS),
    openInterestLots: view.openInterestLots,
    oiLowUsdc: value(at.M_OI_LOW),
    oiHighUsdc: value(at.M_OI_HIGH),
    openingGainPpm: value(at.M_OPENING_GAIN),
    isVolatile: (value(at.M_RISK_FLAGS) & at.VOLATILE) !== 0,
    volatilityPpm: view.volatilityPpm,
    depthQuote: view.depthQuote,
    isStale: isStale(state, market),
    partialAboveQuote: value(at.M_PARTIAL_ABOVE),
    liquidationFeePpm: value(at.M_LIQUIDATION_FEE),
    isLiquidationArmed: value(at.M_LIQUIDATION) === 1,
    rearmedAtMs: value(at.M_REARMED_AT),
    volatility: readVolatility(state, market),
    funding: {
      premiumSum: value(at.M_PREMIUM_SUM),
      sampleCount: value(at.M_PREMIUM_COUNT),
      lastSampleMs: value(at.M_SAMPLE_TIME),
      sampledSeconds: Math.min(Math.floor(value(at.M_SAMPLED_MS) / 1_000), 3_600),
      predictedRate: fundingRate(state, market),
      predictedMove: indexMove(fundingRate(state, market), 3_600, indexTicks, quotePerTickLot),
      impactQuote: impactQuote(imBps),
    },
  }
}

function readVolatility(state: EngineState, market: number): VolatilityView {
  const { clocks, markets } = state
  const c = market * at.CLOCK_D
  const clock = (field: number) => clocks[c + field]!
  const taken = clock(at.CK_DEPTHS)
  const count = Math.min(taken, DEPTH_SAMPLES)
  return {
    isOn: markets[market * at.MARKET_D + at.M_VOLATILITY_ON] !== 0,
    minute: clock(at.CK_MINUTE),
    indexTicks: clock(at.CK_INDEX),
    variance: clock(at.CK_VARIANCE),
    requirementPpm: clock(at.CK_VOLATILITY),
    depthsQuote: Array.from({ length: count }, (_, i) =>
      clock(at.CK_RING + ((taken - count + i) % DEPTH_SAMPLES)),
    ),
    depthQuote: markets[market * at.MARKET_D + at.M_DEPTH]!,
    next: nextVolatility(state, market, clock(at.CK_MINUTE) + 1),
  }
}

/** By how much volatility's requirement will rise in the next minute if the index stays; undefined: it will not. */
export function readVolatilityRise(
  state: EngineState,
  market: number,
): { fromPpm: number; toPpm: number; minute: number } | undefined {
  const before = state.clocks[market * at.CLOCK_D + at.CK_MINUTE]!
  if (before === 0 || state.markets[market * at.MARKET_D + at.M_VOLATILITY_ON] === 0)
    return undefined
  const fromPpm = state.clocks[market * at.CLOCK_D + at.CK_VOLATILITY]!
  const toPpm = nextVolatility(state, market, before + 1).requirementPpm
  return toPpm > fromPpm ? { fromPpm, toPpm, minute: before + 1 } : undefined
}

/** What `accountRisk` and `whatIf` of the model take; undefined for an unknown account. */
export function readRiskAccount(state: EngineState, account: number): RiskAccount | undefined {
  const view = readAccount(state, account)
  if (view === undefined) return undefined
  const orders = readOpenOrders(state, account).filter(
    (order) => (order.flags & orderFlag.reduceOnly) === 0 && order.advanced?.waiting !== true,
  )
  const held = new Map(view.positions.map((position) => [position.market, position]))
  const markets = [...new Set([...held.keys(), ...orders.map(({ market }) => market)])]
  return {
    cashQuote: view.cashQuote,
    holdings: markets
      .toSorted((a, b) => a - b)
      .map((market) => {
        const position = held.get(market)
        const open = orders.filter((order) => order.market === market)
        return {
          market,
          lots: position?.lots ?? 0,
          entryCostQuote: position?.entryCostQuote ?? 0,
          fundingDueQuote: position?.fundingDueQuote ?? 0,
          leverage: state.positions.leverage[account * state.positions.markets + market]!,
          orders: open.map(({ side, priceTicks, remainingLots, advanced }) => ({
            side,
            priceTicks,
            // A scale reserves for the level that shows, an iceberg for all that remains.
            lots: advanced?.style === 7 ? remainingLots - advanced.hiddenLots : remainingLots,
          })),
        }
      }),
  }
}

/** E, ΣIM with orders and ΣMM into `into`, without garbage; false for an account without positions or beyond exact arithmetic. */
export function readHealth(state: EngineState, account: number, into: Float64Array): boolean {
  const health = state.scratch.health
  if (!accountHealth(state, account, health)) return false
  const maintenance = health[HEALTH_MAINTENANCE]!
  if (maintenance === 0) return false
  into[0] = health[HEALTH_EQUITY]!
  into[1] = otherRequirements(state, account, at.NONE)
  into[2] = maintenance
  return true
}

/** Who would be deleveraged first if a position of the other side went bankrupt: longs (0) or shorts (1), by rank. */
export function readAdlQueue(state: EngineState, market: number, side: 0 | 1): AdlCandidate[] {
  return rankAdl(adlCandidates(state, market, side === 0 ? -1 : 1))
}

/**
 * What the engine takes as given of an account's Eₒ − Σ R without a walk, and what a walk says; undefined where nothing is
 * taken as given. For tests: the first is never above the second.
 */
export function readHeadroom(
  state: EngineState,
  account: number,
): { bound: number; exact: number } | undefined {
  const bound = isInSeveral(state, account) ? headroomOf(state, account) : -Infinity
  if (bound === -Infinity) return undefined
  const exact = openingEquity(state, account) - otherRequirements(state, account, at.NONE)
  return { bound, exact }
}
