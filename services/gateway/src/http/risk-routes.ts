//! What protects the exchange, to read: queues of auto-deleveraging, early warnings, notices of rising margin, and the
//! history of liquidations and of positions that moved without a trade.
import {
  accountListQuery,
  adlQuery,
  adlQueueObject,
  integerToText,
  liquidationObject,
  listOf,
  listQuery,
  marginNoticeObject,
  marketParams,
  positionMoveObject,
  quoteToText,
  riskWarningObject,
  unitsToText,
} from '@plumb/protocol'
import { marketOf } from '../entry/order-checks.ts'
import { memoryOnly } from '../history/history.ts'
import type { AdlAnswer, MarginSource } from '../history/margin-source.ts'
import { accountAsked } from './account-routes.ts'
import type { ReadParts } from './market-routes.ts'
import { type Route, route, unread } from './route.ts'

const QUEUE_DEFAULT = 100
const E3_DECIMALS = 3
const PPM_DECIMALS = 6

const auth = 'token'
const byAccount = { body: unread, query: accountListQuery, params: unread }
/** Warnings are of the whole account: a filter that cannot be met is refused, not ignored. */
const byWarning = { ...byAccount, query: accountListQuery.omit({ market: true }) }

export function riskRoutes({
  view,
  history,
  margin,
}: ReadParts & { margin: MarginSource }): Route[] {
  return [
    route(
      'GET',
      '/v1/markets/:market/adl',
      { body: unread, query: adlQuery, params: marketParams },
      {
        tag: 'Market data',
        summary: 'Positions in the order in which auto-deleveraging would take them',
        answer: adlQueueObject,
      },
      async ({ params, query }) => {
        const { definition } = marketOf(view, params.market)
        const { seq, timeMs, longs, shorts } = await margin.adl(
          definition.market,
          query.limit ?? QUEUE_DEFAULT,
        )
        const sideOf = ({ accounts, lots, entries }: AdlAnswer['longs']) => ({
          positions: accounts,
          amount: unitsToText(lots, definition.lotE8),
          queue: entries.map((entry) => ({
            rank: entry.rank,
            amount: unitsToText(entry.lots, definition.lotE8),
            leverage: integerToText(entry.leverageE3, E3_DECIMALS),
          })),
        })
        return {
          market: definition.symbol,
          ts: timeMs,
          seq,
          longs: sideOf(longs),
          shorts: sideOf(shorts),
        }
      },
    ),
    route(
      'GET',
      '/v1/margin-notices',
      { body: unread, query: listQuery, params: unread },
      {
        tag: 'Market data',
        summary: 'Margin rates that were about to rise: from, to, when',
        answer: listOf(marginNoticeObject),
      },
      async ({ query }) => {
        const list = {
          items: (await margin.notices()).filter(({ market }) => view.markets.has(market)),
          placeOf: (row: { seq: number; market: number }) => [row.seq, row.market] as const,
          timeOf: ({ timeMs }: { timeMs: number }) => timeMs,
        }
        return memoryOnly(list, query, (row) => ({
          id: `${row.seq}.${row.market}`,
          ts: row.timeMs,
          market: view.markets.get(row.market)?.definition.symbol ?? '',
          from: integerToText(row.fromPpm, PPM_DECIMALS),
          to: integerToText(row.toPpm, PPM_DECIMALS),
          effectiveAt: row.effectiveMs,
          seq: row.seq,
        }))
      },
    ),
    route(
      'GET',
      '/v1/warnings',
      byWarning,
      {
        auth,
        tag: 'Account',
        summary:
          'Early warnings: when the account came nearer to liquidation, or went away from it',
        answer: listOf(riskWarningObject),
      },
      async ({ query }, { session }) => {
        const account = accountAsked(view, session, query)
        const list = {
          items: account.accountId < 0 ? [] : await margin.warnings(account.accountId),
          placeOf: ({ seq }: { seq: number }) => [seq, 0] as const,
          timeOf: ({ timeMs }: { timeMs: number }) => timeMs,
        }
        return memoryOnly(list, query, (row) => ({
          id: String(row.seq),
          ts: row.timeMs,
          account: account.address,
          subaccount: account.subaccount,
          from: row.from,
          to: row.to,
          equity: quoteToText(row.equityQuote),
          initialMargin:
            row.initialMarginQuote === null ? null : quoteToText(row.initialMarginQuote),
          maintenanceMargin: quoteToText(row.maintenanceMarginQuote),
          seq: row.seq,
        }))
      },
    ),
    route(
      'GET',
      '/v1/liquidations',
      byAccount,
      {
        auth,
        tag: 'Account',
        summary: 'Steps of liquidations, each with the figures that led to it',
        answer: listOf(liquidationObject),
      },
      ({ query }, { session }) =>
        history.liquidationSteps(accountAsked(view, session, query), query),
    ),
    route(
      'GET',
      '/v1/position-moves',
      byAccount,
      {
        auth,
        tag: 'Account',
        summary: 'Positions that moved without a trade: takeovers, deleveraging, settlements',
        answer: listOf(positionMoveObject),
      },
      ({ query }, { session }) => history.positionMoves(accountAsked(view, session, query), query),
    ),
  ]
}
