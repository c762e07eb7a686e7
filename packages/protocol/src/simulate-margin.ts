//! What-if: an account's margin after hypothetical orders and prices, by the engine's integer arithmetic. Pure: the gateway
//! runs it over its view, the sdk over inputs it has read.
import {
  type AccountRisk,
  accountRisk,
  limits,
  type Market,
  mulDivCeil,
  mulDivFloor,
  notionalQuote,
  type RiskAccount,
  type RiskHolding,
  type RiskMarket,
  side,
  whatIf,
} from '@plumb/model'
import { quoteToText, ratioToText, textToUnits, unitsToText } from './decimal.ts'
import type { ErrorCode } from './error-table.ts'
import type { MarginPreviewObject } from './object-schemas.ts'
import type { PreviewRequest } from './request-schemas.ts'

const PPM = 1_000_000
const RATIO_DECIMALS = 8

/** A market as a simulation needs it; integers in engine units. */
export type MarginMarket = Pick<
  Market,
  | 'symbol'
  | 'tickE8'
  | 'lotE8'
  | 'minOrderLots'
  | 'maxOrderLots'
  | 'maxPositionLots'
  | 'minNotionalQuote'
  | 'priceBandPpm'
> & { risk: RiskMarket }
/** Everything a simulation needs, as `GET /v1/margin/inputs` answers it. */
export type MarginInputs = {
  account: string
  subaccount: number
  cashQuote: number
  holdings: RiskHolding[]
  leverages: { market: number; leverage: number }[]
  /** Its one market, if it is isolated. */
  isolatedMarket: string | null
  markets: MarginMarket[]
  seq: number
}

type Verdict = MarginPreviewObject['orders'][number]
type PreviewOrder = NonNullable<PreviewRequest['orders']>[number]
type Priced = { market: MarginMarket; isBuy: boolean; ticks: number; lots: number }

/** The account after `request`, each order judged in turn as the engine would; what is refused changes nothing. */
export function simulateMargin(
  inputs: MarginInputs,
  request: Pick<PreviewRequest, 'orders' | 'prices'>,
): MarginPreviewObject {
  const simulation = new Simulation(inputs)
  for (const [symbol, price] of Object.entries(request.prices ?? {}))
    simulation.shock(symbol, price)
  const orders = (request.orders ?? []).map((order) => simulation.judge(order))
  return simulation.shown(orders)
}

class Simulation {
  readonly #inputs: MarginInputs
  readonly #bySymbol: Map<string, MarginMarket>
  readonly #markets: Map<number, RiskMarket>
  #account: RiskAccount

  constructor(inputs: MarginInputs) {
    this.#inputs = inputs
    this.#bySymbol = new Map(inputs.markets.map((market) => [market.symbol, market]))
    this.#markets = new Map(inputs.markets.map(({ risk }) => [risk.market, risk]))
    this.#account = { cashQuote: inputs.cashQuote, holdings: inputs.holdings }
  }

  /** Mark, mean mark and index of a market become `price`; unknown markets and prices change nothing. */
  shock(symbol: string, price: string): void {
    const market = this.#bySymbol.get(symbol)
    const ticks = market === undefined ? 0 : textToUnits(price, market.tickE8)
    if (market === undefined || typeof ticks !== 'number' || ticks === 0) return
    const { risk } = market
    const moved = { ...risk, markTicks: ticks, meanMarkTicks: ticks, indexTicks: ticks }
    this.#markets.set(risk.market, moved)
  }

  judge(order: PreviewOrder): Verdict {
    const market = this.#bySymbol.get(order.market)
    if (market === undefined) return verdict('UNKNOWN_MARKET', 'market')
    const { isolatedMarket } = this.#inputs
    if (isolatedMarket !== null && isolatedMarket !== order.market)
      return verdict('ISOLATED_MARKET', 'market')
    const priced = pricedOf(order, market)
    if ('code' in priced) return priced
    return this.#tryOrder(order, priced)
  }

