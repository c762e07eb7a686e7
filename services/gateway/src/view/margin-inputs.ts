//! What a margin simulation starts from, out of the view.
import type { MarginInputs } from '@plumb/protocol'
import { riskInputs } from './account-margin.ts'
import type { AccountView } from './account-view.ts'
import type { ExchangeView } from './exchange-view.ts'

/** An account in every market: what it holds and has open there, and what margin the market asks. */
export function marginInputs(view: ExchangeView, account: AccountView): MarginInputs {
  const { account: risk } = riskInputs(account)
  return {
    account: account.address,
    subaccount: account.subaccount,
    cashQuote: risk.cashQuote,
    holdings: [...risk.holdings],
    leverages: [...account.leverages].map(([market, leverage]) => ({ market, leverage })),
    isolatedMarket: view.markets.get(account.isolatedMarket)?.definition.symbol ?? null,
    markets: [...view.markets.values()].map((market) => {
      const { symbol, tickE8, lotE8, minOrderLots, maxOrderLots } = market.definition
      const { maxPositionLots, minNotionalQuote, priceBandPpm } = market.definition
      return {
        symbol,
        tickE8,
        lotE8,
        minOrderLots,
        maxOrderLots,
        maxPositionLots,
        minNotionalQuote,
        priceBandPpm,
        risk: market.riskMarket(),
      }
    }),
    seq: view.appliedSeq,
  }
}
