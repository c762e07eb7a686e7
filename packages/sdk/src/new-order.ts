//! An order in a trader's words, and the request it becomes.
import type { MarketObject, OrderObject, OrderRequest } from '@plumb/protocol'
import { integerToText, textToE8 } from '@plumb/protocol'

const PPM = 1_000_000n
const E8_DIGITS = 8
/** How far beyond the mark a market order without a price is signed. */
const DEFAULT_REACH = '0.05'

/** An order by where it stands in its account. */
export type OrderLink = Pick<OrderObject, 'lane' | 'laneSeq'>

/**
 * An order of any kind. Prices and amounts are canonical decimal text. What the contract does not prove of a kind (packages
 * README, "The engine") happens within the signed limit.
 *
 * @example
 * { market: 'BTC-PERP', side: 'buy', price: '60000', amount: '0.1' } // limit
 * { market: 'BTC-PERP', side: 'sell', type: 'market', amount: '0.1', slippage: '0.005' }
 * { market: 'BTC-PERP', side: 'sell', price: '55000', amount: '0.1', triggerKind: 'stop', triggerPrice: '56000', reduceOnly: true }
 * { market: 'BTC-PERP', side: 'buy', price: '60000', amount: '1', style: 'iceberg', displayAmount: '0.1' }
 */
export type NewOrder = {
  market: string
  side: 'buy' | 'sell'
  /** `limit` by default; a market order is IOC and needs no price. */
  type?: 'limit' | 'market'
  /** The signed limit. A market order without one is signed 5 % beyond the mark. */
  price?: string
  amount: string
  /** GTC by default; IOC for market orders and TWAP. */
  timeInForce?: 'GTC' | 'IOC' | 'FOK'
  /** True by default for the styles that must rest: slide and peg. */
  postOnly?: boolean
  reduceOnly?: boolean
  /** Highest fee accepted in units of 10 ppm; the market's taker fee by default. */
  maxFee?: number
  /**
   * Seconds the signature is good for, 24 h by default. The exchange matches until 600 s (its settlement lag) before
   * that: less than that is refused as SIGNATURE_EXPIRED.
   */
  lifetimeS?: number
  /** Your own id, at most 36 characters; lets you ask what became of an order whose answer was lost. */
  clientOrderId?: string
  selfTradePrevention?: 'cancel_taker' | 'cancel_maker' | 'cancel_both'
  style?: NonNullable<OrderRequest['style']>
  /** Stop or take-profit at `triggerPrice`; by mark (proven on-chain) unless `triggerBy` says otherwise. */
  triggerKind?: 'stop' | 'take_profit'
  triggerPrice?: string
  triggerBy?: 'mark' | 'index' | 'last'
  /** peg: from the index; trailing: from the best price; scale: between levels. */
  offset?: string
  /** twap: slices; scale: levels. */
  count?: number
  /** twap: seconds between slices. */
  intervalS?: number
  /** market, twap: furthest from the best price (twap: mark), as a rate. */
  slippage?: string
  /** iceberg: what shows at a time. */
  displayAmount?: string
  /** One cancels the other, lot by lot. */
  oco?: OrderLink
  /** This order is armed by the fills of that one. */
  parent?: OrderLink
}

/** Everything of the request that does not depend on account, lane and clock. */
export type OrderTerms = Omit<
  OrderRequest,
  'account' | 'subaccount' | 'lane' | 'seq' | 'expiry' | 'signature'
>

/** The request's terms with the defaults of its kind. `markOf` is asked for a market order without a price. */
export async function termsOf(
  order: NewOrder,
  market: MarketObject,
  markOf: () => Promise<string>,
): Promise<OrderTerms> {
  const { lifetimeS: _lifetime, oco, parent, price, ...rest } = order
  const type = order.type ?? 'limit'
  const isImmediate = type === 'market' || order.style === 'twap'
  const mustRest = order.style === 'slide' || order.style === 'peg'
  if (price === undefined && type !== 'market') throw new RangeError('a limit order needs a price')
  return {
    timeInForce: isImmediate ? 'IOC' : 'GTC',
    postOnly: mustRest,
    reduceOnly: false,
    maxFee: Math.max(market.takerFeeUnits, 0),
    ...rest,
    type,
    price: price ?? priceBeyond(await markOf(), DEFAULT_REACH, order.side, market.tickSize),
    ...(oco === undefined ? {} : { ocoLane: oco.lane, ocoSeq: oco.laneSeq }),
    ...(parent === undefined ? {} : { parentLane: parent.lane, parentSeq: parent.laneSeq }),
  }
}

/** `price` × (1 ± `reach`), on the tick, for a buy above and for a sell below: integers all the way. */
export function priceBeyond(
  price: string,
  reach: string,
  side: 'buy' | 'sell',
  tickSize: string,
): string {
  const tick = BigInt(textToE8(tickSize))
  const part = (BigInt(textToE8(price)) * (BigInt(textToE8(reach)) / 100n)) / PPM
  const wanted = BigInt(textToE8(price)) + (side === 'buy' ? part : -part)
  const ticks = side === 'buy' ? wanted / tick : (wanted + tick - 1n) / tick
  return integerToText((ticks > 1n ? ticks : 1n) * tick, E8_DIGITS)
}
