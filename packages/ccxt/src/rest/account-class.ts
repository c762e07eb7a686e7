//! Private reads of the unified API.
import type {
  Account,
  Balances,
  FundingHistory,
  Int,
  LedgerEntry,
  Order,
  Position,
  PositionModeInfo,
  Str,
  Strings,
  Trade,
  Transaction,
} from 'ccxt'
import type { Ccxt, ClassOf, Raw } from '../ccxt-module.ts'
import type { PlumbMarkets } from './market-class.ts'

/** With private reads. */
export interface PlumbAccount extends PlumbMarkets {
  /** Which account of the wallet a request is of. */
  plumbScope(params: Raw): Raw
  /** The exchange's own order object by id or `params.clientOrderId`. */
  plumbOrder(id: Str, params: Raw): Promise<Raw>
}

export function accountClass(ccxt: Ccxt, Base: ClassOf<PlumbMarkets>): ClassOf<PlumbAccount> {
  return class WithAccount extends Base {
    plumbScope(params: Raw): Raw {
      return { subaccount: this.options['subaccount'], ...params }
    }

    override async fetchAccounts(params = {}): Promise<Account[]> {
      const { subaccounts } = await this['privateGetMe'](params)
      return this.parseAccounts(subaccounts)
    }

    override async fetchBalance(params = {}): Promise<Balances> {
      await this.loadMarkets()
      const { items } = await this['privateGetBalances'](this.plumbScope(params))
      return this.parseBalance(items)
    }

    override async fetchPositions(symbols?: Strings, params = {}): Promise<Position[]> {
      await this.loadMarkets()
      const { items } = await this['privateGetPositions'](this.plumbScope(params))
      return this.parsePositions(items, symbols)
    }

    override async fetchPositionsForSymbol(symbol: string, params = {}): Promise<Position[]> {
      return await this.fetchPositions([symbol], params)
    }

    /** @throws ExchangeError where there is no position */
    override async fetchPosition(symbol: string, params = {}): Promise<Position> {
      const [position] = await this.fetchPositions([symbol], params)
      if (position === undefined)
        throw new ccxt.ExchangeError(`${this.id} no position in ${symbol}`)
      return position
    }

    /** One position a market: never hedged. */
    override async fetchPositionMode(): Promise<PositionModeInfo> {
      return { info: {}, hedged: false }
    }

    /** One position a market, always. @throws NotSupported for hedged */
    override async setPositionMode(hedged: boolean): Promise<Raw> {
      if (hedged) throw new ccxt.NotSupported(`${this.id} setPositionMode() is one-way only`)
      return {}
    }

    /** By our id, or by yours in `params.clientOrderId`. */
    override async fetchOrder(id: string, symbol?: Str, params = {}): Promise<Order> {
      await this.loadMarkets()
      const market = symbol === undefined ? undefined : this.market(symbol)
      return this.parseOrder(await this.plumbOrder(id, params), market)
    }

    async plumbOrder(id: Str, params: Raw): Promise<Raw> {
      const { clientOrderId } = params
      return clientOrderId === undefined
        ? await this['privateGetOrdersId'](this.plumbScope({ ...params, id }))
        : await this['privateGetOrdersClientClientOrderId'](this.plumbScope(params))
    }

    override async fetchOrderWithClientOrderId(
      clientOrderId: string,
      symbol?: Str,
      params = {},
    ): Promise<Order> {
      return await this.fetchOrder('', symbol, { ...params, clientOrderId })
    }

    async fetchOpenOrder(id: string, symbol?: Str, params = {}): Promise<Order> {
      return this.plumbOnly('open', await this.fetchOrder(id, symbol, params))
    }

    async fetchClosedOrder(id: string, symbol?: Str, params = {}): Promise<Order> {
      return this.plumbOnly('closed', await this.fetchOrder(id, symbol, params))
    }

    plumbOnly(status: string, order: Order): Order {
      if (order.status === status) return order
      throw new ccxt.OrderNotFound(`${this.id} order ${order.id} is ${order.status}`)
    }

    override async fetchOrders(
      symbol?: Str,
      since?: Int,
      limit?: Int,
      params = {},
    ): Promise<Order[]> {
      return await this.plumbOrders(symbol, since, limit, params)
    }

    override async fetchOpenOrders(
      symbol?: Str,
      since?: Int,
      limit: Int = 1_000,
      params = {},
    ): Promise<Order[]> {
      return await this.plumbOrders(symbol, since, limit, { status: 'open', ...params })
    }

    override async fetchClosedOrders(
      symbol?: Str,
      since?: Int,
      limit?: Int,
      params = {},
    ): Promise<Order[]> {
      const request = { status: 'closed', ...params }
      return await this.plumbOrders(symbol, since, limit, request, 'closed')
    }

    override async fetchCanceledOrders(
      symbol?: Str,
      since?: Int,
      limit?: Int,
      params = {},
    ): Promise<Order[]> {
      const request = { status: 'closed', ...params }
      return await this.plumbOrders(symbol, since, limit, request, 'canceled')
    }

    override async fetchCanceledAndClosedOrders(
      symbol?: Str,
      since?: Int,
      limit?: Int,
      params = {},
    ): Promise<Order[]> {
      return await this.plumbOrders(symbol, since, limit, { status: 'closed', ...params })
    }

    /** Orders whose `status` is `only`, if given: the exchange lists filled and canceled ones together. */
    async plumbOrders(symbol: Str, since: Int, limit: Int, params: Raw, only?: string) {
      const ask = (page: Raw) => this['privateGetOrders'](page)
      const keep = only === undefined ? undefined : (raw: Raw) => raw.status === only
      const { market, rows } = await this.plumbList(ask, symbol, since, limit, params, keep)
      return this.parseOrders(rows, market, since, limit)
    }

    override async fetchMyTrades(
      symbol?: Str,
      since?: Int,
      limit?: Int,
      params = {},
    ): Promise<Trade[]> {
      const ask = (page: Raw) => this['privateGetFills'](page)
      const { market, rows } = await this.plumbList(ask, symbol, since, limit, params)
      return this.parseTrades(rows, market, since, limit)
    }

    override async fetchOrderTrades(
      id: string,
      symbol?: Str,
      since?: Int,
      limit?: Int,
      params = {},
    ): Promise<Trade[]> {
      const order = await this.fetchOrder(id, symbol, params)
      const ask = (page: Raw) => this['privateGetFills'](page)
      const keep = (raw: Raw) => raw.orderId === order.id
      const from = since ?? order.timestamp
      const found = await this.plumbList(ask, order.symbol, from, limit, params, keep)
      return this.parseTrades(found.rows, found.market, since, limit)
    }

    override async fetchFundingHistory(
      symbol?: Str,
      since?: Int,
      limit?: Int,
      params = {},
    ): Promise<FundingHistory[]> {
      const ask = (page: Raw) => this['privateGetFundingPayments'](page)
      const { market, rows } = await this.plumbList(ask, symbol, since, limit, params)
      return this.parseIncomes(rows, market, since, limit)
    }

    override async fetchLedger(
      code?: Str,
      since?: Int,
      limit?: Int,
      params = {},
    ): Promise<LedgerEntry[]> {
      const ask = (page: Raw) => this['privateGetLedger'](page)
      const { rows } = await this.plumbList(ask, undefined, since, limit, params)
      const currency = code === undefined ? undefined : this.currency(code)
      return this.parseLedger(rows, currency, since, limit)
    }

    override async fetchDeposits(
      code?: Str,
      since?: Int,
      limit?: Int,
      params = {},
    ): Promise<Transaction[]> {
      return await this.plumbTransfers('deposit', code, since, limit, params)
    }

    override async fetchWithdrawals(
      code?: Str,
      since?: Int,
      limit?: Int,
      params = {},
    ): Promise<Transaction[]> {
      return await this.plumbTransfers('withdrawal', code, since, limit, params)
    }

    override async fetchDepositsWithdrawals(
      code?: Str,
      since?: Int,
      limit?: Int,
      params = {},
    ): Promise<Transaction[]> {
      const lists = await Promise.all([
        this.fetchDeposits(code, since, limit, params),
        this.fetchWithdrawals(code, since, limit, params),
      ])
      return this.filterBySinceLimit(this.sortBy(lists.flat(), 'timestamp'), since, limit)
    }

    async plumbTransfers(
      plumbType: 'deposit' | 'withdrawal',
      code: Str,
      since: Int,
      limit: Int,
      params: Raw,
    ): Promise<Transaction[]> {
      const path = plumbType === 'deposit' ? 'privateGetDeposits' : 'privateGetWithdrawals'
      const ask = (page: Raw) => this[path](page)
      const { rows } = await this.plumbList(ask, undefined, since, limit, params)
      for (const raw of rows) raw.plumbType = plumbType
      const currency = code === undefined ? undefined : this.currency(code)
      return this.parseTransactions(rows, currency, since, limit)
    }

    async plumbList(
      ask: (page: Raw) => Promise<Raw>,
      symbol: Str,
      since: Int,
      limit: Int,
      params: Raw,
      keep?: (raw: Raw) => boolean,
    ) {
      await this.loadMarkets()
      const market = symbol === undefined ? undefined : this.market(symbol)
      const scope = this.plumbScope(this.plumbDefined({ market: market?.id, ...params }))
      return { market, rows: await this.plumbRows(ask, since, limit, scope, keep) }
    }
  }
}
