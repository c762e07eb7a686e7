//! An account's risk from its positions, orders and the markets' prices (risk.md 1.5 to 1.8): the engine's integers, for reads.
import { liquidationPriceTicks } from './liquidation-price.ts'
import {
  marginTiersOf,
  tieredInitialMarginQuote,
  tieredMaintenanceMarginQuote,
} from './margin-tiers.ts'
import { mulDivCeil, mulDivFloor } from './mul-div.ts'
import {
  leverageMarginQuote,
  openInterestMarginQuote,
  volatilityMarginQuote,
} from './scaled-margin.ts'
import type { Lots, MarketId, Ppm, Quote, Ticks } from './units.ts'

const PPM = 1_000_000
const FEE_UNIT_PPM = 10
const PPM_PER_BPS = 100
/** An account whose cash, values and funding due reach this in magnitude is beyond exact arithmetic: it opens nothing. */
const GROSS_MAX: number = 2 ** 52

/** What of a market decides margins. Prices of 0: none yet. */
export type RiskMarket = {
  market: MarketId
  markTicks: Ticks
  /** Mean of the marks of the last five minutes. */
  meanMarkTicks: Ticks
  indexTicks: Ticks
  quotePerTickLot: number
  /** Units of 10 ppm. */
  takerFee: number
  imBps: number
  mmBps: number
  /** Three extra tiers, as in `SetMarketRisk`. */
  boundUsdc: readonly number[]
  imfPpm: readonly Ppm[]
  openInterestLots: Lots
  oiLowUsdc: number
  oiHighUsdc: number
  openingGainPpm: Ppm
  /** Whether volatility and depth scale the margin. */
  isVolatile: boolean
  volatilityPpm: Ppm
  depthQuote: Quote
  /** Its mark is older than L: who holds it can only reduce, and takes nothing out (RULES.md 2.2). */
  isStale?: boolean
}

/** An open order that reserves margin: neither reduce-only nor waiting. `lots`: what margin is reserved for. */
export type RiskOrder = { side: 0 | 1; priceTicks: Ticks; lots: Lots }

/** What an account has in one market. */
export type RiskHolding = {
  market: MarketId
  /** Signed. */
  lots: Lots
  /** Σ price·Δlots·q, signed like the position. */
  entryCostQuote: Quote
  /** Due and not settled yet; positive = the account pays. */
  fundingDueQuote: Quote
  /** Chosen leverage, 0: none. */
  leverage: number
  orders: readonly RiskOrder[]
}

export type RiskAccount = { cashQuote: Quote; holdings: readonly RiskHolding[] }
export type RiskMarkets = ReadonlyMap<MarketId, RiskMarket>

/** How near an account is to liquidation; see `riskLevel`. */
export type RiskLevel = 'safe' | 'restricted' | 'warning' | 'danger' | 'liquidation'

/** One market's part. All money micro-USDC. */
export type HoldingRisk = {
  market: MarketId
  lots: Lots
  markTicks: Ticks
  /** |lots| × mark × q. */
  notionalQuote: Quote
  entryCostQuote: Quote
  unrealizedQuote: Quote
  fundingDueQuote: Quote
  leverage: number
  /** IM of the position alone. */
  initialMarginQuote: Quote
  /** IM with open orders (the larger side), at least 0. */
  requirementQuote: Quote
  maintenanceMarginQuote: Quote
  /** Highest (long) or lowest (short) mark at which the account is liquidated, the others as they are; null: none. */
  liquidationTicks: Ticks | null
}

