//! An account after trades it has not done and price moves that have not happened; and how it reacts to small ones.

import type { RiskAccount, RiskHolding, RiskMarket, RiskMarkets } from './account-risk.ts'
import { type AccountRisk, accountRisk } from './account-risk.ts'
import { limits } from './limits.ts'
import { maintenanceTierOf, marginTiersOf } from './margin-tiers.ts'
import { mulDivCeilSigned, mulDivFloorSigned } from './mul-div.ts'
import { feeQuote, settleable } from './risk.ts'
import type { Lots, MarketId, Ppm, Quote, Ticks } from './units.ts'

const PPM = 1_000_000
/** An hour of eight, and 1e-10 in ppm: ΔG = rate·I·q / 80,000. */
const FUNDING_DIVISOR = 80_000

/** A trade that might be done: at once, for the whole size, at one price (the mark unless given). */
export type TradeIdea = {
  market: MarketId
  /** 0 buy, 1 sell. */
  side: 0 | 1
  lots: Lots
  priceTicks?: Ticks
  /** Fee in units of 10 ppm; the market's taker fee unless given. */
  fee?: number
}
/** A move of mark, index and mean mark of a market (all markets unless named), or a price for all three. */
export type PriceShock = { market?: MarketId; movePpm: Ppm } | { market: MarketId; ticks: Ticks }

export type WhatIf = { trades: readonly TradeIdea[]; shocks: readonly PriceShock[] }

export type WhatIfAnswer = {
  /** The account after the trades. */
  account: RiskAccount
  before: AccountRisk
  /** After the trades, at the prices of now. */
  traded: AccountRisk
  /** After the trades and the price moves. */
  after: AccountRisk
  feesQuote: Quote
  /** Whether the engine would admit the trades now, margin only: opening equity, and `settleable`. */
  isAdmitted: boolean
}

/**
 * Trades first, at the prices of now; then the moves, in their order. Open interest, volatility and depth stay; open orders too.
 * Funding due is settled by a trade in its market, as the engine does.
 *
 * @throws RangeError on an unknown market, a size, price or fee out of range, or a move of −100 % and below
 */
export function whatIf(account: RiskAccount, markets: RiskMarkets, idea: WhatIf): WhatIfAnswer {
  const before = accountRisk(account, markets)
  let changed = account
  let feesQuote = 0
  for (const trade of idea.trades) {
    const done = traded(changed, markets, trade)
    changed = done.account
    feesQuote += done.feeQuote
  }
  const after = accountRisk(changed, markets)
  const moved = idea.shocks.reduce(shocked, markets)
  return {
    account: changed,
    before,
    traded: after,
    after: accountRisk(changed, moved),
    feesQuote,
    isAdmitted: admits(account, before, changed, after),
  }
}

function admits(
  own: RiskAccount,
  before: AccountRisk,
  changed: RiskAccount,
  after: AccountRisk,
): boolean {
  const opens =
    after.openingEquityQuote >= after.initialMarginQuote ||
    after.initialMarginQuote <= before.initialMarginQuote
  const moves = [...own.holdings, ...changed.holdings].map(({ market }) => ({
    was: lotsOf(own, market),
    lots: lotsOf(changed, market),
  }))
  const reduced =
    moves.some(({ was, lots }) => was !== lots) &&
    moves.every(({ was, lots }) => was === lots || isReduced(was, lots))
  return opens && after.isExact && settleable(pointOf(before), pointOf(after), reduced)
}

function lotsOf(account: RiskAccount, id: MarketId): Lots {
  return account.holdings.find(({ market }) => market === id)?.lots ?? 0
}

function isReduced(was: Lots, lots: Lots): boolean {
  return Math.abs(lots) < Math.abs(was) && (lots === 0 || lots > 0 === was > 0)
}

/** `settleable` asks the size tiers alone, which `tierMarginQuote` sums. */
function pointOf(risk: AccountRisk) {
  return { equityQuote: risk.equityQuote, initialMarginQuote: risk.tierMarginQuote }
}

function inRange(value: number, from: number, to: number, what: string): void {
  if (!(Number.isInteger(value) && value >= from && value <= to))
    throw new RangeError(`${what} must be a whole number from ${from} to ${to}`)
}

