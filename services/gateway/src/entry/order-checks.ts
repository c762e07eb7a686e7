//! What can be refused without the engine: everything that only needs the request and what never changes.
import {
  limits,
  notionalQuote,
  orderFlags,
  type SelfTradePrevention,
  selfTradePrevention,
  side,
  timeInForce,
} from '@plumb/model'
import {
  type OrderRequest,
  PlumbError,
  quoteToText,
  textToQuote,
  textToUnits,
  timeInForceOfWord,
  unitsToText,
} from '@plumb/protocol'
import { checkKeyOrder, requireKey } from '../guard/key-holder.ts'
import type { AccountView } from '../view/account-view.ts'
import type { ExchangeView } from '../view/exchange-view.ts'
import type { MarketView } from '../view/market-view.ts'

const MS = 1_000
const selfTradeWords: Record<
  NonNullable<OrderRequest['selfTradePrevention']>,
  SelfTradePrevention
> = {
  cancel_taker: selfTradePrevention.cancelTaker,
  cancel_maker: selfTradePrevention.cancelMaker,
  cancel_both: selfTradePrevention.cancelBoth,
}

/** An order that passed the door; its signature is still to be checked. */
export type AdmittedOrder = {
  account: AccountView
  market: MarketView
  priceTicks: number
  sizeLots: number
  flags: number
  selfTrade: SelfTradePrevention
}

/** Throws PlumbError with the field and the limit. */
export function admitOrder(view: ExchangeView, order: OrderRequest, nowMs: number): AdmittedOrder {
  const market = marketOf(view, order.market)
  checkLane(order.lane)
  checkExpiry(view, order.expiry, nowMs)
  const tif = timeInForceOfWord(order.timeInForce)
  if (order.postOnly && tif !== timeInForce.gtc)
    throw new PlumbError('BAD_REQUEST', {
      field: 'postOnly',
      message: `postOnly: an order that must rest cannot be ${order.timeInForce}`,
    })
  if (order.type === 'market' && tif !== timeInForce.ioc)
    throw new PlumbError('BAD_REQUEST', {
      field: 'timeInForce',
      message: `timeInForce: a market order is IOC, not ${order.timeInForce}`,
    })
  checkFee(market, order)
  const priceTicks = checkPrice(market, order.price)
  const sizeLots = checkSize(market, order.amount, priceTicks)
  const account = fundedAccount(view, order.account, order.subaccount)
  const { postOnly, reduceOnly, subaccount, expiry: expiryS, signer } = order
  if (signer !== undefined) {
    const key = requireKey(view, order.account, signer, nowMs)
    checkKeyOrder(key, { market, subaccount, priceTicks, sizeLots, expiryS })
  }
  return {
    account,
    market,
    priceTicks,
    sizeLots,
    flags: orderFlags({
      timeInForce: tif,
      postOnly,
      reduceOnly,
      sessionKey: signer !== undefined,
    }),
    selfTrade: selfTradeWords[order.selfTradePrevention ?? 'cancel_taker'],
  }
}

/** The market of a symbol, or UNKNOWN_MARKET. */
export function marketOf(view: ExchangeView, symbol: string): MarketView {
  const market = view.marketsBySymbol.get(symbol)
  if (market === undefined) throw new PlumbError('UNKNOWN_MARKET', { field: 'market' })
  return market
}

/** The account of an owner that has ever held money, or UNKNOWN_ACCOUNT. */
export function fundedAccount(
  view: ExchangeView,
  address: string,
  subaccount: number,
): AccountView {
  const account = view.account(address, subaccount)
  if (account?.funded !== true) throw new PlumbError('UNKNOWN_ACCOUNT', { field: 'account' })
  return account
}

export function checkLane(lane: number): void {
  const limit = limits.lanesPerAccountMax - 1
  if (lane > limit) throw new PlumbError('INVALID_LANE', { field: 'lane', limit })
}

/** The engine matches until expiry − L, so an order needs more than that. */
export function checkExpiry(view: ExchangeView, expiryS: number, nowMs: number): void {
  const least = Math.floor(nowMs / MS) + (view.genesis?.settlementLagS ?? 0)
  if (expiryS <= least) throw new PlumbError('SIGNATURE_EXPIRED', { field: 'expiry', limit: least })
}

/** Micro-USDC of an amount text, more than zero. */
export function checkAmount(text: string): number {
  const amount = textToQuote(text)
  if (typeof amount !== 'number' || amount === 0)
    throw new PlumbError('INVALID_STEP', { field: 'amount', limit: '0.000001' })
  return amount
}

/** The signature must cover the fee of the part it may play: a post-only order only makes. */
function checkFee({ definition }: MarketView, { postOnly, maxFee }: OrderRequest): void {
  const limit = postOnly ? definition.makerFee : definition.takerFee
  if (limit > maxFee) throw new PlumbError('FEE_ABOVE_MAX', { field: 'maxFee', limit })
}

function checkPrice({ definition }: MarketView, text: string): number {
  const ticks = textToUnits(text, definition.tickE8)
  const field = 'price'
  if (typeof ticks === 'number' && ticks > 0 && ticks <= limits.priceTicksMax) return ticks
  if (ticks === 'malformed') throw new PlumbError('BAD_REQUEST', { field })
  const limit = unitsToText(
    ticks === 'not_multiple' || ticks === 0 ? 1 : limits.priceTicksMax,
    definition.tickE8,
  )
  throw new PlumbError('INVALID_TICK', { field, limit })
}

function checkSize({ definition }: MarketView, text: string, priceTicks: number): number {
  const field = 'amount'
  const lots = textToUnits(text, definition.lotE8)
  const inLots = (limit: number) => unitsToText(limit, definition.lotE8)
  if (lots === 'malformed') throw new PlumbError('BAD_REQUEST', { field })
  if (lots === 'not_multiple' || lots === 0)
    throw new PlumbError('INVALID_STEP', { field, limit: inLots(1) })
  if (lots === 'too_large' || lots > definition.maxOrderLots)
    throw new PlumbError('MAX_SIZE', { field, limit: inLots(definition.maxOrderLots) })
  if (lots < definition.minOrderLots)
    throw new PlumbError('INVALID_STEP', { field, limit: inLots(definition.minOrderLots) })
  const notional = notionalQuote(priceTicks, lots, definition.quotePerTickLot)
  if (notional > limits.notionalQuoteMax)
    throw new PlumbError('MAX_NOTIONAL', { field, limit: quoteToText(limits.notionalQuoteMax) })
  if (notional < definition.minNotionalQuote)
    throw new PlumbError('MIN_NOTIONAL', {
      field,
      limit: quoteToText(definition.minNotionalQuote),
    })
  return lots
}

/** The engine's number of an order id text; a text that cannot be one names no order. */
export function orderIdOf(text: string): number {
  const id = /^[1-9]\d{0,15}$/.test(text) ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(id)) throw new PlumbError('ORDER_NOT_FOUND', { field: 'id' })
  return id
}

/** Public words of a side filter as the engine wants it. */
export function sideFilter(word: 'buy' | 'sell' | undefined): 0 | 1 | -1 {
  if (word === undefined) return -1
  return word === 'buy' ? side.buy : side.sell
}