/** An account at one set of prices. */
export type AccountRisk = {
  cashQuote: Quote
  /** E: cash + positions at mark − funding due. */
  equityQuote: Quote
  /** Eₒ: what counts for opening (risk.md 1.6). */
  openingEquityQuote: Quote
  unrealizedQuote: Quote
  notionalQuote: Quote
  /** ΣIM of positions alone, with all scaling. */
  positionMarginQuote: Quote
  /** ΣIMt of positions, size tiers alone: what the contract knows, and `settleable` asks. */
  tierMarginQuote: Quote
  /** ΣIM with open orders: what opening is measured against. Infinity beyond exact arithmetic. */
  initialMarginQuote: Quote
  maintenanceMarginQuote: Quote
  withdrawableQuote: Quote
  /** ceil(1e6·ΣMM/E): 1,000,000 and more is liquidation; null without positive equity. */
  marginRatioPpm: Ppm | null
  /** floor(1000·ΣN/E); null without positive equity. */
  leverageE3: number | null
  level: RiskLevel
  /** False: beyond exact arithmetic, and neither opened nor liquidated by the engine. */
  isExact: boolean
  holdings: HoldingRisk[]
}

/**
 * safe; restricted: E < ΣIM with orders, nothing opens and risk-adding orders may be cancelled (stage 0); warning: E < 1.5 ΣMM;
 * danger: E < 1.2 ΣMM; liquidation: E < ΣMM. Without maintenance margin there is nothing to liquidate.
 */
export function riskLevel(equity: Quote, initial: Quote, maintenance: Quote): RiskLevel {
  if (maintenance > 0) {
    if (equity < maintenance) return 'liquidation'
    if (5 * equity < 6 * maintenance) return 'danger'
    if (2 * equity < 3 * maintenance) return 'warning'
  }
  return equity < initial ? 'restricted' : 'safe'
}

/** IM(N) = min(N, max(IMt, IMl, IMo, IMv)) of a notional below 2^52 at a leverage (0 = none). */
export function fullInitialMarginQuote(
  market: RiskMarket,
  notional: Quote,
  leverage: number,
): Quote {
  const tiers = marginTiersOf(market)
  const interest = openInterestMarginQuote(
    notional,
    market.openInterestLots * market.indexTicks * market.quotePerTickLot,
    market.oiLowUsdc * PPM,
    market.oiHighUsdc * PPM,
    market.imBps * PPM_PER_BPS,
  )
  const volatile = market.isVolatile
    ? volatilityMarginQuote(notional, market.volatilityPpm, market.depthQuote)
    : 0
  const tiered = tieredInitialMarginQuote(notional, tiers)
  return Math.min(
    notional,
    Math.max(tiered, leverageMarginQuote(notional, leverage), interest, volatile),
  )
}

/**
 * Everything the engine knows of an account's margin, to the unit.
 *
 * @throws RangeError when a holding's market is missing
 */
export function accountRisk(account: RiskAccount, markets: RiskMarkets): AccountRisk {
  const parts = account.holdings.map((holding) => partOf(holding, marketOf(markets, holding)))
  const sum = (value: (part: Part) => number) => parts.reduce((all, part) => all + value(part), 0)
  const equity = account.cashQuote + sum((part) => part.value - part.due)
  const isExact =
    Math.abs(account.cashQuote) + sum((part) => Math.abs(part.value) + Math.abs(part.due)) <
    GROSS_MAX
  const isStale = parts.some(({ holding, market }) => holding.lots !== 0 && market.isStale === true)
  const initial = sum((part) => part.requirement)
  const maintenance = sum((part) => part.maintenance)
  const unrealized = sum((part) => part.value - part.holding.entryCostQuote)
  const notional = sum((part) => Math.abs(part.value))
  const tierMargin = sum((part) => part.tiered)
  const kept = Math.max(initial, tierMargin, mulDivCeil(notional, 1, 10))
  return {
    cashQuote: account.cashQuote,
    equityQuote: equity,
    openingEquityQuote: account.cashQuote + sum((part) => part.opening - part.due),
    unrealizedQuote: unrealized,
    notionalQuote: notional,
    positionMarginQuote: sum((part) => part.initial),
    tierMarginQuote: tierMargin,
    initialMarginQuote: initial,
    maintenanceMarginQuote: maintenance,
    withdrawableQuote:
      isExact && !isStale ? Math.max(0, equity - Math.max(0, unrealized) - kept) : 0,
    marginRatioPpm: equity > 0 ? mulDivCeil(maintenance, PPM, equity) : null,
    leverageE3: equity > 0 ? mulDivFloor(notional, 1_000, equity) : null,
    level: riskLevel(equity, initial, maintenance),
    isExact,
    holdings: parts.map((part) => viewOf(part, equity - maintenance)),
  }
}

