//! Risk reads over HTTP, in the engine's integers: accounts, what-if, markets, funding, ADL queues, warnings.
import type { Engine } from '@plumb/engine'
import {
  accountRisk,
  adlLeverage,
  type HoldingRisk,
  type RiskMarkets,
  type Side,
  sensitivities,
  whatIf,
} from '@plumb/model'
import type { StatusAnswer } from '@plumb/runtime'
import type { EngineFollower } from './follow-engine.ts'
import { readIdea } from './read-idea.ts'

const PAGE = 200
const PAGE_MAX = 1_000

const ok = (body: object): StatusAnswer => ({ status: 200, body })
const bad = (message: string): StatusAnswer => ({
  status: 400,
  body: { error: 'INVALID_PARAMETER', message },
})
const missing = (error: string): StatusAnswer => ({ status: 404, body: { error } })
const hex = (bytes: Uint8Array) => `0x${Buffer.from(bytes).toString('hex')}`
const stamp = ({ seq, timeMs }: Engine) => ({ seq, timeMs })

const marketsOf = (engine: Engine): RiskMarkets =>
  new Map(
    engine.markets().flatMap(({ market }) => {
      const risk = engine.marketRisk(market)
      return risk === undefined ? [] : [[market, risk] as const]
    }),
  )

/** A whole number of a query within bounds; undefined: not there; NaN: nonsense. */
const numberOf = (query: URLSearchParams, name: string): number | undefined => {
  const text = query.get(name)
  if (text === null) return undefined
  return /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
}

/** Rank (1 = first to be deleveraged), queue length, and fifths of the queue's lots up to and with this one. */
const adlPlace = (engine: Engine, accountId: number, { market, lots: held }: HoldingRisk) => {
  if (held === 0) return null
  const queue = engine.adlQueue(market, held > 0 ? 0 : 1)
  const at = queue.findIndex((candidate) => candidate.accountId === accountId)
  if (at < 0) return null
  const lots = (entries: typeof queue) => entries.reduce((sum, entry) => sum + entry.lots, 0)
  const light = Math.ceil((5 * lots(queue.slice(0, at + 1))) / lots(queue))
  return { rank: at + 1, of: queue.length, light }
}

const accountAnswer = ({ engine, watch }: EngineFollower, accountId: number): StatusAnswer => {
  const view = engine.account(accountId)
  const own = engine.riskAccount(accountId)
  if (view === undefined || own === undefined) return missing('UNKNOWN_ACCOUNT')
  const markets = marketsOf(engine)
  const { holdings, ...risk } = accountRisk(own, markets)
  const slopes = new Map(sensitivities(own, markets).map((slope) => [slope.market, slope]))
  return ok({
    ...stamp(engine),
    accountId,
    owner: hex(view.owner),
    subaccount: view.subaccount,
    ...risk,
    initialMarginQuote: Number.isFinite(risk.initialMarginQuote) ? risk.initialMarginQuote : null,
    orderMarginQuote: Math.max(0, risk.initialMarginQuote - risk.positionMarginQuote),
    levelAtTick: watch.level(accountId),
    openOrders: view.openOrders,
    isolatedMarket: view.isolatedMarket === -1 ? null : view.isolatedMarket,
    holdings: holdings.map((holding) =>
      Object.assign(holding, {
        sensitivity: slopes.get(holding.market) ?? null,
        adl: adlPlace(engine, accountId, holding),
      }),
    ),
  })
}

const whatIfAnswer = (engine: Engine, accountId: number, query: URLSearchParams): StatusAnswer => {
  const own = engine.riskAccount(accountId)
  if (own === undefined) return missing('UNKNOWN_ACCOUNT')
  try {
    const idea = readIdea(query, engine.markets())
    return ok({ ...stamp(engine), accountId, ...whatIf(own, marketsOf(engine), idea) })
  } catch (error) {
    if (error instanceof RangeError) return bad(error.message)
    throw error
  }
}

const fundingAnswer = ({ engine, watch }: EngineFollower, market: number): StatusAnswer => {
  const risk = engine.marketRisk(market)
  const view = engine.market(market)
  if (risk === undefined || view === undefined) return missing('UNKNOWN_MARKET')
  const { funding, indexTicks } = risk
  return ok({
    ...stamp(engine),
    market,
    symbol: view.symbol,
    indexTicks,
    ...funding,
    fundingIndex: view.fundingIndex,
    lastRate: view.fundingRate,
    samples: watch.premiums(market),
    payments: watch.payments(market),
  })
}

