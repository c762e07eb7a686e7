//! Trades as the public sees them, and as the two fills their owners see.
import { type AccountId, type MarketId, type OrderId, type Side, side } from '@plumb/model'
import { and, eq, sql } from 'drizzle-orm'
import { orderById } from './list-orders.ts'
import type { Ledger } from './open-ledger.ts'
import { order, type Page, type PageQuery, pageOf, type Walk, walkOf, within } from './page.ts'
import { trades } from './schema.ts'

export type TradeRow = {
  seq: number
  leg: number
  tradeId: number
  timeMs: number
  market: MarketId
  priceTicks: number
  sizeLots: number
  quote: number
  takerSide: Side
  /** The taker was a liquidation. */
  liquidation: boolean
}

/** Trades of a market. @throws RangeError 'cursor' */
export async function listTrades(
  ledger: Ledger,
  query: PageQuery & { market: MarketId },
): Promise<Page<TradeRow>> {
  const walk = await walkOf(ledger, query)
  const rows = await ledger.db
    .select({
      seq: trades.seq,
      leg: trades.leg,
      tradeId: trades.tradeId,
      timeMs: trades.timeMs,
      market: trades.market,
      priceTicks: trades.priceTicks,
      sizeLots: trades.sizeLots,
      quote: trades.quote,
      takerSide: sql<Side>`${trades.takerSide}`,
      liquidation: sql<boolean>`${trades.kind} = 1`,
    })
    .from(trades)
    .where(and(eq(trades.market, query.market), within(walk, trades)))
    .orderBy(...order(walk, trades.seq, trades.leg))
    .limit(walk.limit)
  return pageOf(rows, walk, ({ seq, leg }) => [seq, leg])
}

/**
 * One side of a trade. Fees negative = rebate, `fee10ppm` in units of 10 ppm. `settlement`: matched, submitted (in a
 * batch that was sent), settled (confirmed in the transaction `txHash`).
 */
export type FillRow = {
  seq: number
  leg: number
  tradeId: number
  timeMs: number
  accountId: AccountId
  market: MarketId
  /** 0: none, the account was liquidated. */
  orderId: OrderId
  clientOrderId: string | null
  side: Side
  liquidity: 'taker' | 'maker'
  /** The trade was a liquidation's: of this account if it is the taker. */
  liquidation: boolean
  priceTicks: number
  sizeLots: number
  quote: number
  feeQuote: number
  fee10ppm: number
  realizedQuote: number
  settlement: 'matched' | 'submitted' | 'settled'
  txHash: Uint8Array | null
}

type FillQuery = PageQuery & {
  accountId: AccountId
  market?: MarketId | undefined
  orderId?: OrderId | undefined
}

/** Fills of an account, of one of its orders, in one market. @throws RangeError 'cursor' */
export async function listFills(ledger: Ledger, query: FillQuery): Promise<Page<FillRow>> {
  const walk = await walkOf(ledger, query)
  const { orderId } = query
  if (orderId !== undefined) {
    const known = await orderById(ledger, orderId)
    if (known === undefined || known.accountId !== query.accountId)
      return { items: [], nextCursor: null }
    walk.fromSeq = Math.max(walk.fromSeq, known.createdSeq)
    walk.toSeq = Math.min(walk.toSeq, known.updatedSeq)
  }
  const rows = await ledger.sql<FillRow[]>`
    WITH found AS (
      (${fillsOf(ledger, 'taker', query, walk)}) UNION ALL (${fillsOf(ledger, 'maker', query, walk)})
    ), page AS (
      SELECT * FROM found ORDER BY seq ${direction(ledger, walk)}, leg ${direction(ledger, walk)} LIMIT ${walk.limit}
    )
    SELECT page.*, o.client_order_id AS "clientOrderId", s.tx_hash AS "txHash",
      CASE WHEN s.tx_hash IS NOT NULL THEN 'settled'
           WHEN page.seq <= (SELECT max(to_seq) FROM batches WHERE status <> 'prepared') THEN 'submitted'
           ELSE 'matched' END AS settlement
    FROM page LEFT JOIN orders o ON o.order_id = page."orderId"
    LEFT JOIN LATERAL (SELECT tx_hash FROM settlements WHERE to_seq >= page.seq ORDER BY to_seq LIMIT 1) s ON true
    ORDER BY page.seq ${direction(ledger, walk)}, page.leg ${direction(ledger, walk)}`
  return pageOf([...rows], walk, ({ seq, leg }) => [seq, leg])
}

const direction = ({ sql: pg }: Ledger, { forward }: Walk) => (forward ? pg`ASC` : pg`DESC`)

/** The fills on one side of the market; at most a page of them, walked along (account, seq). */
function fillsOf({ sql: pg }: Ledger, role: 'taker' | 'maker', query: FillQuery, walk: Walk) {
  const { accountId, market, orderId } = query
  const column = (name: string) => pg(`${role}_${name}`)
  const own = role === 'taker' ? pg`taker_side` : pg`(${side.buy + side.sell} - taker_side)`
  const [seq, leg] = walk.after ?? [0, 0]
  const place = walk.forward
    ? pg`AND (seq, leg) > (${seq}::bigint, ${leg}::bigint)`
    : pg`AND (seq, leg) < (${seq}::bigint, ${leg}::bigint)`
  const to = walk.forward ? pg`ASC` : pg`DESC`
  return pg`
    SELECT seq, leg, trade_id AS "tradeId", time_ms AS "timeMs", ${column('account_id')} AS "accountId", market,
      ${column('order_id')} AS "orderId", ${own}::smallint AS side, ${role} AS liquidity,
      kind = 1 AS liquidation, price_ticks AS "priceTicks",
      size_lots AS "sizeLots", quote, ${column('fee_quote')} AS "feeQuote", ${column('fee')} AS fee10ppm,
      ${column('realized_quote')} AS "realizedQuote"
    FROM trades
    WHERE ${column('account_id')} = ${accountId} AND seq BETWEEN ${walk.fromSeq} AND ${walk.toSeq}
      ${market === undefined ? pg`` : pg`AND market = ${market}`}
      ${orderId === undefined ? pg`` : pg`AND ${column('order_id')} = ${orderId}`}
      ${walk.since === undefined ? pg`` : pg`AND time_ms >= ${walk.since}`}
      ${walk.until === undefined ? pg`` : pg`AND time_ms <= ${walk.until}`}
      ${walk.after === undefined ? pg`` : place}
    ORDER BY seq ${to}, leg ${to} LIMIT ${walk.limit}`
}
