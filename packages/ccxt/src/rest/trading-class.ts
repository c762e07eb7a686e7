//! Orders, cancels and withdrawals of the unified API: signed by the sdk, sent over ccxt's transport.
import {
  type CancelFilter,
  type NewOrder,
  type OrderReply,
  PlumbError,
  type Trader,
} from '@plumb/sdk'
import type { Num, Order, OrderRequest, OrderSide, OrderType, Str, Transaction } from 'ccxt'
import { plain } from '../canonical-decimal.ts'
import type { Ccxt, ClassOf, Raw } from '../ccxt-module.ts'
import type { PlumbOrders } from './order-class.ts'

/** With orders, cancels and withdrawals. */
export interface PlumbTrading extends PlumbOrders {
  /** The trader of `params.subaccount`, or of the options'. */
  plumbTraderOf(params: Raw): Trader
}

export function tradingClass(ccxt: Ccxt, Base: ClassOf<PlumbOrders>): ClassOf<PlumbTrading> {
  const { Precise, InvalidOrder } = ccxt
  return class WithTrading extends Base {
    /**
     * A limit or market order (IOC within `slippage` of the mark), at once or at a trigger. `params`: clientOrderId,
     * timeInForce, postOnly, reduceOnly, triggerPrice, triggerDirection, triggerPriceType, stopLossPrice,
     * takeProfitPrice, trailingAmount, trailingPercent, stopLoss and takeProfit (attached), selfTradePrevention, maxFee,
     * slippage, lifetime (s), goodTillDate (ms), subaccount, and our own style, offset, count, intervalS, displayAmount.
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
      const trader = this.plumbTraderOf(params)
      if (params.stopLoss === undefined && params.takeProfit === undefined)
        return this.plumbReply(await this.plumbResult(trader.place(order)))
      const exits = this.plumbDefined({
        stopLoss: await this.plumbExit(symbol, order, params.stopLoss),
        takeProfit: await this.plumbExit(symbol, order, params.takeProfit),
      })
      const { entry } = await this.plumbResult(trader.bracket({ entry: order, ...exits }))
      return this.plumbReply(entry)
    }

    /** An attached exit `{triggerPrice, price?, type?}`: armed by the entry's fills, as far as they go. */
    async plumbExit(symbol: string, { side, amount }: NewOrder, exit: Raw): Promise<Raw> {
      if (exit === undefined) return undefined
      const type = exit.type ?? (exit.price === undefined ? 'market' : 'limit')
      const trigger = { triggerPrice: exit.triggerPrice ?? exit.stopPrice }
      const closing = side === 'buy' ? 'sell' : 'buy'
      const made = await this.plumbNewOrder(
        symbol,
        type,
        closing,
        Number(amount),
        exit.price,
        this.plumbDefined({ ...trigger, triggerPriceType: exit.triggerPriceType }),
      )
      const { price, triggerPrice, triggerBy, timeInForce } = made
      return this.plumbDefined({ price, triggerPrice, triggerBy, timeInForce, type: made.type })
    }

    /** Up to 50 orders in one request, each with its own outcome: one that is refused has no status, its error in `info`. */
    override async createOrders(orders: OrderRequest[], params: Raw = {}): Promise<Order[]> {
      const made = await Promise.all(
        orders.map(({ symbol, type, side, amount, price, params: own }) =>
          this.plumbNewOrder(symbol, type, side, amount ?? 0, price, { ...params, ...own }),
        ),
      )
      const replies = await this.plumbResult(this.plumbTraderOf(params).placeAll(made))
      return replies.map((reply) => this.plumbOutcome(undefined, reply))
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
        price: price === undefined ? undefined : this.plumbPrice(market, price),
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

    /** In one request; an order that was gone has no status, its error in `info`. */
    override async cancelOrders(ids: string[], _symbol?: Str, params: Raw = {}): Promise<Order[]> {
      await this.loadMarkets()
      const named = ids.map((orderId) => ({ orderId }))
      const replies = await this.plumbResult(this.plumbTraderOf(params).cancelMany(named))
      return replies.map((reply, i) => this.plumbOutcome(ids[i], reply))
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

    /** An answer of the exchange as an order with its fills. */
    plumbReply({ order, fills }: OrderReply): Order {
      return this.parseOrder({ ...order, fills })
    }

    plumbOutcome(id: string | undefined, reply: OrderReply | PlumbError): Order {
      if (!(reply instanceof PlumbError)) return this.plumbReply(reply)
      const { code, message } = reply
      return this.safeOrder({ id, info: { error: { code, message } } })
    }
  }
}