  #tryOrder(order: PreviewOrder, priced: Priced): Verdict {
    const { market, isBuy, ticks, lots } = priced
    const { markTicks } = this.#riskOf(market)
    if (markTicks === 0) return verdict('NO_MARK_PRICE', null)
    const band = bandLimit(market, markTicks, isBuy, ticks)
    if (band !== null) return verdict('PRICE_BAND', 'price', unitsToText(band, market.tickE8))
    const holding = this.#holdingIn(market)
    const held = isBuy ? holding.lots : -holding.lots
    if (order.reduceOnly === true) {
      if (held >= 0) return verdict('REDUCE_ONLY', 'reduceOnly')
      if (order.filled === true) this.#fill({ ...priced, lots: Math.min(lots, -held) })
      return accepted()
    }
    const of = isBuy ? side.buy : side.sell
    const open = holding.orders.reduce((sum, one) => (one.side === of ? sum + one.lots : sum), 0)
    const worst = held + open + lots
    if (worst > market.maxPositionLots)
      return verdict('POSITION_LIMIT', 'amount', unitsToText(market.maxPositionLots, market.lotE8))
    // Judged as an open order, whether it then rests or fills: that is what the engine asks at the door.
    const before = this.#risk()
    const asOpen = this.#with({
      ...holding,
      orders: [...holding.orders, { side: of, priceTicks: ticks, lots }],
    })
    const after = accountRisk(asOpen, this.#markets)
    const isDearer = after.initialMarginQuote > before.initialMarginQuote
    const covers = before.isExact && before.openingEquityQuote >= after.initialMarginQuote
    if (isDearer && !covers)
      return verdict('INSUFFICIENT_MARGIN', null, quoteToText(exact(after.initialMarginQuote)))
    if (order.filled === true) this.#fill(priced)
    else this.#account = asOpen
    return accepted()
  }

  #riskOf({ risk }: MarginMarket): RiskMarket {
    return this.#markets.get(risk.market) ?? risk
  }

  #holdingIn({ risk }: MarginMarket): RiskHolding {
    const known = this.#account.holdings.find(({ market }) => market === risk.market)
    if (known !== undefined) return known
    const chosen = this.#inputs.leverages.find(({ market }) => market === risk.market)
    return {
      market: risk.market,
      lots: 0,
      entryCostQuote: 0,
      fundingDueQuote: 0,
      leverage: chosen?.leverage ?? 0,
      orders: [],
    }
  }

  #with(holding: RiskHolding): RiskAccount {
    const others = this.#account.holdings.filter(({ market }) => market !== holding.market)
    return { ...this.#account, holdings: [...others, holding] }
  }

  #fill({ market, isBuy, ticks, lots }: Priced): void {
    const trade = {
      market: market.risk.market,
      side: isBuy ? side.buy : side.sell,
      lots,
      priceTicks: ticks,
    }
    this.#account = whatIf(this.#with(this.#holdingIn(market)), this.#markets, {
      trades: [trade],
      shocks: [],
    }).account
  }

  #risk(): AccountRisk {
    return accountRisk(this.#account, this.#markets)
  }

  shown(orders: Verdict[]): MarginPreviewObject {
    const risk = this.#risk()
    const equity = exact(risk.equityQuote)
    const maintenance = exact(risk.maintenanceMarginQuote)
    return {
      account: this.#inputs.account,
      subaccount: this.#inputs.subaccount,
      equity: quoteToText(equity),
      openingEquity: quoteToText(exact(risk.openingEquityQuote)),
      unrealizedPnl: quoteToText(exact(risk.unrealizedQuote)),
      initialMargin: quoteToText(exact(risk.initialMarginQuote)),
      maintenanceMargin: quoteToText(maintenance),
      marginRatio:
        equity > 0 ? ratioToText(BigInt(maintenance), BigInt(equity), RATIO_DECIMALS) : null,
      withdrawable: quoteToText(risk.withdrawableQuote),
      orders,
      positions: this.#shownPositions(risk),
    }
  }

  #shownPositions({ holdings }: AccountRisk): MarginPreviewObject['positions'] {
    const byId = new Map(this.#inputs.markets.map((market) => [market.risk.market, market]))
    return holdings.flatMap((holding) => {
      const market = byId.get(holding.market)
      if (market === undefined || holding.lots === 0) return []
      const ticks = holding.liquidationTicks
      return [
        {
          market: market.symbol,
          size: unitsToText(holding.lots, market.lotE8),
          markPrice: unitsToText(holding.markTicks, market.tickE8),
          notional: quoteToText(exact(holding.notionalQuote)),
          unrealizedPnl: quoteToText(exact(holding.unrealizedQuote)),
          initialMargin: quoteToText(exact(holding.initialMarginQuote)),
          maintenanceMargin: quoteToText(exact(holding.maintenanceMarginQuote)),
          liquidationPrice: ticks === null ? null : unitsToText(ticks, market.tickE8),
        },
      ]
    })
  }
}

function pricedOf(order: PreviewOrder, market: MarginMarket): Priced | Verdict {
  const ticks = textToUnits(order.price, market.tickE8)
  if (typeof ticks !== 'number' || ticks === 0 || ticks > limits.priceTicksMax)
    return verdict('INVALID_TICK', 'price', unitsToText(1, market.tickE8))
  const lots = textToUnits(order.amount, market.lotE8)
  if (typeof lots !== 'number' || lots < market.minOrderLots)
    return verdict('INVALID_STEP', 'amount', unitsToText(market.minOrderLots, market.lotE8))
  if (lots > market.maxOrderLots)
    return verdict('MAX_SIZE', 'amount', unitsToText(market.maxOrderLots, market.lotE8))
  const notional = notionalQuote(ticks, lots, market.risk.quotePerTickLot)
  if (notional > limits.notionalQuoteMax)
    return verdict('MAX_NOTIONAL', 'amount', quoteToText(limits.notionalQuoteMax))
  if (notional < market.minNotionalQuote)
    return verdict('MIN_NOTIONAL', 'amount', quoteToText(market.minNotionalQuote))
  return { market, isBuy: order.side === 'buy', ticks, lots }
}

/** The band's edge that a price is beyond (RULES 2.7); null: within. */
function bandLimit(market: MarginMarket, mark: number, isBuy: boolean, ticks: number) {
  if (market.priceBandPpm === 0) return null
  const up = mulDivFloor(mark, PPM + market.priceBandPpm, PPM)
  const down = mulDivCeil(mark, PPM - market.priceBandPpm, PPM)
  if (isBuy) return ticks > up ? up : null
  return ticks < down ? down : null
}

function accepted(): Verdict {
  return { code: null, field: null, limit: null }
}

function verdict(code: ErrorCode, field: string | null, limit: string | null = null): Verdict {
  return { code, field, limit }
}

/** An account beyond exact arithmetic shows the bound instead of an infinity. */
function exact(quote: number): number {
  const most = Number.MAX_SAFE_INTEGER
  return Math.min(Math.max(quote, -most), most)
}
