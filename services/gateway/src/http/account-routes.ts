//! Private reads: what a token's owner may see, and nothing of anybody else.
import {
  accountFeesObject,
  accountListQuery,
  accountObject,
  accountQuery,
  agentObject,
  agentParams,
  balanceObject,
  clientOrderParams,
  emptyQuery,
  fillObject,
  fundingPaymentObject,
  internalTransferObject,
  isolatedMarginObject,
  ledgerObject,
  leverageObject,
  listOf,
  marginModeObject,
  marginPreviewObject,
  marketParams,
  meObject,
  noticeObject,
  orderObject,
  orderParams,
  ordersQuery,
  PlumbError,
  positionObject,
  previewRequest,
  quoteToText,
  simulateMargin,
  transferObject,
} from '@plumb/protocol'
import { z } from 'zod'
import { marketOf, orderIdOf } from '../entry/order-checks.ts'
import type { Session } from '../guard/bearer-tokens.ts'
import type { TrafficGuard } from '../guard/traffic-guard.ts'
import { accountMargin } from '../view/account-margin.ts'
import { AccountView } from '../view/account-view.ts'
import type { ExchangeView } from '../view/exchange-view.ts'
import { marginInputs } from '../view/margin-inputs.ts'
import * as settings from '../view/setting-objects.ts'
import type { ReadParts } from './market-routes.ts'
import { type Route, route, unread } from './route.ts'

const auth = 'token'
const tag = 'Account'
const ofMarket = { body: unread, query: accountQuery, params: marketParams }
const byAccount = { body: unread, query: accountQuery, params: unread }
const ownerQuery = accountQuery.omit({ subaccount: true })
const byList = { body: unread, query: accountListQuery, params: unread }
/** Deposits and withdrawals are of no market: a filter that cannot be met is refused, not ignored. */
const byTransfer = { ...byList, query: accountListQuery.omit({ market: true }) }

type AccountFields = { account?: string | undefined; subaccount?: number | undefined }

/** Throws KEY_FORBIDDEN when the request names an owner that the token is not of. */
export function requireOwner(session: Session, account: string | undefined): void {
  if (account !== undefined && account.toLowerCase() !== session.account)
    throw new PlumbError('KEY_FORBIDDEN', { field: 'account' })
}

/** The account asked for; one that was never funded reads as empty. Throws KEY_FORBIDDEN for another owner's. */
export function accountAsked(view: ExchangeView, session: Session, query: AccountFields) {
  requireOwner(session, query.account)
  const subaccount = query.subaccount ?? 0
  return (
    view.account(session.account, subaccount) ?? new AccountView(-1, session.account, subaccount)
  )
}

type AccountRouteParts = ReadParts & {
  guard: TrafficGuard
  /** How many connections cancel an account's orders when they end. */
  cancelsOnDisconnect: (account: string, subaccount: number) => number
}

