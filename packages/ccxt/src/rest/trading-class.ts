//! Orders, cancels and withdrawals of the unified API: signed by the sdk, sent over ccxt's transport.
import type { CancelFilter, NewOrder, OrderReply, Trader } from '@plumb/sdk'
import type { Num, Order, OrderRequest, OrderSide, OrderType, Str, Transaction } from 'ccxt'
import type { Ccxt, ClassOf, Raw } from '../ccxt-module.ts'
import type { PlumbAccount } from './account-class.ts'

/** With orders, cancels and withdrawals. */
export interface PlumbTrading extends PlumbAccount {
  /** The trader of `params.subaccount`, or of the options'. */
  plumbTraderOf(params: Raw): Trader
}

/** Words of ccxt, beside ours, that an order may carry in `params`. */
const OWN_PARAMS = new Set([
  'clientOrderId',
  'timeInForce',
  'postOnly',
  'reduceOnly',
  'selfTradePrevention',
  'subaccount',
  'maxFee',
  'lifetime',
  'slippage',
  'goodTillDate',
])
/** The exchange matches until so long before a signature expires. */
const SETTLEMENT_LAG_S = 600

export function tradingClass(ccxt: Ccxt, Base: ClassOf<PlumbAccount>): ClassOf<PlumbTrading> {
  const { Precise, InvalidOrder, NotSupported, BadRequest, ROUND, TRUNCATE } = ccxt
  return class WithTrading extends Base {
    /**
     * A limit order, or a market order: IOC within `slippage` of the mark. `params`: clientOrderId, timeInForce,
     * postOnly, reduceOnly, selfTradePrevention, maxFee, slippage, lifetime (s), goodTillDate (ms), subaccount.
     *
     * @throws NotSupported for a parameter that the exchange would not honour
     */
    override async createOrder(
      symbol: string,
      type: OrderType,
      side: OrderSide,
      amount: number,
      price?: Num,
      params: Raw = {},
    ): Promise<Order> {
      const order = await this.plumbNewOrder(symbol, type, side, amount, price, params)
      const reply = await this.plumbResult(this.plumbTraderOf(params).place(order))
      return this.plumbReply(reply, type)
    }

    /** Several orders at once; one that is refused comes back without status, its error in `info`. */
    override async createOrders(orders: OrderRequest[], params: Raw = {}): Promise<Order[]> {
      const settled = await Promise.allSettled(
        orders.map(({ symbol, type, side, amount, price, params: own }) =>
          this.createOrder(symbol, type, side, amount ?? 0, price, { ...params, ...own }),
        ),
      )
      return settled.map((one) =>
        one.status === 'fulfilled' ? one.value : this.plumbFailed(undefined, one.reason),
      )
    }

    /** Changes price or amount in one step; `amount` is the whole order's, what is filled included. */
    override async editOrder(
      id: string,
      symbol: string,
      _type: OrderType,
      _side: OrderSide,
      amount?: Num,
      price?: Num,
      params: Raw = {},
    ): Promise<Order> {
      await this.loadMarkets()
      const order = await this.plumbOrder(id, this.omit(params, ['slippage', 'lifetime']))
      const market = this.market(symbol)
      const change = this.plumbDefined({
        price: price === undefined ? undefined : this.plumbPrice(market, price, ROUND),
        amount: amount === undefined ? undefined : this.plumbRemaining(market, order, amount),
        lifetimeS: params.lifetime,
      })
      return this.plumbReply(await this.plumbResult(this.plumbTraderOf(params).edit(order, change)))
    }

    /** What shall stay open when the whole order is of `amount`. */
    plumbRemaining(market: Raw, { filled }: Raw, amount: number): string {
      const left = Precise.stringSub(this.plumbAmount(market, amount), filled) ?? '0'
      if (Precise.stringGt(left, '0')) return plain(left)
      throw new InvalidOrder(`${this.id} editOrder() amount ${amount}: ${filled} is filled already`)
    }

    override async cancelOrder(id: Str, _symbol?: Str, params: Raw = {}): Promise<Order> {
      await this.loadMarkets()
      const { clientOrderId } = params
      const named = clientOrderId === undefined ? { orderId: String(id) } : { clientOrderId }
      const reply = await this.plumbResult(this.plumbTraderOf(params).cancel(named))
      return this.plumbReply(reply)
    }

    override async cancelOrderWithClientOrderId(
      clientOrderId: string,
      symbol?: Str,
      params: Raw = {},
    ): Promise<Order> {
      return await this.cancelOrder(undefined, symbol, { ...params, clientOrderId })
    }

    /** One after the other reported: an order that was gone comes back without status, its error in `info`. */
    override async cancelOrders(ids: string[], symbol?: Str, params: Raw = {}): Promise<Order[]> {
      const settled = await Promise.allSettled(
        ids.map((id) => this.cancelOrder(id, symbol, params)),
      )
      return settled.map((one, i) =>
        one.status === 'fulfilled' ? one.value : this.plumbFailed(ids[i], one.reason),
      )
    }

    /** All open orders, of a symbol if given, of `params.side` if given. Answers those it canceled. */
    override async cancelAllOrders(symbol?: Str, params: Raw = {}): Promise<Order[]> {
      await this.loadMarkets()
      const market = symbol === undefined ? undefined : this.market(symbol)
      const filter: CancelFilter = this.plumbDefined({ market: market?.id, side: params.side })
      const { orders } = await this.plumbResult(this.plumbTraderOf(params).cancelAll(filter))
      return this.parseOrders(orders, market)
    }

    /** Closes what is open in a market with a reduce-only market order. */
    override async closePosition(
      symbol: string,
      _side?: OrderSide,
      params: Raw = {},
    ): Promise<Order> {
      const { side, info } = await this.fetchPosition(symbol)
      const closing = side === 'long' ? 'sell' : 'buy'
      const request = { ...params, reduceOnly: true }
      return await this.createOrder(symbol, 'market', closing, info.contracts, undefined, request)
    }

    /** Pays out to the wallet's own address with one of the next settlement batches. */
    override async withdraw(
      code: string,
      amount: number,
      address: string,
      _tag?: Str,
      params: Raw = {},
    ): Promise<Transaction> {
      await this.loadMarkets()
      if (address.toLowerCase() !== this.walletAddress.toLowerCase())
        throw new ccxt.InvalidAddress(`${this.id} pays to the wallet's own address only`)
      const currency = this.currency(code)
      const text = plain(this.currencyToPrecision(code, amount) ?? '')
      const reply = await this.plumbResult(this.plumbTraderOf(params).withdraw(text))
      return this.parseTransaction({ ...reply.withdrawal, plumbType: 'withdrawal' }, currency)
    }

    plumbTraderOf({ subaccount }: Raw): Trader {
      return this.plumbTrader(subaccount ?? Number(this.options['subaccount']))
    }

    /** An order of the unified API as the sdk's: canonical decimals, nothing of `params` ignored. */
    async plumbNewOrder(
      symbol: string,
      type: OrderType,
      side: OrderSide,
      amount: number,
      price: Num,
      params: Raw,
    ): Promise<NewOrder> {
      await this.loadMarkets()
      const unknown = Object.keys(params).find((name) => !this.plumbOrderParams().has(name))
      if (unknown !== undefined)
        throw new NotSupported(`${this.id} createOrder() does not support params.${unknown}`)
      if (side !== 'buy' && side !== 'sell')
        throw new BadRequest(`${this.id} createOrder() side is buy or sell`)
      const market = this.market(symbol)
      const isMarket = type === 'market'
      if (!isMarket && type !== 'limit')
        throw new InvalidOrder(`${this.id} createOrder() type is limit or market`)
      return this.plumbDefined({
        market: market.id,
        side,
        amount: this.plumbAmount(market, amount),
        price: isMarket
          ? await this.plumbMarketPrice(market, side, price, params)
          : this.plumbPrice(market, this.plumbRequired('createOrder', 'price', price), ROUND),
        ...this.plumbTimeInForce(isMarket, params),
        reduceOnly: params.reduceOnly,
        clientOrderId: params.clientOrderId,
        selfTradePrevention: params.selfTradePrevention,
        maxFee: params.maxFee,
        lifetimeS: this.plumbLifetime(params),
      })
    }

    plumbOrderParams(): ReadonlySet<string> {
      return OWN_PARAMS
    }

    /** Truncated to the step; nothing left is an InvalidOrder. */
    plumbAmount(market: Raw, amount: number | string): string {
      return plain(this.amountToPrecision(market['symbol'], amount) ?? '')
    }

    plumbPrice(market: Raw, price: number | string, rounding: number): string {
      const tick = market['precision'].price
      const text = this.decimalToPrecision(
        price,
        rounding,
        tick,
        this.precisionMode,
        this.paddingMode,
      )
      if (Precise.stringGt(text, '0')) return plain(text)
      throw new InvalidOrder(`${this.id} price ${price} is below the tick ${tick}`)
    }

    /** The worst price a market order may fill at: given, or `slippage` from the mark within the market's band. */
    async plumbMarketPrice(market: Raw, side: 'buy' | 'sell', price: Num, params: Raw) {
      if (price !== undefined) return this.plumbPrice(market, price, ROUND)
      const { mark, index } = (await this.fetchTicker(market['symbol'])).info
      const reference: string | null = mark ?? index
      if (reference === null)
        throw new InvalidOrder(`${this.id} ${market['symbol']} has no mark price: give a price`)
      const band = this.safeString(market['info'], 'priceBand', '1')
      const wanted = this.numberToString(params.slippage ?? this.options['slippage'])
      const slippage = Precise.stringMin(wanted, band)
      const factor =
        side === 'buy' ? Precise.stringAdd('1', slippage) : Precise.stringSub('1', slippage)
      // Inwards, so that rounding never leaves the band.
      const tick = market['info'].tickSize
      const worst = Precise.stringMul(reference, factor)
      const inside = this.decimalToPrecision(worst, TRUNCATE, Number(tick), this.precisionMode)
      const exact = Precise.stringEq(inside, worst) || side === 'buy'
      return plain((exact ? inside : Precise.stringAdd(inside, tick)) ?? '')
    }

    plumbTimeInForce(isMarket: boolean, params: Raw): Pick<NewOrder, 'timeInForce' | 'postOnly'> {
      const word = String(params.timeInForce ?? (isMarket ? 'IOC' : 'GTC')).toUpperCase()
      const postOnly = word === 'PO' || params.postOnly === true
      const timeInForce = word === 'PO' || word === 'GTD' || word === 'GTT' ? 'GTC' : word
      if (timeInForce !== 'GTC' && timeInForce !== 'IOC' && timeInForce !== 'FOK')
        throw new InvalidOrder(`${this.id} timeInForce is GTC, GTD, IOC, FOK or PO`)
      if (postOnly && timeInForce !== 'GTC')
        throw new InvalidOrder(`${this.id} a post-only order cannot be ${timeInForce}`)
      if (isMarket && (postOnly || timeInForce === 'GTC'))
        throw new InvalidOrder(`${this.id} a market order is IOC or FOK`)
      return { timeInForce, postOnly }
    }

    /** Seconds until the signature expires; matching ends at `goodTillDate`. */
    plumbLifetime({ lifetime, goodTillDate }: Raw): number {
      if (goodTillDate === undefined) return lifetime ?? this.options['orderLifetime']
      return Math.floor((goodTillDate - this.milliseconds()) / 1_000) + SETTLEMENT_LAG_S
    }

    /** An answer of the exchange as an order with its fills; `type` where the exchange does not tell. */
    plumbReply({ order, fills }: OrderReply, type?: OrderType): Order {
      const raw = { ...order, ...(type === undefined ? {} : { type }), fills }
      return this.parseOrder(raw)
    }

    plumbFailed(id: string | undefined, error: unknown): Order {
      const message = error instanceof Error ? error.message : String(error)
      const name = error instanceof Error ? error.constructor.name : 'Error'
      return this.safeOrder({ id, info: { error: message, name } })
    }
  }
}

/** Canonical decimal text: no trailing zeros, no sign of zero. */
function plain(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text
}
