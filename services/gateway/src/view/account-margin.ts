//! Equity and margin of an account at the current marks, for reads only: the engine decides, this shows.
import {
  fundingPaymentQuote,
  initialMarginQuote,
  type Market,
  maintenanceMarginQuote,
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

export function accountMargin(account: AccountView): AccountMargin {
  let [equity, unrealized, loss, initial, maintenance] = [account.cashQuote, 0, 0, 0, 0]
  for (const position of account.positions.values()) {
    if (position.sizeLots === 0) continue
    const { value, funding } = valueOf(position)
    const { definition } = position.market
    equity += value - funding
    const pnl = value - position.costQuote
    unrealized += pnl
    loss += Math.max(0, -pnl)
    initial += initialMarginQuote(Math.abs(value), definition.imBps)
    maintenance += maintenanceMarginQuote(Math.abs(value), definition.mmBps)
  }
  const order = orderMargin(account)
  const free = equity - initial - order
  return {
    cashQuote: account.cashQuote,
    equityQuote: equity,
    unrealizedQuote: unrealized,
    lossQuote: loss,
    initialQuote: initial,
    maintenanceQuote: maintenance,
    orderQuote: order,
    // An unrealised gain is never paid out (risk.md 1.7).
    withdrawableQuote: Math.max(0, Math.min(free - Math.max(0, unrealized), account.cashQuote)),
  }
}

type OpenLots = { market: MarketView; buys: number; sells: number }

/** For each market: margin if the worse side's orders all filled, less the margin of the position (risk.md 1.5). */
function orderMargin(account: AccountView): number {
  const open = new Map<number, OpenLots>()
  for (const order of account.openOrders.values()) {
    if ((order.flags & orderFlag.reduceOnly) !== 0) continue
    const { market } = order
    const lots = open.get(market.definition.market) ?? { market, buys: 0, sells: 0 }
    if (order.side === side.buy) lots.buys += order.remainingLots
    else lots.sells += order.remainingLots
    open.set(market.definition.market, lots)
  }
  let total = 0
  for (const { market, buys, sells } of open.values()) {
    const position = account.positions.get(market.definition.market)?.sizeLots ?? 0
    const worst = Math.max(Math.abs(position), position + buys, sells - position)
    const margin = (lots: number) => marginAt(market, market.definition, lots)
    total += margin(worst) - margin(Math.abs(position))
  }
  return total
}

function marginAt(market: MarketView, definition: Market, lots: number): number {
  return initialMarginQuote(notionalOf(market, lots, market.markTicks ?? 0), definition.imBps)
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
