//! Orders, open and past, as they stand.
import type {
  AccountId,
  CloseReason,
  MarketId,
  OrderId,
  OrderKind,
  OrderStyle,
  Side,
  TriggerKind,
  TriggerSource,
} from '@plumb/model'
import { and, desc, eq, inArray, ne, type SQL, sql } from 'drizzle-orm'
import { orderStatus } from './ledger-state.ts'
import type { Ledger } from './open-ledger.ts'
import { order, type Page, type PageQuery, pageOf, walkOf, within } from './page.ts'
import { openOrders, orderRefusals, orders, orderTerms } from './schema.ts'

/** `sizeLots` = filled + what was still wanted; `signer` 20 bytes; `flags` as signed. */
export type OrderRow = {
  orderId: OrderId
  accountId: AccountId
  market: MarketId
  clientOrderId: string | null
  side: Side
  flags: number
  orderKind: OrderKind
  priceTicks: number
  sizeLots: number
  filledLots: number
  remainingLots: number
  costQuote: number
  feeQuote: number
  maxFee: number
  lane: number
  laneSeq: number
  expiryS: number
  signer: Uint8Array
  status: 'open' | 'closed' | 'canceled'
  reason: CloseReason | null
  createdMs: number
  updatedMs: number
  lastTradeMs: number | null
  createdSeq: number
  updatedSeq: number
  /** Made by PlaceAdvancedOrder; 0 and null for a plain order. `limitTicks` as signed, `priceTicks` where it rests. */
  style: OrderStyle
  triggerKind: TriggerKind | null
  triggerSource: TriggerSource | null
  triggerTicks: number | null
  limitTicks: number | null
  offsetTicks: number | null
  /** Slices of a twap, levels of a scale. */
  parts: number | null
  /** Between two slices of a twap; 0: none. */
  seconds: number
  /** Of a market order or slice, ppm; 0: none. */
  slippagePpm: number
  displayLots: number | null
  /** Lane and sequence number of the order it is linked to. */
  oco: { lane: number; seq: number } | null
  parent: { lane: number; seq: number } | null
  /** Why it was refused when its trigger was reached; 0: it was not. */
  rejectCode: number
  /** When its trigger was last reached, or its last slice ran. */
  triggeredMs: number | null
}

/** Ids name slots that are used again and do not rise with time: an order stands where it was created. */
const place = { seq: orders.createdSeq, leg: orders.orderId, timeMs: orders.createdMs }

const statusNames = ['open', 'closed', 'canceled'] as const

const columns = {
  orderId: orders.orderId,
  accountId: orders.accountId,
  market: orders.market,
  clientOrderId: orders.clientOrderId,
  side: sql<Side>`${orders.side}`,
  flags: orders.flags,
  orderKind: sql<OrderKind>`${orders.orderKind}`,
  priceTicks: orders.priceTicks,
  sizeLots: orders.sizeLots,
  filledLots: orders.filledLots,
  costQuote: orders.costQuote,
  feeQuote: orders.feeQuote,
  maxFee: orders.maxFee,
  lane: orders.lane,
  laneSeq: orders.laneSeq,
  expiryS: orders.expiryS,
  signer: orders.signer,
  status: orders.status,
  reason: sql<CloseReason | null>`${orders.reason}`,
  createdMs: orders.createdMs,
  updatedMs: orders.updatedMs,
  lastTradeMs: orders.lastTradeMs,
  createdSeq: orders.createdSeq,
  updatedSeq: orders.updatedSeq,
  style: sql<OrderStyle>`${orders.style}`,
  triggerKind: sql<TriggerKind | null>`${orders.triggerKind}`,
  triggerSource: sql<TriggerSource | null>`${orders.triggerSource}`,
  triggerTicks: orders.triggerTicks,
  limitTicks: orders.limitTicks,
  offsetTicks: orders.offsetTicks,
  parts: orders.parts,
  displayLots: orders.displayLots,
  triggeredMs: orders.triggeredMs,
  seconds: sql<number>`coalesce(${orderTerms.seconds}, 0)`,
  slippagePpm: sql<number>`coalesce(${orderTerms.slippagePpm}, 0)`,
  ocoLane: orderTerms.ocoLane,
  ocoSeq: orderTerms.ocoSeq,
  parentLane: orderTerms.parentLane,
  parentSeq: orderTerms.parentSeq,
  rejectCode: sql<number>`coalesce(${orderRefusals.rejectCode}, 0)`,
}

const selectOrders = ({ db }: Ledger) =>
  db
    .select(columns)
    .from(orders)
    .leftJoin(orderTerms, eq(orderTerms.orderId, orders.orderId))
    .leftJoin(orderRefusals, eq(orderRefusals.orderId, orders.orderId))

type Found = Omit<OrderRow, 'status' | 'remainingLots' | 'oco' | 'parent'> & {
  status: number
  ocoLane: number | null
  ocoSeq: number | null
  parentLane: number | null
  parentSeq: number | null
}

const linkOf = (lane: number | null, seq: number | null) =>
  lane === null || seq === null ? null : { lane, seq }

const orderOf = ({ status, ocoLane, ocoSeq, parentLane, parentSeq, ...row }: Found): OrderRow => ({
  ...row,
  remainingLots: row.sizeLots - row.filledLots,
  status: statusNames[status] ?? 'canceled',
  oco: linkOf(ocoLane, ocoSeq),
  parent: linkOf(parentLane, parentSeq),
})

export async function orderById(ledger: Ledger, orderId: OrderId): Promise<OrderRow | undefined> {
  const rows = await selectOrders(ledger).where(eq(orders.orderId, orderId))
  return rows.map(orderOf)[0]
}

/** The newest order of an account with that client order id. */
export async function orderByClientId(
  ledger: Ledger,
  accountId: AccountId,
  clientOrderId: string,
): Promise<OrderRow | undefined> {
  const rows = await selectOrders(ledger)
    .where(and(eq(orders.accountId, accountId), eq(orders.clientOrderId, clientOrderId)))
    .orderBy(desc(orders.createdSeq), desc(orders.orderId))
    .limit(1)
  return rows.map(orderOf)[0]
}

const openOf = ({ db }: Ledger, accountId: AccountId) =>
  db
    .select({ orderId: openOrders.orderId })
    .from(openOrders)
    .where(eq(openOrders.accountId, accountId))

/**
 * Orders of an account by creation; `closed` means everything that is not open, `canceled` what was not filled whole. Times are those of creation.
 *
 * @throws RangeError 'cursor'
 */
export async function listOrders(
  ledger: Ledger,
  query: PageQuery & {
    accountId: AccountId
    market?: MarketId | undefined
    status?: 'open' | 'closed' | 'canceled' | undefined
  },
): Promise<Page<OrderRow>> {
  const walk = await walkOf(ledger, query)
  const { accountId, market, status } = query
  const wanted: (SQL | undefined)[] = [
    eq(orders.accountId, accountId),
    market === undefined ? undefined : eq(orders.market, market),
    status === 'open' ? inArray(orders.orderId, openOf(ledger, accountId)) : undefined,
    status === 'closed' ? ne(orders.status, orderStatus.open) : undefined,
    status === 'canceled' ? eq(orders.status, orderStatus.canceled) : undefined,
    within(walk, place),
  ]
  const rows = await selectOrders(ledger)
    .where(and(...wanted))
    .orderBy(...order(walk, place.seq, place.leg))
    .limit(walk.limit)
  return pageOf(rows.map(orderOf), walk, ({ createdSeq, orderId }) => [createdSeq, orderId])
}
