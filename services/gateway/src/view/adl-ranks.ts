//! Where positions stand in the queue of auto-deleveraging, should one come now (engine RULES 4).
import { type AdlCandidate, adlWeight, rankAdl } from '@plumb/model'
import { accountMargin } from './account-margin.ts'
import type { AccountView } from './account-view.ts'
import type { ExchangeView } from './exchange-view.ts'
import type { MarketView } from './market-view.ts'

/** Ranks change with every mark; for looking at, this often is enough, whatever the number of accounts. */
const RANKS_KEPT_MS = 1_000

type Ranks = { atMs: number; long: Map<number, number>; short: Map<number, number> }

export class AdlRanks {
  readonly #view: ExchangeView
  readonly #ranks = new Map<MarketView, Ranks>()

  constructor(view: ExchangeView) {
    this.#view = view
  }

  /** 1 = first to give; null for a position that is not in profit. */
  rankOf(account: AccountView, market: MarketView): number | null {
    const lots = account.positions.get(market.definition.market)?.sizeLots ?? 0
    if (lots === 0) return null
    const { long, short } = this.#ranksOf(market)
    return (lots > 0 ? long : short).get(account.accountId) ?? null
  }

  #ranksOf(market: MarketView): Ranks {
    const { appliedTimeMs, accounts } = this.#view
    const known = this.#ranks.get(market)
    if (known !== undefined && appliedTimeMs - known.atMs < RANKS_KEPT_MS) return known
    const long: AdlCandidate[] = []
    const short: AdlCandidate[] = []
    for (const account of accounts.values()) {
      const lots = account.positions.get(market.definition.market)?.sizeLots ?? 0
      if (lots === 0) continue
      const candidate = candidateOf(account, market, lots)
      if (candidate !== null) (lots > 0 ? long : short).push(candidate)
    }
    const ranks = { atMs: appliedTimeMs, long: ranked(long), short: ranked(short) }
    this.#ranks.set(market, ranks)
    return ranks
  }
}

function ranked(candidates: AdlCandidate[]): Map<number, number> {
  const inProfit = candidates.filter((candidate) => adlWeight(candidate) > 0n)
  return new Map(rankAdl(inProfit).map(({ accountId }, i) => [accountId, i + 1]))
}

function candidateOf(account: AccountView, market: MarketView, lots: number): AdlCandidate | null {
  const risk = accountMargin(account)
  if (!risk.isExact || risk.equityQuote <= 0) return null
  const id = market.definition.market
  const marketGain = risk.holdings.find((holding) => holding.market === id)?.unrealizedQuote ?? 0
  return {
    accountId: account.accountId,
    lots: Math.abs(lots),
    gainQuote: Math.max(0, Math.min(marketGain, risk.unrealizedQuote)),
    equityQuote: risk.equityQuote,
    notionalQuote: risk.notionalQuote,
  }
}
