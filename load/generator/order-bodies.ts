//! Signed orders made before the clock starts: every body distinct, every lane used once.
import type { Client, OrderRequest } from '@plumb/sdk'
import { signOrder, textToUnits, unitsToText } from '@plumb/sdk'
import type { LoadAccount } from './load-accounts.ts'
import { say } from './progress.ts'

export type BodyPlan = {
  market: string
  count: number
  /** Orders that take instead of resting, percent. */
  fillPercent: number
  /** Micro-USDC an order. */
  notionalQuote?: number
  /** After which orders their account cancels all it has: its lanes are free again then. */
  sweepsAfter?: (i: number) => boolean
}

export type OrderMaker = (plan: BodyPlan) => Promise<OrderRequest[]>

const LIFETIME_S = 86_400
/** Rests this far from the index at least, and at most. */
const NEAR = 0.002
const FAR = 0.03
const SAY_EVERY = 50_000

/** Bids below and asks above the index, and a few that take, spread over the accounts. */
export async function makeOrders(
  client: Client,
  accounts: readonly LoadAccount[],
  { market, count, fillPercent, notionalQuote = 60_000_000, sweepsAfter = () => false }: BodyPlan,
): Promise<OrderRequest[]> {
  const { index: marketIndex, tickSize, stepSize, takerFeeUnits } = await client.market(market)
  const { index, mark } = await client.ticker(market)
  const price = index ?? mark
  if (price === null) throw new Error(`${market} has no price`)
  const domain = await client.domain()
  const tickE8 = units(tickSize, 1)
  const lotE8 = units(stepSize, 1)
  const middleTicks = units(price, tickE8)
  const lots = Math.max(1, Math.round((notionalQuote / 1e6 / Number(price)) * (1e8 / lotE8)))
  const expiry = Math.floor(Date.now() / 1_000) + LIFETIME_S
  const orders: OrderRequest[] = []
  const held: number[][] = accounts.map(() => [])
  if (count > SAY_EVERY) say(`signing ${count} orders …`)
  const takesEvery = Math.round(100 / Math.max(fillPercent, Number.EPSILON))
  for (let i = 0; i < count; i++) {
    const number = i % accounts.length
    const round = Math.floor(i / accounts.length)
    const { signer, lanes } = accounts[number]!
    const slot = lanes.take()
    if (slot === undefined) throw new Error('more orders than the accounts have lanes')
    const takes = fillPercent > 0 && i % takesEvery === 1
    const side = (round + number) % 2 === 0 ? 'buy' : 'sell'
    const away = takes ? -FAR : NEAR + (FAR - NEAR) * Math.random()
    const ticks = Math.round(middleTicks * (side === 'buy' ? 1 - away : 1 + away))
    orders.push(
      await signOrder(signer, domain, marketIndex, {
        account: signer.address,
        subaccount: 0,
        market,
        side,
        type: 'limit',
        price: unitsToText(ticks, tickE8),
        amount: unitsToText(lots, lotE8),
        timeInForce: takes ? 'IOC' : 'GTC',
        postOnly: false,
        reduceOnly: false,
        maxFee: takerFeeUnits,
        selfTradePrevention: 'cancel_maker',
        ...slot,
        expiry,
      }),
    )
    held[number]!.push(slot.lane)
    if (sweepsAfter(i)) for (const lane of held[number]!.splice(0)) lanes.release(lane)
  }
  return orders
}

function units(text: string, unitE8: number): number {
  const found = textToUnits(text, unitE8)
  if (typeof found === 'number') return found
  throw new Error(`${text} is ${found}`)
}
