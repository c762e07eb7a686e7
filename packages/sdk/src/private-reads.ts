//! Reads of one account, with its token.
import type {
  AccountFeesObject,
  AccountObject,
  AgentObject,
  BalanceObject,
  FillObject,
  FundingPaymentObject,
  InternalTransferObject,
  LedgerObject,
  LeverageObject,
  LiquidationObject,
  ListOf,
  MarginModeObject,
  MeObject,
  NoticeObject,
  OrderObject,
  PositionMoveObject,
  PositionObject,
  RiskWarningObject,
  TransferObject,
} from '@plumb/protocol'
import type { Http, Query } from './http.ts'
import type { Owner } from './order-entry.ts'
import type { Page } from './public-reads.ts'
import { type Session, withToken } from './session.ts'

const of = (market: string) => `/v1/markets/${encodeURIComponent(market)}`
const byClientId = (id: string) => `/v1/orders/client/${encodeURIComponent(id)}`

/** `closed`: no longer open, filled and canceled ones alike. */
export type OrdersFilter = Page & { status?: 'open' | 'closed' | 'canceled'; market?: string }

/** Every private read, one method for each path. */
export type PrivateReads = ReturnType<typeof privateReads>

/** Private reads of one account, signed in when they are first needed. */
export function privateReads(http: Http, session: Session, owner: () => Promise<Owner>) {
  const read = <T>(path: string, query: Query) =>
    withToken(session, (token) => http<T>({ method: 'GET', path, query, token }))
  const get = async <T>(path: string, query: Query = {}) =>
    read<T>(path, { ...(await owner()), ...query })
  return {
    /** Session keys of the account, the latest first, and what each has left. */
    agents: () => read<ListOf<AgentObject>>('/v1/agents', {}),
    /** One session key. @throws NotFoundError for a key that is not of the account */
    agent: (address: string) => read<AgentObject>(`/v1/agents/${address}`, {}),
    /** Whom the token speaks for, until when, and what is left of its limits. */
    me: async () => http<MeObject>({ method: 'GET', path: '/v1/me', token: await session.token() }),
    /** Orders by creation, ascending; the newest without `since`. */
    orders: (filter: OrdersFilter = {}) => get<ListOf<OrderObject>>('/v1/orders', filter),
    /** One order, also a closed one. @throws OrderNotFoundError */
    order: (id: string) => get<OrderObject>(`/v1/orders/${id}`),
    /** The newest order of that client id: what became of a request whose answer was lost. @throws OrderNotFoundError */
    orderByClientId: (clientOrderId: string) => get<OrderObject>(byClientId(clientOrderId)),
    /** Fills with fee, realised PnL and how far each is settled. */
    fills: (page: Page & { market?: string } = {}) => get<ListOf<FillObject>>('/v1/fills', page),
    /** Cash: total = free + used, exactly; `debt` when it is below zero. */
    balances: () => get<ListOf<BalanceObject>>('/v1/balances'),
    /** Equity and margins at the mark. */
    account: () => get<AccountObject>('/v1/account'),
    /** Open positions, each with margin and liquidation price. */
    positions: () => get<ListOf<PositionObject>>('/v1/positions'),
    /** Funding paid (negative) and received. */
    fundingPayments: (page: Page = {}) =>
      get<ListOf<FundingPaymentObject>>('/v1/funding-payments', page),
    /** The statement: every posting with the balance before and after. */
    ledger: (page: Page = {}) => get<ListOf<LedgerObject>>('/v1/ledger', page),
    /** Deposits that were credited. */
    deposits: (page: Page = {}) => get<ListOf<TransferObject>>('/v1/deposits', page),
    /** Withdrawals, pending ones included. */
    withdrawals: (page: Page = {}) => get<ListOf<TransferObject>>('/v1/withdrawals', page),
    /** Transfers between your subaccounts. */
    transfers: (page: Page = {}) => get<ListOf<InternalTransferObject>>('/v1/transfers', page),
    /** Liquidations, deleveraging and settlements of the account, with their inputs. */
    notices: (page: Page = {}) => get<ListOf<NoticeObject>>('/v1/notices', page),
    /** When the account came nearer to liquidation, or went away from it. */
    warnings: (page: Page = {}) => get<ListOf<RiskWarningObject>>('/v1/warnings', page),
    /** Steps of liquidations, each with the figures that led to it. */
    liquidations: (page: Page & { market?: string } = {}) =>
      get<ListOf<LiquidationObject>>('/v1/liquidations', page),
    /** Positions that moved without a trade: takeovers, deleveraging, settlements. */
    positionMoves: (page: Page & { market?: string } = {}) =>
      get<ListOf<PositionMoveObject>>('/v1/position-moves', page),
    /** Tier, rates and 30-day volume, and what the next tier takes. */
    fees: () => get<AccountFeesObject>('/v1/fees/me'),
    /** The leverage chosen in a market; 0: none of one's own. */
    leverage: (market: string) => get<LeverageObject>(`${of(market)}/leverage`),
    /** Cross, or isolated to one market. */
    marginMode: (market: string) => get<MarginModeObject>(`${of(market)}/margin-mode`),
    /** Last sequence number of every lane ever used. */
    lanes: async () => (await get<{ lanes: Record<string, number> }>('/v1/lanes')).lanes,
  }
}
