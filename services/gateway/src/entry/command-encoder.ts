//! Requests as binary commands, written straight into a slot of the model's layout.
import {
  CommandBuffer,
  commandBytes,
  commandKind,
  encodeCommand,
  header,
  type OrderKind,
  type PlaceAdvancedOrder,
  type SelfTradePrevention,
  type Side,
} from '@plumb/model'

/** What the engine needs of a signed order, in engine units. */
export type CheckedOrder = {
  accountId: number
  market: number
  side: Side
  flags: number
  orderKind: OrderKind
  priceTicks: number
  sizeLots: number
  triggerTicks: number
  maxFee: number
  lane: number
  laneSeq: number
  expiryS: number
  selfTrade: SelfTradePrevention
  clientOrderId: string
  signer: Uint8Array
  /** EIP-2098, 64 bytes. */
  signature: Uint8Array
}

// Word and byte offsets of PlaceOrder, AmendOrder and CancelOrder; a test compares this writer with the model's codec.
const f64 = { price: 4, size: 5, trigger: 6, orderId: 11 } as const
const i32 = {
  options: 7,
  side: 14,
  flags: 15,
  kind: 16,
  maxFee: 17,
  lane: 18,
  laneSeq: 19,
  expiry: 20,
  selfTrade: 21,
} as const
const bytesAt = { clientOrderId: 96, signer: 132, signature: 152 } as const

/** Writes commands into one reused slot. The command client copies the bytes when it is given them. */
export class CommandEncoder {
  readonly #slot = new CommandBuffer(1)

  /**
   * PlaceOrder, or AmendOrder when there is an order to amend (not 0). Valid until the next call.
   *
   * @param options bits of `orderOption`
   */
  order(order: CheckedOrder, orderId: number, options: number): Uint8Array {
    const { bytes, i32: words, f64: doubles } = this.#slot
    const kind = orderId === 0 ? commandKind.PlaceOrder : commandKind.AmendOrder
    bytes.fill(0)
    words[header.kindI32] = kind
    words[header.accountI32] = order.accountId
    words[header.marketI32] = order.market
    doubles[f64.price] = order.priceTicks
    doubles[f64.size] = order.sizeLots
    doubles[f64.trigger] = order.triggerTicks
    doubles[f64.orderId] = orderId
    words[i32.options] = options
    words[i32.side] = order.side
    words[i32.flags] = order.flags
    words[i32.kind] = order.orderKind
    words[i32.maxFee] = order.maxFee
    words[i32.lane] = order.lane
    words[i32.laneSeq] = order.laneSeq
    words[i32.expiry] = order.expiryS
    words[i32.selfTrade] = order.selfTrade
    this.#writeClientOrderId(order.clientOrderId)
    bytes.set(order.signer, bytesAt.signer)
    bytes.set(order.signature, bytesAt.signature)
    return bytes.subarray(0, commandBytes(kind))
  }

  #writeClientOrderId(text: string): void {
    const { bytes } = this.#slot
    for (let i = 0; i < text.length; i++) bytes[bytesAt.clientOrderId + i] = text.charCodeAt(i)
  }

  /** By engine id, or by client id when `orderId` is 0. */
  cancel(accountId: number, orderId: number, clientOrderId: string): Uint8Array {
    const { bytes, i32: words, f64: doubles } = this.#slot
    bytes.fill(0)
    words[header.kindI32] = commandKind.CancelOrder
    words[header.accountI32] = accountId
    doubles[f64.orderId] = orderId
    this.#writeClientOrderId(clientOrderId)
    return bytes.subarray(0, commandBytes(commandKind.CancelOrder))
  }

  /** `market` and `side` −1: all. */
  cancelAll(accountId: number, market: number, side: Side | -1): Uint8Array {
    return encodeCommand({ kind: 'CancelAll', accountId, market, side })
  }

  /** An order with more to it than a plain one; these are rare enough for the codec. */
  advanced(order: PlaceAdvancedOrder): Uint8Array {
    return encodeCommand(order)
  }
}
