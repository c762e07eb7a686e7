//! Equity, margins and liquidation price of one account, from its cash, positions and the marks.
import {
  type FundingIndex,
  fundingPaymentQuote,
  initialMarginQuote,
  type Lots,
  type MarketId,
  maintenanceMarginQuote,
  notionalQuote,
  type Quote,
  type Ticks,
} from '@plumb/model'

/** What of a market matters for margin. */
export type MarketRisk = {
  market: MarketId
  markTicks: Ticks
  fundingIndex: FundingIndex
  quotePerTickLot: number
  imBps: number
  mmBps: number
}
export type HeldPosition = { market: MarketId; lots: Lots; fundingIndex: FundingIndex }

type PositionRisk = HeldPosition & {
  markTicks: Ticks
  notionalQuote: Quote
  initialMarginQuote: Quote
  maintenanceMarginQuote: Quote
  /** Funding due and not settled yet: positive = the account will pay. */
  pendingFundingQuote: Quote
  /** Mark at which equity falls to maintenance, all other marks unmoved; null: at none. */
  liquidationPriceTicks: Ticks | null
}
export type AccountRisk = {
  cashQuote: Quote
  equityQuote: Quote
  initialMarginQuote: Quote
  maintenanceMarginQuote: Quote
  positions: PositionRisk[]
}

const bps = 10_000

/** @throws RangeError on a position in a market that is not among `markets` */
export const accountRisk = (
  cashQuote: Quote,
  held: readonly HeldPosition[],
  markets: ReadonlyMap<MarketId, MarketRisk>,
): AccountRisk => {
  const valued = held.map((position) => valueOf(position, marketOf(markets, position.market)))
  let equityQuote = cashQuote
  let initial = 0
  let maintenance = 0
  for (const { value, risk } of valued) {
    equityQuote += value
    initial += risk.initialMarginQuote
    maintenance += risk.maintenanceMarginQuote
  }
  const positions = valued.map(({ value, risk }) => {
    // Without this position's value at mark, but with its funding, which no mark changes.
    const otherEquity = equityQuote - value - risk.pendingFundingQuote
    const spare = otherEquity - (maintenance - risk.maintenanceMarginQuote)
    const market = marketOf(markets, risk.market)
    return Object.assign(risk, { liquidationPriceTicks: liquidationPrice(risk, market, spare) })
  })
  return {
    cashQuote,
    equityQuote,
    initialMarginQuote: initial,
    maintenanceMarginQuote: maintenance,
    positions,
  }
}

const marketOf = (markets: ReadonlyMap<MarketId, MarketRisk>, id: MarketId): MarketRisk => {
  const market = markets.get(id)
  if (market === undefined) throw new RangeError(`market ${id} is not listed`)
  return market
}

const valueOf = (position: HeldPosition, market: MarketRisk) => {
  const { lots } = position
  const notional = notionalQuote(market.markTicks, Math.abs(lots), market.quotePerTickLot)
  const pending = fundingPaymentQuote(lots, market.fundingIndex - position.fundingIndex)
  const risk = {
    ...position,
    markTicks: market.markTicks,
    notionalQuote: notional,
    initialMarginQuote: initialMarginQuote(notional, market.imBps),
    maintenanceMarginQuote: maintenanceMarginQuote(notional, market.mmBps),
    pendingFundingQuote: pending,
  }
  return { value: (lots < 0 ? -notional : notional) - pending, risk }
}

/**
 * Solves spare + lots·p·q = |lots|·p·q·mm for p, where `spare` is all other equity less all other maintenance margin.
 * Shown to people, so floating point may do; a long's price is rounded up and a short's down, to the earlier one.
 */
const liquidationPrice = (
  { lots }: HeldPosition,
  { quotePerTickLot, mmBps }: MarketRisk,
  spare: Quote,
): Ticks | null => {
  const margin = (Math.abs(lots) * mmBps) / bps
  const price = -spare / ((lots - margin) * quotePerTickLot)
  if (!Number.isFinite(price) || price <= 0) return null
  return lots > 0 ? Math.ceil(price) : Math.floor(price)
}