function traded(account: RiskAccount, markets: RiskMarkets, trade: TradeIdea) {
  const market = markets.get(trade.market)
  if (market === undefined) throw new RangeError(`market ${trade.market} is not listed`)
  const price = trade.priceTicks ?? market.markTicks
  const fee = trade.fee ?? market.takerFee
  inRange(price, 1, limits.priceTicksMax, 'the price')
  inRange(trade.lots, 1, Number.MAX_SAFE_INTEGER, 'the size')
  inRange(fee, -128, 255, 'the fee')
  const quote = price * trade.lots * market.quotePerTickLot
  if (quote > limits.notionalQuoteMax)
    throw new RangeError(`the notional may be ${limits.notionalQuoteMax} micro-USDC at most`)
  const paid = feeQuote(quote, fee)
  const flow = trade.side === 0 ? 0 - quote : quote
  const held = account.holdings.find((holding) => holding.market === trade.market) ?? {
    market: trade.market,
    lots: 0,
    entryCostQuote: 0,
    fundingDueQuote: 0,
    leverage: 0,
    orders: [],
  }
  const after: RiskHolding = {
    ...held,
    lots: trade.side === 0 ? held.lots + trade.lots : held.lots - trade.lots,
    entryCostQuote: entryCost(held, trade, flow),
    fundingDueQuote: 0,
  }
  const others = account.holdings.filter((holding) => holding.market !== trade.market)
  return {
    account: {
      cashQuote: account.cashQuote - held.fundingDueQuote + flow - paid,
      holdings: [...others, after]
        .filter(({ lots, orders }) => lots !== 0 || orders.length > 0)
        .toSorted((a, b) => a.market - b.market),
    },
    feeQuote: paid,
  }
}

/** A close of r of |s| lots releases ceil(c·r/|s|); what opens adds its own price. */
function entryCost(held: RiskHolding, { side, lots }: TradeIdea, flow: Quote): Quote {
  const closing = side === 0 ? Math.max(0, 0 - held.lots) : Math.max(0, held.lots)
  const closed = Math.min(lots, closing)
  const cost = held.entryCostQuote
  if (closed === 0) return cost - flow
  const size = Math.abs(held.lots)
  const released = closed === size ? cost : mulDivCeilSigned(cost, closed, size)
  const proceeds = closed === lots ? flow : mulDivFloorSigned(flow, closed, lots)
  return cost - released - (flow - proceeds)
}

function shocked(markets: RiskMarkets, shock: PriceShock): RiskMarkets {
  const named = shock.market
  if (named !== undefined && !markets.has(named))
    throw new RangeError(`market ${named} is not listed`)
  return new Map(
    [...markets].map(([id, market]) => [
      id,
      named === undefined || named === id ? movedMarket(market, shock) : market,
    ]),
  )
}

function movedMarket(market: RiskMarket, shock: PriceShock): RiskMarket {
  if (!('movePpm' in shock)) {
    inRange(shock.ticks, 1, limits.priceTicksMax, 'the price')
    return {
      ...market,
      markTicks: shock.ticks,
      meanMarkTicks: shock.ticks,
      indexTicks: shock.ticks,
    }
  }
  inRange(shock.movePpm, 1 - PPM, 100 * PPM, 'the move')
  const move = (ticks: Ticks) =>
    ticks === 0
      ? 0
      : Math.min(
          Math.max(1, mulDivFloorSigned(ticks, PPM + shock.movePpm, PPM)),
          limits.priceTicksMax,
        )
  const markTicks = move(market.markTicks)
  return { ...market, markTicks, meanMarkTicks: markTicks, indexTicks: move(market.indexTicks) }
}

/** How an account reacts when one market's mark moves by one tick; micro-USDC, exact but for the rounding of margins. */
export type Sensitivity = {
  market: MarketId
  /** dE: lots × q. */
  equityPerTick: Quote
  /** dΣMM in 1e-6 micro-USDC: |lots| × q × the tier's maintenance rate (ppm). */
  maintenancePerTickE6: number
  /** d(E − ΣMM) in 1e-6 micro-USDC: how fast the distance to liquidation shrinks. */
  bufferPerTickE6: number
  /** dE when mark rises by 1 %, rounded down. */
  equityPerPercent: Quote
  /** What a whole hour of funding costs for each 1e-10 of the eight-hour rate, in 1e-6 micro-USDC, rounded down. */
  fundingPerRateE6: number
}

/** Derivatives of each position in closed form, within the tier of its present notional. */
export function sensitivities(account: RiskAccount, markets: RiskMarkets): Sensitivity[] {
  return account.holdings.flatMap(({ market: id, lots }) => {
    const market = markets.get(id)
    if (market === undefined || lots === 0) return []
    const { markTicks, indexTicks, quotePerTickLot: q } = market
    const { ratePpm } = maintenanceTierOf(Math.abs(lots) * markTicks * q, marginTiersOf(market))
    const maintenancePerTickE6 = Math.abs(lots) * q * ratePpm
    return [
      {
        market: id,
        equityPerTick: lots * q,
        maintenancePerTickE6,
        bufferPerTickE6: lots * q * PPM - maintenancePerTickE6,
        equityPerPercent: mulDivFloorSigned(lots * q, markTicks, 100),
        fundingPerRateE6: mulDivFloorSigned(lots * q, indexTicks, FUNDING_DIVISOR),
      },
    ]
  })
}
