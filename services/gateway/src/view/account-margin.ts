//! Equity and margin of an account at the current marks, for reads only: the engine decides, this shows. The arithmetic is
//! the model's, and a differential test holds it to the engine's.
import {
  type AccountRisk,
  accountRisk,
  fundingPaymentQuote,
  orderFlag,
  orderStyle,
  type RiskAccount,
  type RiskHolding,
  type RiskMarket,
  type RiskOrder,
} from '@plumb/model'
import type { AccountView } from './account-view.ts'
import type { MarketView } from './market-view.ts'
import type { OrderView } from './order-view.ts'

const PPM = 1_000_000

/** An account as margin sees it, and its markets. */
export type RiskInputs = { account: RiskAccount; markets: Map<number, RiskMarket> }

/** Its positions, leverages and the orders that margin is reserved for. */
export function riskInputs(account: AccountView): RiskInputs {
  const holdings = new Map<number, RiskHolding & { orders: RiskOrder[] }>()
  const markets = new Map<number, RiskMarket>()
  const holdingIn = (market: MarketView) => {
    const id = market.definition.market
    const known = holdings.get(id)
    if (known !== undefined) return known
    const position = account.positions.get(id)
    const lots = position?.sizeLots ?? 0
    const snapshot = position?.fundingIndex ?? market.fundingIndex
    const holding = {
      market: id,
      lots,
      entryCostQuote: position?.costQuote ?? 0,
      fundingDueQuote: fundingDueQuote(lots, market.fundingIndex - snapshot),
      leverage: account.leverages.get(id) ?? 0,
      orders: [],
    }
    holdings.set(id, holding)
    markets.set(id, market.riskMarket())
    return holding
  }
  for (const { market, sizeLots } of account.positions.values())
    if (sizeLots !== 0) holdingIn(market)
  for (const order of account.openOrders.values()) {
    const lots = reservedLots(order)
    const { side, priceTicks } = order
    if (lots > 0) holdingIn(order.market).orders.push({ side, priceTicks, lots })
  }
  return { account: { cashQuote: account.cashQuote, holdings: [...holdings.values()] }, markets }
}

/** What a position pays when its funding is settled; beyond 2^53 that bound, as in the engine. */
function fundingDueQuote(lots: number, delta: number): number {
  if (lots === 0 || delta === 0) return 0
  const estimate = (lots * delta) / PPM
  return Math.abs(estimate) < Number.MAX_SAFE_INTEGER
    ? fundingPaymentQuote(lots, delta)
    : Math.sign(estimate) * Number.MAX_SAFE_INTEGER
}

/** Lots that margin is reserved for: a scale's later levels reserve nothing yet (RULES 1.5). */
function reservedLots({ flags, waiting, advanced, bookLots, remainingLots }: OrderView): number {
  if (waiting || (flags & orderFlag.reduceOnly) !== 0) return 0
  return advanced?.style === orderStyle.scale ? bookLots : remainingLots
}

export function accountMargin(account: AccountView): AccountRisk {
  const inputs = riskInputs(account)
  return accountRisk(inputs.account, inputs.markets)
}

/** Σ of each position's loss, as a positive number. */
export function lossQuote({ holdings }: AccountRisk): number {
  return holdings.reduce((sum, { unrealizedQuote }) => sum + Math.max(0, -unrealizedQuote), 0)
}