const marketAnswer = (engine: Engine, market: number): StatusAnswer => {
  const risk = engine.marketRisk(market)
  const view = engine.market(market)
  if (risk === undefined || view === undefined) return missing('UNKNOWN_MARKET')
  const { symbol, state, indexTimeMs, insuranceQuote, badDebtQuote, backstopAccountId } = view
  const volatility = {
    ...risk.volatility,
    /** When `next` takes effect if the index stays. */
    nextMs: (risk.volatility.minute + 1) * 60_000,
  }
  const money = { insuranceQuote, badDebtQuote, backstopAccountId }
  return ok({ ...stamp(engine), symbol, state, indexTimeMs, ...risk, volatility, ...money })
}

const adlAnswer = (engine: Engine, market: number, query: URLSearchParams): StatusAnswer => {
  if (engine.market(market) === undefined) return missing('UNKNOWN_MARKET')
  const limit = numberOf(query, 'limit') ?? PAGE
  if (!(limit >= 1 && limit <= PAGE_MAX)) return bad(`limit must be 1 to ${PAGE_MAX}`)
  const side = (of: Side) => {
    const queue = engine.adlQueue(market, of)
    const entries = queue
      .slice(0, limit)
      .map((candidate, i) =>
        Object.assign({ rank: i + 1, leverageE3: adlLeverage(candidate) }, candidate),
      )
    return { accounts: queue.length, lots: queue.reduce((sum, { lots }) => sum + lots, 0), entries }
  }
  return ok({ ...stamp(engine), market, longs: side(0), shorts: side(1) })
}

/** The account of an owner address and subaccount (0 unless given). */
const lookUp = (engine: Engine, query: URLSearchParams): StatusAnswer => {
  const owner = query.get('owner') ?? ''
  const subaccount = numberOf(query, 'subaccount') ?? 0
  if (!/^0x[0-9a-fA-F]{40}$/.test(owner)) return bad('owner must be an address')
  if (!(subaccount <= 255)) return bad('subaccount must be 0 to 255')
  const accountId = engine.accountIdOf(Buffer.from(owner.slice(2), 'hex'), subaccount)
  return accountId === undefined
    ? missing('UNKNOWN_ACCOUNT')
    : ok({ ...stamp(engine), accountId, owner: owner.toLowerCase(), subaccount })
}

const pageAnswer = (
  { engine, watch }: EngineFollower,
  name: 'warnings' | 'notices',
  query: URLSearchParams,
): StatusAnswer => {
  const after = numberOf(query, 'after') ?? 0
  const limit = numberOf(query, 'limit') ?? PAGE
  const account = numberOf(query, 'account')
  if (Number.isNaN(after)) return bad('after must be a sequence number')
  if (!(limit >= 1 && limit <= PAGE_MAX)) return bad(`limit must be 1 to ${PAGE_MAX}`)
  if (Number.isNaN(account)) return bad('account must be an account id')
  const items =
    name === 'warnings' ? watch.warnings(after, limit, account) : watch.notices(after, limit)
  return ok({ ...stamp(engine), items, after: items.at(-1)?.seq ?? after })
}

/** GET routes of the risk reads; undefined where there is none. The table is in services/margin/READS.md. */
export const riskRoute = (
  following: EngineFollower,
  path: string,
  query: URLSearchParams,
): StatusAnswer | undefined => {
  const [, name = '', idText = '', what = ''] = path.split('/')
  const { engine } = following
  if (path === '/accounts') return lookUp(engine, query)
  if (path === '/warnings' || path === '/notices')
    return pageAnswer(following, path === '/warnings' ? 'warnings' : 'notices', query)
  if (!/^\d{1,9}$/.test(idText)) return undefined
  const id = Number(idText)
  switch (`${name}/${what}`) {
    case 'accounts/risk':
      return accountAnswer(following, id)
    case 'accounts/what-if':
      return whatIfAnswer(engine, id, query)
    case 'markets/risk':
      return marketAnswer(engine, id)
    case 'markets/funding':
      return fundingAnswer(following, id)
    case 'markets/adl':
      return adlAnswer(engine, id, query)
    default:
      return undefined
  }
}
