//! An order of the unified API as one of ours: canonical decimals, kinds and triggers, and nothing of `params` ignored.
import type { NewOrder } from '@plumb/sdk'
import type { Num, OrderSide, OrderType } from 'ccxt'
import { plain } from '../canonical-decimal.ts'
import type { Ccxt, ClassOf, Raw } from '../ccxt-module.ts'
import type { PlumbAccount } from './account-class.ts'
import { unifiedWords } from './binance-words.ts'

/** With the making of orders. */
export interface PlumbOrders extends PlumbAccount {
  /** @throws NotSupported for a parameter that the exchange would not honour, InvalidOrder, ArgumentsRequired */
  plumbNewOrder(
    symbol: string,
    type: OrderType,
    side: OrderSide,
    amount: number,
    price: Num,
    params: Raw,
  ): Promise<NewOrder>
  /** Truncated to the step; nothing left is an InvalidOrder. */
  plumbAmount(market: Raw, amount: number | string): string
  /** Rounded to the tick. */
  plumbPrice(market: Raw, price: number | string): string
}

/** What an order may carry in `params`: ccxt's words, and those of our own styles. */
const orderParams: ReadonlySet<string> = new Set([
  ...'clientOrderId timeInForce postOnly reduceOnly selfTradePrevention maxFee'.split(' '),
  ...'subaccount lifetime slippage goodTillDate'.split(' '),
  ...'triggerPrice stopPrice stopLossPrice takeProfitPrice triggerDirection'.split(' '),
  ...'triggerPriceType trailingAmount trailingPercent stopLoss takeProfit'.split(' '),
  ...'style offset count intervalS displayAmount'.split(' '),
])
/** The exchange matches until so long before a signature expires. */
const SETTLEMENT_LAG_S = 600
/** ccxt's words, and the older ones for the same. */
const DIRECTIONS: Record<string, 'above' | 'below'> = {
  ascending: 'above',
  above: 'above',
  descending: 'below',
  below: 'below',
}

type Trigger = Pick<NewOrder, 'triggerKind' | 'triggerPrice' | 'triggerBy'>

