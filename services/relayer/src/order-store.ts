//! Open signed orders as the bytes they came in: decoded only when one trades.
import { bytesHex, isConditional, type SignedOrder } from '@plumb/chain'
import { type AccountId, type Command, decodeCommand, type OrderId, orderFlag } from '@plumb/model'
import { createTrackedMap, type TrackedMap } from './tracked-map.ts'

/** An account's on-chain name; `owner` is lowercase 0x-hex. */
export type AccountName = { owner: string; subaccount: number }

/** Open orders by id, each in the version that is live: an amend replaces it under the same id. */
export type OrderStore = {
  orders: TrackedMap<OrderId, Uint8Array>
  accounts: TrackedMap<AccountId, AccountName>
}

export const createOrderStore = (
  orders: Iterable<[OrderId, Uint8Array]> = [],
  accounts: Iterable<[AccountId, AccountName]> = [],
): OrderStore => ({ orders: createTrackedMap(orders), accounts: createTrackedMap(accounts) })

/** @throws RangeError on an account the feed never opened: the feed is contiguous, so that is a bug */
export const accountName = (store: OrderStore, accountId: AccountId): AccountName => {
  const name = store.accounts.get(accountId)
  if (name === undefined) throw new RangeError(`account ${accountId} was never opened`)
  return name
}

/**
 * The signed order a fill cites, fees still zero; its `owner` is who signed it, a session key perhaps.
 *
 * @throws RangeError on an order the feed never placed
 */
export const signedOrder = (store: OrderStore, orderId: OrderId): SignedOrder => {
  const bytes = store.orders.get(orderId)
  if (bytes === undefined) throw new RangeError(`order ${orderId} is not open`)
  const command: Command = decodeCommand(bytes).command
  if (
    command.kind !== 'PlaceOrder' &&
    command.kind !== 'AmendOrder' &&
    command.kind !== 'PlaceAdvancedOrder'
  )
    throw new RangeError(`${command.kind} is not an order`)
  const name = accountName(store, command.accountId)
  // On-chain an order has its signer, and the session key its owner.
  const isKeyed = (command.flags & orderFlag.sessionKey) !== 0
  return {
    owner: isKeyed ? bytesHex(command.signer) : name.owner,
    subaccount: name.subaccount,
    signature: command.signature,
    market: command.market,
    side: command.side,
    flags: command.flags,
    kind: command.orderKind,
    priceTicks: command.priceTicks,
    triggerTicks: isConditional(command.orderKind) ? command.triggerTicks : 0,
    sizeLots: command.sizeLots,
    maxFee: command.maxFee,
    lane: command.lane,
    laneSeq: command.laneSeq,
    expiryS: command.expiryS,
  }
}
