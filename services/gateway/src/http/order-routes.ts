//! What changes something: orders, cancels, withdrawals, logins.
import type { VerifyPool } from '@plumb/chain'
import { addressBytes, bytesHex, hexBytes } from '@plumb/chain'
import {
  accountQuery,
  cancelAfterReply,
  cancelAfterRequest,
  cancelAllQuery,
  cancelAllReply,
  cancelBatchReply,
  cancelBatchRequest,
  clientOrderParams,
  emptyQuery,
  type LoginRequest,
  leverageObject,
  leverageRequest,
  loginReply,
  loginRequest,
  marginModeObject,
  marginModeRequest,
  marketParams,
  orderBatchReply,
  orderBatchRequest,
  orderParams,
  orderReply,
  orderRequest,
  PlumbError,
  transferReply,
  transferRequest,
  withdrawalReply,
  withdrawalRequest,
} from '@plumb/protocol'
import type { FastifyReply } from 'fastify'
import type { AccountEntry } from '../entry/account-entry.ts'
import { asPromise, type ReplySink } from '../entry/asking.ts'
import { marketOf } from '../entry/order-checks.ts'
import type { OrderEntry } from '../entry/order-entry.ts'
import { unordered } from '../entry/ordered-release.ts'
import type { BearerTokens, Session } from '../guard/bearer-tokens.ts'
import { requireActing, requireKey } from '../guard/key-holder.ts'
import type { Origin, TrafficGuard } from '../guard/traffic-guard.ts'
import type { ExchangeView } from '../view/exchange-view.ts'
import { requireOwner } from './account-routes.ts'
import { orderExamples } from './doc-examples.ts'
import { type Route, route, unread } from './route.ts'

const LOGIN_MS_MAX = 86_400_000
const LOGIN_SKEW_MS_MAX = 300_000

export type OrderRouteParts = {
  view: ExchangeView
  entry: OrderEntry
  accounts: AccountEntry
  tokens: BearerTokens
  pool: VerifyPool
  guard: TrafficGuard
}

const tag = 'Trading'
// The entry itself asks whether the view has caught up, so that the stream is answered alike.
const signed = { tag, auth: 'signature', limited: false, needsView: false } as const
const owned = { tag, auth: 'token', limited: false, needsView: false } as const

