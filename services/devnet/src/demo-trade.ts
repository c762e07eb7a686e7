//! Two signed limit orders that meet: one rests over REST, the other takes over the WebSocket.
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Fill,
  type OrderReply,
  PostOnlyWouldCrossError,
  textToUnits,
  unitsToText,
} from '@plumb/sdk'
import type { Actor } from './demo-actor.ts'
import type { Exchange } from './trade-connection.ts'
import { step } from './trade-terminal.ts'
import { until } from './trade-transfers.ts'

const ATTEMPTS_MAX = 20

/** What happened: both sides of one trade. */
export type DemoTrade = { maker: OrderReply; taker: OrderReply; makerFill: Fill; takerFill: Fill }

/**
 * Rests the seller's order inside the spread and lets the buyer take it. Other traders quote too: if one of them was
 * in between, it is tried again at the new price.
 */
export async function meet(
  { client }: Exchange,
  market: string,
  amount: string,
  seller: Actor,
  buyer: Actor,
): Promise<DemoTrade> {
  await buyer.trader.use(buyer.stream)
  for (let attempt = 1; ; attempt++) {
    const price = await priceInside(client, market)
    const resting = await rest(seller, market, price, amount)
    if (resting !== undefined) {
      const order = { market, side: 'buy', price, amount } as const
      const taker = await buyer.trader.place(order)
      const [takerFill] = taker.fills
      const makerFill = takerFill && (await heardFill(seller, takerFill.tradeId))
      if (takerFill !== undefined && makerFill?.orderId === resting.order.id) {
        const maker = resting
        report(maker, taker, price, amount, market, seller, buyer)
        return { maker, taker, makerFill, takerFill }
      }
      await seller.trader.cancelAll()
      await buyer.trader.cancelAll()
    }
    if (attempt === ATTEMPTS_MAX)
      throw new Error(`others were faster ${attempt} times on ${market}`)
  }
}

/** After a stop of more than half a minute markets come back in steps, in about a minute. */
const REOPENING_MS = 420_000
const LOOK_MS = 1_000

/** Waits while a market reopens, and says so once for each reason; whatever it is after that, an order will meet. */
export async function untilOpen({ client }: Exchange, market: string): Promise<void> {
  const end = Date.now() + REOPENING_MS
  for (let told = ''; Date.now() < end; await sleep(LOOK_MS)) {
    const { markets } = await client.status()
    const now = markets.find((one) => one.market === market)
    if (now === undefined || now.reason === null || now.state === 'settled') return
    if (now.reason !== told) step('wait', 'waiting', `${market}: ${now.reason}`)
    told = now.reason
  }
}

async function rest(seller: Actor, market: string, price: string, amount: string) {
  try {
    const order = { market, side: 'sell', price, amount, postOnly: true } as const
    return await seller.trader.place(order)
  } catch (error) {
    if (error instanceof PostOnlyWouldCrossError) return undefined
    throw error
  }
}

/** A price between the best bid and ask, or the index where one of them is missing. */
async function priceInside(client: Exchange['client'], market: string): Promise<string> {
  const { tickSize } = await client.market(market)
  const tickE8 = units(tickSize, 1)
  const { bid, ask, index } = await until('A price', async () => {
    const ticker = await client.ticker(market)
    return ticker.index === null ? undefined : ticker
  })
  if (bid === null || ask === null) return index ?? '1'
  return unitsToText(Math.floor((units(bid, tickE8) + units(ask, tickE8)) / 2) + 1, tickE8)
}

/** The actor's own side of a trade, as its stream tells it. */
export async function heardFill(actor: Actor, tradeId: string): Promise<Fill> {
  return await until(
    `The fill event of ${actor.name}`,
    () =>
      Promise.resolve(
        actor.heard.flatMap(({ fills }) => fills).find((fill) => fill.tradeId === tradeId),
      ),
    20,
  )
}

function report(
  maker: OrderReply,
  taker: OrderReply,
  price: string,
  amount: string,
  market: string,
  seller: Actor,
  buyer: Actor,
): void {
  const what = `${amount} ${market} at ${price}`
  step(
    'done',
    'order',
    `${seller.name} sells ${what} over REST: order ${maker.order.id}, seq ${maker.seq}`,
  )
  step(
    'done',
    'order',
    `${buyer.name} buys ${what} over WebSocket: order ${taker.order.id}, seq ${taker.seq}`,
  )
}

function units(text: string, unitE8: number): number {
  const found = textToUnits(text, unitE8)
  if (typeof found === 'number') return found
  throw new Error(`${text} is ${found}`)
}
