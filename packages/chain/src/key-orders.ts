//! The twin of KeyOrders.sol: orders signed by a session key, and what the key may do.
import type { OrderRecord, Owner } from './batch.ts'
import type { BatchCodeName } from './generated/batch-code.ts'
import type { SettlementState, TwinMarket } from './settlement-state.ts'

/** Flag of an order that a session key has signed (bit 4 of the signed byte). */
export const SESSION_FLAG = 16

type Signed = Omit<OrderRecord, 'takerFee' | 'makerFee'>

const isKeyed = (order: Signed) => (order.flags & SESSION_FLAG) !== 0

const notionalOf = (market: TwinMarket | undefined, order: Signed, lots: number) =>
  BigInt(lots) * BigInt(order.priceTicks) * (market?.quotePerTickLot ?? 0n)

/** The order with the owner whose account it trades: its signer, or the owner of the session key; or why it is refused. */
export function resolveOwner(
  state: SettlementState,
  order: OrderRecord,
  timeS: number,
): OrderRecord | BatchCodeName {
  if (!isKeyed(order)) return order
  const key = state.sessionKey(order.owner)
  if (key === undefined) return 'UNKNOWN_KEY'
  if (timeS > key.expiryS) return 'KEY_EXPIRED'
  if (!key.allSubaccounts && key.subaccount !== order.subaccount) return 'KEY_SUBACCOUNT'
  if (((key.markets >> BigInt(order.market)) & 1n) === 0n) return 'KEY_MARKET'
  const notional = notionalOf(state.market(order.market), order, order.sizeLots)
  if (notional > key.maxOrderNotional) return 'KEY_ORDER_NOTIONAL'
  return { ...order, owner: key.owner }
}

/** Owner of the account an order trades: its signer, or the owner of the session key that signed it, if that is known. */
export function ownerOf(state: SettlementState, order: Signed): Owner {
  return (isKeyed(order) ? state.sessionKey(order.owner)?.owner : undefined) ?? order.owner
}

/** What `lots` of an order take off the notional of the session key that signed it; undefined for an owner's own order. */
export function keyNotional(
  state: SettlementState,
  order: Signed,
  lots: number,
): bigint | undefined {
  return isKeyed(order) ? notionalOf(state.market(order.market), order, lots) : undefined
}

/** Takes a fill off the remaining notional of the key that signed the order, at the order's limit price. */
export function chargeKey(
  state: SettlementState,
  signed: OrderRecord,
  filledLots: number,
): BatchCodeName | null {
  const key = isKeyed(signed) ? state.sessionKey(signed.owner) : undefined
  if (key === undefined) return null
  const notionalLeft =
    key.notionalLeft - notionalOf(state.market(signed.market), signed, filledLots)
  if (notionalLeft < 0n) return 'KEY_NOTIONAL'
  state.setSessionKey(signed.owner, { ...key, notionalLeft })
  return null
}

/** Largest position, either side, to which the order may grow one; undefined for an owner's own order. */
export function positionLimit(state: SettlementState, signed: OrderRecord): bigint | undefined {
  return isKeyed(signed) ? state.sessionKey(signed.owner)?.maxPosition : undefined
}
