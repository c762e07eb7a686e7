//! Equity and margin of an account at the current marks, for reads only: the engine decides, this shows.
import {
  fundingPaymentQuote,
  initialMarginQuote,
  maintenanceMarginQuote,
  mulDivCeil,
  notionalQuote,
  orderFlag,
  side,
} from '@plumb/model'
import type { AccountView, PositionView } from './account-view.ts'
import type { MarketView } from './market-view.ts'

/** All in micro-USDC. */
export type AccountMargin = {
  cashQuote: number
  equityQuote: number
  unrealizedQuote: number
  /** Sum of each position's loss, as a positive number. */
  lossQuote: number
  /** Initial margin of the positions. */
  initialQuote: number
  maintenanceQuote: number
  /** What open orders add to the initial margin. */
  orderQuote: number
  withdrawableQuote: number
}

/** Signed value of a position at the mark, funding due deducted; 0 before the first mark. */
function valueOf(position: PositionView): { value: number; funding: number } {
  const { market, sizeLots } = position
  const mark = market.markTicks ?? 0
  const value = Math.sign(sizeLots) * notionalOf(market, Math.abs(sizeLots), mark)
  const due = market.fundingIndex - position.fundingIndex
  return { value, funding: fundingPaymentQuote(sizeLots, due) }
}

function notionalOf(market: MarketView, lots: number, ticks: number): number {
  return notionalQuote(ticks, lots, market.definition.quotePerTickLot)
}

const PPM = 1_000_000
const FEE_UNIT_PPM = 10

/** The engine's formulas (risk.md 1.5, 1.7), so that what is shown here is what it will accept. */
export function accountMargin(account: AccountView): AccountMargin {
  let [equity, unrealized, loss, initial, maintenance, notional] = [
    account.cashQuote,
    0,
    0,
    0,
    0,
    0,
  ]
  for (const position of account.positions.values()) {
    if (position.sizeLots === 0) continue
    const { value, funding } = valueOf(position)
    const { definition } = position.market
    equity += value - funding
    const pnl = value - position.costQuote
    unrealized += pnl
    loss += Math.max(0, -pnl)
    notional += Math.abs(value)
    initial += initialMarginQuote(Math.abs(value), definition.imBps)
    maintenance += maintenanceMarginQuote(Math.abs(value), definition.mmBps)
  }
  const required = requirement(account)
  const kept = Math.max(required, initial, mulDivCeil(notional, 1, 10))
  return {
    cashQuote: account.cashQuote,
    equityQuote: equity,
    unrealizedQuote: unrealized,
    lossQuote: loss,
    initialQuote: initial,
    maintenanceQuote: maintenance,
    orderQuote: Math.max(0, required - initial),
    withdrawableQuote: Math.max(0, equity - Math.max(0, unrealized) - kept),
  }
}

type OpenSide = { lots: number; quote: number; loss: number }
const noOrders = (): OpenSide => ({ lots: 0, quote: 0, loss: 0 })
type Open = { market: MarketView; buys: OpenSide; sells: OpenSide }

/** Sum of each market's initial margin with its open orders filled on the worse side. */
function requirement(account: AccountView): number {
  const open = new Map<number, Open>()
  const openIn = (market: MarketView): Open => {
    const id = market.definition.market
    const known = open.get(id)
    if (known !== undefined) return known
    const fresh = { market, buys: noOrders(), sells: noOrders() }
    open.set(id, fresh)
    return fresh
  }
  for (const { market } of account.positions.values()) openIn(market)
  for (const order of account.openOrders.values()) {
    if ((order.flags & orderFlag.reduceOnly) !== 0) continue
    const { market, priceTicks, remainingLots } = order
    const isBuy = order.side === side.buy
    const into = isBuy ? openIn(market).buys : openIn(market).sells
    const worse = isBuy
      ? priceTicks - (market.markTicks ?? 0)
      : (market.markTicks ?? 0) - priceTicks
    into.lots += remainingLots
    into.quote += notionalOf(market, remainingLots, priceTicks)
    into.loss += notionalOf(market, remainingLots, Math.max(0, worse))
  }
  let total = 0
  for (const { market, buys, sells } of open.values()) {
    const held = account.positions.get(market.definition.market)?.sizeLots ?? 0
    total += Math.max(
      sideRequirement(market, Math.max(0, held + buys.lots), buys),
      sideRequirement(market, Math.max(0, sells.lots - held), sells),
    )
  }
  return total
}

function sideRequirement(market: MarketView, lots: number, orders: OpenSide): number {
  const { imBps, takerFee } = market.definition
  const notional = notionalOf(market, lots, market.markTicks ?? 0)
  const fee = mulDivCeil(orders.quote + notional, takerFee * FEE_UNIT_PPM, PPM)
  return initialMarginQuote(notional, imBps) + fee + orders.loss
}

/**
 * Mark at which equity falls to the maintenance margin, other markets unchanged (risk.md 1.8, one tier); null when
 * no positive price does.
 */
export function liquidationTicks(position: PositionView, margin: AccountMargin): number | null {
  const { market, sizeLots } = position
  if (sizeLots === 0 || market.markTicks === null) return null
  const { mmBps, quotePerTickLot } = market.definition
  const notional = notionalOf(market, Math.abs(sizeLots), market.markTicks)
  const value = Math.sign(sizeLots) * notional
  const rest =
    margin.equityQuote - value - (margin.maintenanceQuote - maintenanceMarginQuote(notional, mmBps))
  // rest + s·p·q = |s|·p·q·mm  =>  p = rest / (q(|s|·mm − s))
  const slope = (Math.abs(sizeLots) * mmBps - sizeLots * 10_000) * quotePerTickLot
  const ticks = (rest * 10_000) / slope
  if (!Number.isFinite(ticks) || ticks <= 0) return null
  return sizeLots > 0 ? Math.floor(ticks) : Math.ceil(ticks)
}