export function orderRoutes(parts: OrderRouteParts): Route[] {
  const { entry, accounts, view } = parts
  /** The token is the owner's, or of a session key that trades the subaccount. */
  const requireActor = (
    session: Session,
    { account, subaccount = 0 }: { account?: string | undefined; subaccount?: number | undefined },
    nowMs: number,
  ) => {
    requireOwner(session, account)
    requireActing(view, session, subaccount, nowMs)
  }
  return [
    route(
      'POST',
      '/v1/orders',
      { body: orderRequest, query: emptyQuery, params: unread },
      {
        ...signed,
        summary: 'Place a signed order of any kind',
        answer: orderReply,
        examples: orderExamples,
      },
      ({ body }, { origin, reply }) =>
        sent(reply, (sink) => {
          entry.place(body, origin, sink)
        }),
    ),
    route(
      'POST',
      '/v1/orders/batch',
      { body: orderBatchRequest, query: emptyQuery, params: unread },
      { ...signed, summary: 'Place up to 50 signed orders', answer: orderBatchReply },
      ({ body }, { origin, request, reply }) =>
        sent(reply, (sink) => {
          entry.placeAll(body.orders, origin, request.id, sink)
        }),
    ),
    route(
      'PUT',
      '/v1/orders/:id',
      { body: orderRequest, query: emptyQuery, params: orderParams },
      { ...signed, summary: 'Amend an order: same lane, higher seq', answer: orderReply },
      ({ body, params }, { origin, reply }) =>
        sent(reply, (sink) => {
          entry.place(body, origin, sink, params.id)
        }),
    ),
    route(
      'DELETE',
      '/v1/orders/:id',
      { body: unread, query: accountQuery, params: orderParams },
      { ...owned, summary: 'Cancel an order', answer: orderReply },
      ({ params, query }, { nowMs, session, origin, reply }) => {
        requireActor(session, query, nowMs)
        const target = { orderId: params.id }
        const { subaccount = 0 } = query
        return sent(reply, (sink) => {
          entry.cancel(session.account, subaccount, target, sink, unordered, origin)
        })
      },
    ),
    route(
      'DELETE',
      '/v1/orders/client/:clientOrderId',
      { body: unread, query: accountQuery, params: clientOrderParams },
      { ...owned, summary: 'Cancel an order by your own id', answer: orderReply },
      ({ params, query }, { nowMs, session, origin, reply }) => {
        requireActor(session, query, nowMs)
        const { subaccount = 0 } = query
        return sent(reply, (sink) => {
          entry.cancel(session.account, subaccount, params, sink, unordered, origin)
        })
      },
    ),
    route(
      'DELETE',
      '/v1/orders',
      { body: unread, query: cancelAllQuery, params: unread },
      {
        ...owned,
        summary: 'Cancel all orders, of a market or side if named',
        answer: cancelAllReply,
      },
      ({ query }, { nowMs, session, origin, reply }) => {
        requireActor(session, query, nowMs)
        const { market, side, subaccount = 0 } = query
        return sent(reply, (sink) => {
          const { account } = session
          entry.cancelAll(account, subaccount, { market, side }, sink, unordered, origin)
        })
      },
    ),
    route(
      'POST',
      '/v1/withdrawals',
      { body: withdrawalRequest, query: emptyQuery, params: unread },
      { ...signed, summary: 'Withdraw to your own address', answer: withdrawalReply },
      ({ body }, { origin }) => accounts.withdraw(body, origin),
    ),
    route(
      'POST',
      '/v1/transfers',
      { body: transferRequest, query: emptyQuery, params: unread },
      { ...signed, summary: 'Move money to another of your subaccounts', answer: transferReply },
      ({ body }, { origin }) => accounts.transfer(body, origin),
    ),
    route(
      'POST',
      '/v1/orders/cancel',
      { body: cancelBatchRequest, query: emptyQuery, params: unread },
      { ...owned, summary: 'Cancel up to 100 orders by id', answer: cancelBatchReply },
      ({ body }, { nowMs, session, request, reply }) => {
        requireActor(session, body, nowMs)
        const { subaccount = 0, orders } = body
        return sent(reply, (sink) => {
          entry.cancelBatch(session.account, subaccount, orders, request.id, sink)
        })
      },
    ),
    route(
      'POST',
      '/v1/orders/cancel-after',
      { body: cancelAfterRequest, query: emptyQuery, params: unread },
      {
        ...owned,
        summary:
          'Dead man’s switch: cancel everything, or all of one market, unless called again in time',
        answer: cancelAfterReply,
      },
      ({ body }, { nowMs, session }) => {
        requireActor(session, body, nowMs)
        const { subaccount = 0, market, timeoutMs } = body
        const one = market === undefined ? null : marketOf(view, market)
        return accounts.cancelAfter(session.account, subaccount, one, timeoutMs)
      },
    ),
    route(
      'PUT',
      '/v1/markets/:market/leverage',
      { body: leverageRequest, query: emptyQuery, params: marketParams },
      { ...owned, summary: 'Choose the leverage of a market', answer: leverageObject },
      ({ body, params }, { nowMs, session }) => {
        requireActor(session, body, nowMs)
        const market = marketOf(view, params.market)
        return accounts.setLeverage(session.account, body.subaccount ?? 0, market, body.leverage)
      },
    ),
    route(
      'PUT',
      '/v1/markets/:market/margin-mode',
      { body: marginModeRequest, query: emptyQuery, params: marketParams },
      {
        ...owned,
        summary: 'Bind a subaccount to one market (isolated) or free it (cross)',
        answer: marginModeObject,
      },
      ({ body, params }, { nowMs, session }) => {
        requireActor(session, body, nowMs)
        const market = marketOf(view, params.market)
        const { subaccount = 0, marginMode } = body
        return accounts.setMarginMode(session.account, subaccount, market, marginMode)
      },
    ),
    route(
      'PUT',
      '/v1/markets/:market/isolated-margin',
      { body: transferRequest, query: emptyQuery, params: marketParams },
      {
        ...signed,
        summary: 'Add or take collateral: a transfer to or from the subaccount of the market',
        answer: transferReply,
      },
      ({ body, params }, { origin }) => {
        const { market } = marketOf(view, params.market).definition
        const isIsolated = (subaccount: number) =>
          view.account(body.account, subaccount)?.isolatedMarket === market
        if (!isIsolated(body.subaccount) && !isIsolated(body.toSubaccount))
          throw new PlumbError('BAD_REQUEST', {
            field: 'toSubaccount',
            message: 'toSubaccount: neither subaccount is isolated to the market',
          })
        return accounts.transfer(body, origin)
      },
    ),
    route(
      'POST',
      '/v1/auth',
      { body: loginRequest, query: emptyQuery, params: unread },
      {
        tag: 'Account',
        auth: 'signature',
        needsView: false,
        summary: 'Sign in: a bearer token',
        answer: loginReply,
      },
      ({ body }, { origin, nowMs }) => signIn(parts, body, origin, nowMs),
    ),
  ]
}

/** The entry's reply is text already. */
async function sent(reply: FastifyReply, ask: (sink: ReplySink) => void): Promise<string> {
  const text = await asPromise(ask)
  void reply.type('application/json; charset=utf-8')
  return text
}

async function signIn(
  { tokens, pool, guard, view }: OrderRouteParts,
  login: LoginRequest,
  origin: Origin,
  nowMs: number,
) {
  const { issuedAt, expiresAt } = login
  if (Math.abs(issuedAt - nowMs) > LOGIN_SKEW_MS_MAX)
    throw new PlumbError('CLOCK_SKEW', { field: 'issuedAt', limit: LOGIN_SKEW_MS_MAX })
  if (expiresAt <= nowMs) throw new PlumbError('SIGNATURE_EXPIRED', { field: 'expiresAt' })
  if (expiresAt - issuedAt > LOGIN_MS_MAX)
    throw new PlumbError('BAD_REQUEST', { field: 'expiresAt', limit: issuedAt + LOGIN_MS_MAX })
  const account = login.account.toLowerCase()
  const fields = { account: addressBytes(account), issuedAt, expiresAt }
  const named = login.signer?.toLowerCase() ?? null
  const key = named === null ? null : requireKey(view, account, named, nowMs)
  const recovered = await pool.recoverLoginSigner(fields, hexBytes(login.signature))
  if (recovered === null || bytesHex(recovered.signer) !== (named ?? account)) {
    guard.badSignature(origin, nowMs)
    throw new PlumbError('BAD_SIGNATURE', { field: 'signature' })
  }
  const endMs = key === null ? expiresAt : Math.min(expiresAt, key.expiryS * 1_000)
  return {
    token: tokens.issue({ account, key: named, expiresAtMs: endMs }),
    account,
    expiresAt: endMs,
  }
}