function marketOf(markets: RiskMarkets, { market }: RiskHolding): RiskMarket {
  const found = markets.get(market)
  if (found === undefined) throw new RangeError(`market ${market} is not listed`)
  return found
}

/** What a holding adds to the account's sums. */
type Part = {
  holding: RiskHolding
  market: RiskMarket
  value: Quote
  due: Quote
  /** Entry cost and unrealized PnL as they count for opening. */
  opening: Quote
  initial: Quote
  tiered: Quote
  requirement: Quote
  maintenance: Quote
}

function partOf(holding: RiskHolding, market: RiskMarket): Part {
  const { lots, entryCostQuote: cost } = holding
  const q = market.quotePerTickLot
  const value = lots * market.markTicks * q + 0
  const notional = Math.abs(value)
  const worst = Math.min(value, lots * market.meanMarkTicks * q + 0)
  const gain = worst - cost
  const tiers = marginTiersOf(market)
  return {
    holding,
    market,
    value,
    due: holding.fundingDueQuote,
    opening: gain > 0 ? cost + mulDivFloor(gain, market.openingGainPpm, PPM) : worst,
    initial: fullInitialMarginQuote(market, notional, holding.leverage),
    tiered: tieredInitialMarginQuote(notional, tiers),
    requirement: Math.max(sideRequirement(holding, market, 0), sideRequirement(holding, market, 1)),
    maintenance: tieredMaintenanceMarginQuote(notional, tiers),
  }
}

/** R of one side (risk.md 1.5): the position with that side's orders filled, their fees, and what they lose against mark. */
function sideRequirement(holding: RiskHolding, market: RiskMarket, side: 0 | 1): Quote {
  const { markTicks: mark, quotePerTickLot: q } = market
  let lots = side === 0 ? holding.lots : 0 - holding.lots
  let quote = 0
  let loss = 0
  for (const order of holding.orders) {
    if (order.side !== side) continue
    const gap = side === 0 ? order.priceTicks - mark : mark - order.priceTicks
    lots += order.lots
    quote += order.priceTicks * order.lots * q
    loss += Math.max(0, gap) * order.lots * q
  }
  const notional = Math.max(0, lots) * mark * q
  if (notional === 0 && quote === 0) return 0
  if (notional >= GROSS_MAX || quote >= GROSS_MAX) return Infinity
  return (
    fullInitialMarginQuote(market, notional, holding.leverage) +
    mulDivCeil(quote + notional, market.takerFee * FEE_UNIT_PPM, PPM) +
    loss
  )
}

/** `buffer`: the account's E − ΣMM. */
function viewOf(part: Part, buffer: Quote): HoldingRisk {
  const { holding, market } = part
  return {
    market: holding.market,
    lots: holding.lots,
    markTicks: market.markTicks,
    notionalQuote: Math.abs(part.value),
    entryCostQuote: holding.entryCostQuote,
    unrealizedQuote: part.value - holding.entryCostQuote,
    fundingDueQuote: part.due,
    leverage: holding.leverage,
    initialMarginQuote: part.initial,
    requirementQuote: part.requirement,
    maintenanceMarginQuote: part.maintenance,
    liquidationTicks: liquidationPriceTicks({
      lots: holding.lots,
      quotePerTickLot: market.quotePerTickLot,
      tiers: marginTiersOf(market),
      othersQuote: buffer - part.value + part.maintenance,
    }),
  }
}