export function accountRoutes({
  view,
  objects,
  history,
  guard,
  cancelsOnDisconnect,
}: AccountRouteParts): Route[] {
  const accountOf = (session: Session, query: AccountFields) => accountAsked(view, session, query)
  return [
    route(
      'GET',
      '/v1/me',
      { body: unread, query: emptyQuery, params: unread },
      { auth, tag, summary: 'Whom this token speaks for, and its limits', answer: meObject },
      (_input, { session, origin, nowMs }) =>
        settings.meObject(
          view,
          session,
          guard.state(session.account, origin, nowMs),
          (subaccount) => cancelsOnDisconnect(session.account, subaccount),
          nowMs,
        ),
    ),
    route(
      'GET',
      '/v1/agents',
      { body: unread, query: ownerQuery, params: unread },
      {
        auth,
        tag,
        summary: 'Session keys of the account, the latest first, and what each has left',
        answer: listOf(agentObject),
      },
      ({ query }, { session, nowMs }) => {
        requireOwner(session, query.account)
        const keys = view.sessionKeys.ownedBy(session.account)
        const items = keys.map((key) => settings.agentObject(view, key, nowMs))
        return { items, nextCursor: null }
      },
    ),
    route(
      'GET',
      '/v1/agents/:address',
      { body: unread, query: ownerQuery, params: agentParams },
      { auth, tag, summary: 'One session key of the account', answer: agentObject },
      ({ params, query }, { session, nowMs }) => {
        requireOwner(session, query.account)
        const key = view.sessionKeys.get(params.address.toLowerCase())
        if (key === undefined || key.owner !== session.account)
          throw new PlumbError('NOT_FOUND', { field: 'address' })
        return settings.agentObject(view, key, nowMs)
      },
    ),
    route(
      'GET',
      '/v1/account',
      byAccount,
      { auth, tag, summary: 'Equity and margin', answer: accountObject },
      ({ query }, { session }) => objects.account(accountOf(session, query)),
    ),
    route(
      'GET',
      '/v1/balances',
      byAccount,
      { auth, tag, summary: 'Balances', answer: listOf(balanceObject) },
      ({ query }, { session }) => ({
        items: [objects.balance(accountOf(session, query))],
        nextCursor: null,
      }),
    ),
    route(
      'GET',
      '/v1/positions',
      byAccount,
      { auth, tag, summary: 'Open positions', answer: listOf(positionObject) },
      ({ query }, { session }) => ({
        items: objects.positions(accountOf(session, query)),
        nextCursor: null,
      }),
    ),
    route(
      'GET',
      '/v1/orders',
      { body: unread, query: ordersQuery, params: unread },
      { auth, tag, summary: 'Orders, open or closed', answer: listOf(orderObject) },
      ({ query }, { session }) => history.orders(accountOf(session, query), query),
    ),
    route(
      'GET',
      '/v1/orders/:id',
      { body: unread, query: accountQuery, params: orderParams },
      { auth, tag, summary: 'One order', answer: orderObject },
      ({ params, query }, { session }) => {
        return history.order(accountOf(session, query), orderIdOf(params.id))
      },
    ),
    route(
      'GET',
      '/v1/orders/client/:clientOrderId',
      { body: unread, query: accountQuery, params: clientOrderParams },
      { auth, tag, summary: 'One order by your own id', answer: orderObject },
      ({ params, query }, { session }) => {
        return history.clientOrder(accountOf(session, query), params.clientOrderId)
      },
    ),
    route(
      'GET',
      '/v1/fills',
      byList,
      { auth, tag, summary: 'Fills', answer: listOf(fillObject) },
      ({ query }, { session }) => history.fills(accountOf(session, query), query),
    ),
    route(
      'GET',
      '/v1/funding-payments',
      byList,
      { auth, tag, summary: 'Funding paid and received', answer: listOf(fundingPaymentObject) },
      ({ query }, { session }) => history.fundingPayments(accountOf(session, query), query),
    ),
    route(
      'GET',
      '/v1/deposits',
      byTransfer,
      { auth, tag, summary: 'Deposits', answer: listOf(transferObject) },
      ({ query }, { session }) => history.deposits(accountOf(session, query), query),
    ),
    route(
      'GET',
      '/v1/withdrawals',
      byTransfer,
      { auth, tag, summary: 'Withdrawals', answer: listOf(transferObject) },
      ({ query }, { session }) => history.withdrawals(accountOf(session, query), query),
    ),
    route(
      'GET',
      '/v1/ledger',
      byList,
      { auth, tag, summary: 'Statement: every entry, rows chain', answer: listOf(ledgerObject) },
      ({ query }, { session }) => history.entries(accountOf(session, query), query),
    ),
    route(
      'GET',
      '/v1/transfers',
      byTransfer,
      {
        auth,
        tag,
        summary: 'Transfers between your subaccounts',
        answer: listOf(internalTransferObject),
      },
      ({ query }, { session }) => history.transfers(accountOf(session, query), query),
    ),
    route(
      'GET',
      '/v1/notices',
      byTransfer,
      {
        auth,
        tag,
        summary: 'Liquidations, deleveraging and settlements of the account, with their inputs',
        answer: listOf(noticeObject),
      },
      ({ query }, { session }) => history.notices(accountOf(session, query), query),
    ),
    route(
      'GET',
      '/v1/fees/me',
      byAccount,
      { auth, tag, summary: 'Fee tier, rates and volume', answer: accountFeesObject },
      ({ query }, { session }) => settings.accountFeesObject(view, accountOf(session, query)),
    ),
    route(
      'GET',
      '/v1/markets/:market/leverage',
      ofMarket,
      { auth, tag, summary: 'Chosen leverage', answer: leverageObject },
      ({ params, query }, { session }) =>
        settings.leverageObject(accountOf(session, query), marketOf(view, params.market)),
    ),
    route(
      'GET',
      '/v1/markets/:market/margin-mode',
      ofMarket,
      { auth, tag, summary: 'Margin mode of the subaccount', answer: marginModeObject },
      ({ params, query }, { session }) =>
        settings.marginModeObject(view, accountOf(session, query), marketOf(view, params.market)),
    ),
    route(
      'GET',
      '/v1/markets/:market/isolated-margin',
      ofMarket,
      {
        auth,
        tag,
        summary: 'Collateral of the subaccount isolated to the market',
        answer: listOf(isolatedMarginObject),
      },
      ({ params, query }, { session }) => {
        requireOwner(session, query.account)
        const market = marketOf(view, params.market)
        const isolated = view
          .subaccountsOf(session.account)
          .filter(({ isolatedMarket }) => isolatedMarket === market.definition.market)
        return {
          items: isolated.map((account) => {
            const risk = accountMargin(account)
            return {
              account: account.address,
              subaccount: account.subaccount,
              market: market.definition.symbol,
              collateral: quoteToText(Math.max(risk.equityQuote, Number.MIN_SAFE_INTEGER)),
              withdrawable: quoteToText(risk.withdrawableQuote),
            }
          }),
          nextCursor: null,
        }
      },
    ),
    route(
      'POST',
      '/v1/margin/preview',
      { body: previewRequest, query: emptyQuery, params: unread },
      {
        auth,
        tag,
        summary: 'What if: margin and liquidation prices after hypothetical orders and prices',
        answer: marginPreviewObject,
      },
      ({ body }, { session }) => {
        for (const symbol of Object.keys(body.prices ?? {})) marketOf(view, symbol)
        return simulateMargin(marginInputs(view, accountOf(session, body)), body)
      },
    ),
    route(
      'GET',
      '/v1/margin/inputs',
      byAccount,
      { auth, tag, summary: 'Integers that a margin simulation of your own starts from' },
      ({ query }, { session }) => marginInputs(view, accountOf(session, query)),
    ),
    route(
      'GET',
      '/v1/lanes',
      byAccount,
      {
        auth,
        tag,
        summary: 'Last sequence number of every used lane',
        answer: z.object({ lanes: z.record(z.string(), z.int()), subaccount: z.int() }),
      },
      ({ query }, { session }) => {
        const { lanes, subaccount } = accountOf(session, query)
        return { subaccount, lanes: Object.fromEntries(lanes) }
      },
    ),
  ]
}
