//! Traders that place, cancel and trade as fast as they are answered, and remember every answer.
import { setTimeout as sleep } from 'node:timers/promises'
import { createDigestSigner } from '@plumb/chain'
import {
  type Client,
  createClient,
  createWallet,
  NotFillableError,
  OrderNotFoundError,
  type Stream,
  type Trader,
  type Wallet,
} from '@plumb/sdk'

type Reply = Awaited<ReturnType<Trader['place']>>
type Order = Reply['order']
type Fill = Reply['fills'][number]

/** What the exchange has promised one trader. */
export type Promised = {
  /** The last acknowledged form of each order. */
  orders: Map<string, Order>
  fills: Map<string, Fill>
  /** Credited deposits, micro-USDC by id. */
  deposits: Map<string, string>
}

export type Hand = { name: string; key: string; promised: Promised; answered: number }

export const newHand = (name: string, key: string): Hand => ({
  name,
  key,
  promised: { orders: new Map(), fills: new Map(), deposits: new Map() },
  answered: 0,
})

/** One trader at work on a running exchange. */
export type Desk = { hand: Hand; trader: Trader; wallet: Wallet; close(): void }

export const market = 'BTC-PERP'

export const openDesk = async (
  gatewayUrl: string,
  hand: Hand,
): Promise<Desk & { client: Client; stream: Stream }> => {
  const client = createClient({ baseUrl: gatewayUrl })
  const { rpcUrl, contract, token } = await client.devnet()
  const stream = client.stream()
  await stream.ready()
  const trader = client.trader(createDigestSigner(hand.key))
  const wallet = createWallet({ rpcUrl, contract, token, signer: hand.key })
  return {
    hand,
    client,
    stream,
    trader,
    wallet,
    close: () => {
      stream.close()
      wallet.close()
    },
  }
}

/** Remembers an answer. */
export const keep = (hand: Hand, { order, fills }: Pick<Reply, 'order' | 'fills'>): void => {
  hand.answered += 1
  hand.promised.orders.set(order.id, order)
  for (const fill of fills) hand.promised.fills.set(fill.id, fill)
}

const pick = <T>(items: readonly T[], random: () => number): T | undefined =>
  items[Math.floor(random() * items.length)]

/** Expected refusals leave nothing behind; everything else ends the worker (the connection is gone). */
const isRefusal = (error: unknown) =>
  error instanceof NotFillableError ||
  error instanceof OrderNotFoundError ||
  (error instanceof Error &&
    'code' in error &&
    /^(NOT_FILLABLE|ORDER_NOT_FOUND|SELF_TRADE|POST_ONLY_WOULD_CROSS|RATE_LIMITED|LANE_BUSY|PRICE_BAND|NO_MARK_PRICE)$/.test(
      String(error.code),
    ))

const step = async (
  { hand, trader }: Desk,
  middle: number,
  random: () => number,
): Promise<void> => {
  const open = [...hand.promised.orders.values()].filter(({ status }) => status === 'open')
  if (open.length > 25 || (open.length > 0 && random() < 0.3)) {
    const order = pick(open, random)
    if (order === undefined) return
    try {
      keep(hand, await trader.cancel({ orderId: order.id }))
    } catch (error) {
      if (!isRefusal(error)) throw error
      // Filled or cancelled by now: the next reading tells.
      hand.promised.orders.set(order.id, await trader.read.order(order.id))
    }
    return
  }
  const side = random() < 0.5 ? 'buy' : 'sell'
  const ticks = Math.round(middle * 10 + (random() - 0.5) * 400)
  keep(
    hand,
    await trader.place({
      market,
      side,
      price: String(ticks / 10),
      amount: String((1 + Math.floor(random() * 50)) / 10_000),
      timeInForce: random() < 0.2 ? 'IOC' : 'GTC',
      lifetimeS: 24 * 3_600,
    }),
  )
}

/** How a trader works; `inFlight` requests at a time. */
export type WorkOptions = {
  middle: number
  random: () => number
  inFlight: number
  signal: AbortSignal
  /** Pause between two requests, default none. */
  pauseMs?: number
  /** Go on when a service goes away, until `signal` aborts. */
  persistent?: boolean
}

/** Works until the exchange goes away or `signal` aborts. */
export const work = async (desk: Desk, options: WorkOptions): Promise<void> => {
  const { middle, random, inFlight, signal, pauseMs = 0, persistent = false } = options
  const worker = async () => {
    while (!signal.aborted)
      try {
        await step(desk, middle, random)
        if (pauseMs > 0) await sleep(pauseMs)
      } catch (error) {
        if (isRefusal(error)) continue
        if (!persistent) return
        await sleep(50)
      }
  }
  await Promise.all(Array.from({ length: inFlight }, worker))
}

/** Everything of a list, page by page. */
export const allOf = async <T>(
  page: (query: {
    limit: number
    since?: number
    cursor?: string
  }) => Promise<{ items: T[]; nextCursor: string | null }>,
): Promise<T[]> => {
  const items: T[] = []
  let cursor: string | undefined
  for (;;) {
    const got = await page({ limit: 500, since: 0, ...(cursor === undefined ? {} : { cursor }) })
    items.push(...got.items)
    if (got.nextCursor === null) return items
    cursor = got.nextCursor
  }
}