export function orderClass(ccxt: Ccxt, Base: ClassOf<PlumbAccount>): ClassOf<PlumbOrders> {
  const { Precise, InvalidOrder, NotSupported, BadRequest, ROUND, TRUNCATE } = ccxt
  return class WithOrders extends Base {
    async plumbNewOrder(
      symbol: string,
      askedType: OrderType,
      side: OrderSide,
      amount: number,
      price: Num,
      given: Raw,
    ): Promise<NewOrder> {
      await this.loadMarkets()
      const { type, params } = unifiedWords(askedType, given)
      const unknown = Object.keys(params).find((name) => !orderParams.has(name))
      if (unknown !== undefined)
        throw new NotSupported(`${this.id} createOrder() does not support params.${unknown}`)
      if (side !== 'buy' && side !== 'sell')
        throw new BadRequest(`${this.id} createOrder() side is buy or sell`)
      if (type !== 'market' && type !== 'limit')
        throw new InvalidOrder(`${this.id} createOrder() type is limit or market`)
      const market = this.market(symbol)
      const trigger = this.plumbTrigger(market, side, params)
      const style = await this.plumbStyle(market, params)
      const closes = params.stopLossPrice !== undefined || params.takeProfitPrice !== undefined
      return this.plumbDefined({
        market: market.id,
        side,
        amount: this.plumbAmount(market, amount),
        price: await this.plumbLimit(market, type, side, price, {
          ...params,
          ...trigger,
          ...style,
        }),
        // A trailing order is a plain one once it is triggered; market is then the immediate one.
        type: type === 'market' && style.style === undefined ? 'market' : undefined,
        ...this.plumbTimeInForce(type === 'market', params),
        ...trigger,
        ...style,
        reduceOnly: params.reduceOnly ?? (closes ? true : undefined),
        clientOrderId: params.clientOrderId,
        selfTradePrevention: params.selfTradePrevention,
        maxFee: params.maxFee,
        lifetimeS: this.plumbLifetime(params),
      })
    }

    plumbAmount(market: Raw, amount: number | string): string {
      return plain(this.amountToPrecision(market['symbol'], amount) ?? '')
    }

    plumbPrice(market: Raw, price: number | string): string {
      const tick = market['precision'].price
      const text = this.decimalToPrecision(price, ROUND, tick, this.precisionMode, this.paddingMode)
      if (Precise.stringGt(text, '0')) return plain(text)
      throw new InvalidOrder(`${this.id} price ${price} is below the tick ${tick}`)
    }

    /** A stop or take-profit. `triggerPrice` alone is a stop: reached from below by a buy, from above by a sell. */
    plumbTrigger(market: Raw, side: 'buy' | 'sell', params: Raw): Trigger {
      const { stopLossPrice, takeProfitPrice, triggerDirection } = params
      const price = stopLossPrice ?? takeProfitPrice ?? params.triggerPrice ?? params.stopPrice
      if (price === undefined) return {}
      const direction = DIRECTIONS[triggerDirection]
      if (triggerDirection !== undefined && direction === undefined)
        throw new InvalidOrder(`${this.id} triggerDirection is ascending or descending`)
      const isStop =
        takeProfitPrice === undefined &&
        (direction === undefined || (direction === 'above') === (side === 'buy'))
      const triggerBy = params.triggerPriceType
      return this.plumbDefined({
        triggerKind: isStop ? 'stop' : 'take_profit',
        triggerPrice: this.plumbPrice(market, price),
        triggerBy,
      })
    }

    /** Trailing by amount or percent of the mark; our other styles pass by their own words. */
    async plumbStyle(market: Raw, params: Raw): Promise<Partial<NewOrder>> {
      const { trailingAmount, trailingPercent, style, offset, count, intervalS } = params
      const { displayAmount } = params
      if (trailingAmount === undefined && trailingPercent === undefined)
        return this.plumbDefined({
          style,
          offset: offset === undefined ? undefined : plain(this.numberToString(offset) ?? ''),
          count,
          intervalS,
          displayAmount: displayAmount && this.plumbAmount(market, displayAmount),
        })
      const part = Precise.stringDiv(this.numberToString(trailingPercent ?? 0) ?? '0', '100') ?? '0'
      const distance =
        trailingAmount ?? Precise.stringMul(await this.plumbReference(market), part) ?? '0'
      return { style: 'trailing', offset: this.plumbPrice(market, distance) }
    }

    /** The signed limit: given, or how far a market order may go. */
    async plumbLimit(
      market: Raw,
      type: 'limit' | 'market',
      side: 'buy' | 'sell',
      price: Num,
      params: Raw,
    ): Promise<string> {
      if (price !== undefined) return this.plumbPrice(market, price)
      if (type === 'limit') this.plumbRequired('createOrder', 'price', price)
      const { triggerPrice, style, offset } = params
      const reference: string = triggerPrice ?? (await this.plumbReference(market))
      const wanted = this.numberToString(params.slippage ?? this.options['slippage'])
      // A waiting order meets the band of its day; one that goes at once must stay within today's.
      const waits = triggerPrice !== undefined || style === 'trailing'
      const band = waits ? '1' : this.safeString(market['info'], 'priceBand', '1')
      const part = Precise.stringMul(reference, Precise.stringMin(wanted, band)) ?? '0'
      const reach = (style === 'trailing' ? Precise.stringAdd(part, offset) : part) ?? '0'
      return this.plumbInwards(market, side, reference, reach)
    }

    /** reference ± reach, rounded towards the reference, so that rounding never leaves the band. */
    plumbInwards(market: Raw, side: 'buy' | 'sell', reference: string, reach: string): string {
      const tick = market['info'].tickSize
      const isBuy = side === 'buy'
      const exact =
        (isBuy ? Precise.stringAdd(reference, reach) : Precise.stringSub(reference, reach)) ?? '0'
      const worst = Precise.stringMax(exact, tick) ?? tick
      const inside = this.decimalToPrecision(worst, TRUNCATE, Number(tick), this.precisionMode)
      if (isBuy || Precise.stringEq(inside, worst)) return plain(inside)
      return plain(Precise.stringAdd(inside, tick) ?? inside)
    }

    /** The mark, or the index before there is one. @throws InvalidOrder without either */
    async plumbReference(market: Raw): Promise<string> {
      const { mark, index } = (await this.fetchTicker(market['symbol'])).info
      const reference: string | null = mark ?? index
      if (reference !== null) return reference
      throw new InvalidOrder(`${this.id} ${market['symbol']} has no mark price: give a price`)
    }

    plumbTimeInForce(isMarket: boolean, params: Raw): Pick<NewOrder, 'timeInForce' | 'postOnly'> {
      const { style } = params
      const usual = isMarket || style === 'twap' ? 'IOC' : 'GTC'
      const word = String(params.timeInForce ?? usual).toUpperCase()
      const postOnly = word === 'PO' || (params.postOnly ?? (style === 'slide' || style === 'peg'))
      const timeInForce = word === 'PO' || word === 'GTD' || word === 'GTT' ? 'GTC' : word
      if (timeInForce !== 'GTC' && timeInForce !== 'IOC' && timeInForce !== 'FOK')
        throw new InvalidOrder(`${this.id} timeInForce is GTC, GTD, IOC, FOK or PO`)
      if (postOnly && timeInForce !== 'GTC')
        throw new InvalidOrder(`${this.id} a post-only order cannot be ${timeInForce}`)
      if (isMarket && timeInForce !== 'IOC')
        throw new InvalidOrder(`${this.id} a market order is IOC`)
      return { timeInForce, postOnly }
    }

    /** Seconds until the signature expires; matching ends at `goodTillDate`. */
    plumbLifetime({ lifetime, goodTillDate }: Raw): number {
      if (goodTillDate === undefined) return lifetime ?? this.options['orderLifetime']
      return Math.floor((goodTillDate - this.milliseconds()) / 1_000) + SETTLEMENT_LAG_S
    }
  }
}
