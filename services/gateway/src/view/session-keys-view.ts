//! Session keys as their events tell of them, and how much of its notional each has left (engine RULES 1.9).
import { bytesHex } from '@plumb/chain'
import { type Command, orderFlag } from '@plumb/model'
import type { OrderFill } from './follow-orders.ts'
import type { OrderView } from './order-view.ts'
import type { EventOf } from './view-state.ts'

export type SessionKeyView = {
  readonly address: string
  readonly owner: string
  /** Null: every subaccount of the owner. */
  readonly subaccount: number | null
  readonly registeredAtMs: number
  readonly registeredExpiryS: number
  /** Last second at which its orders settle. */
  expiryS: number
  isRevoked: boolean
  /** Bit m: market m. */
  readonly markets: bigint
  readonly maxPositionLots: number
  readonly maxOrderNotionalQuote: number
  readonly notionalQuote: number
  filledQuote: number
  /** By order id: lots that an open order may still fill, and what a lot is worth at its limit. */
  readonly open: Map<number, { lots: number; lotQuote: number }>
}

/** What a key's new orders may still ask for. */
export function notionalLeft({ notionalQuote, filledQuote, open }: SessionKeyView): number {
  let left = notionalQuote - filledQuote
  for (const { lots, lotQuote } of open.values()) left -= lots * lotQuote
  return left
}

export class SessionKeysView {
  readonly #keys = new Map<string, SessionKeyView>()
  readonly #owned = new Map<string, Set<SessionKeyView>>()
  /** No key is over before this second. */
  #nextEndS = Infinity

  /** By lowercase address. */
  get(address: string): SessionKeyView | undefined {
    return this.#keys.get(address)
  }

  /** Of a lowercase owner address, the latest first. */
  ownedBy(owner: string): SessionKeyView[] {
    return [...(this.#owned.get(owner) ?? [])].toReversed()
  }

  registered(event: EventOf<'KeyRegistered'>): SessionKeyView {
    const key: SessionKeyView = {
      address: bytesHex(event.key),
      owner: bytesHex(event.owner),
      subaccount: event.allSubaccounts === 1 ? null : event.subaccount,
      registeredAtMs: event.timeMs,
      registeredExpiryS: event.expiryS,
      expiryS: event.expiryS,
      isRevoked: false,
      markets: (BigInt(event.marketsHigh) << 32n) | BigInt(event.marketsLow),
      maxPositionLots: event.maxPositionLots,
      maxOrderNotionalQuote: event.maxOrderNotionalQuote,
      notionalQuote: event.notionalQuote,
      filledQuote: 0,
      open: new Map(),
    }
    this.#add(key)
    return key
  }

  #add(key: SessionKeyView): void {
    this.#keys.set(key.address, key)
    const owned = this.#owned.get(key.owner) ?? new Set()
    this.#owned.set(key.owner, owned.add(key))
    this.#nextEndS = Math.min(this.#nextEndS, key.registeredExpiryS)
  }

  revoked(event: EventOf<'KeyRevoked'>): SessionKeyView | undefined {
    const key = this.#keys.get(bytesHex(event.key))
    if (key === undefined) return undefined
    key.isRevoked = true
    key.expiryS = event.expiryS
    return key
  }

  /** At a tick: what is over is forgotten, as the engine does; answers those keys. */
  ticked(timeMs: number): SessionKeyView[] {
    const nowS = Math.floor(timeMs / 1_000)
    if (nowS <= this.#nextEndS) return []
    const over: SessionKeyView[] = []
    this.#nextEndS = Infinity
    for (const key of this.#keys.values()) {
      if (key.registeredExpiryS >= nowS) {
        this.#nextEndS = Math.min(this.#nextEndS, key.registeredExpiryS)
        continue
      }
      over.push(key)
      this.#keys.delete(key.address)
      const owned = this.#owned.get(key.owner)
      owned?.delete(key)
      if (owned?.size === 0) this.#owned.delete(key.owner)
    }
    return over
  }

  /** An order stands under newly signed terms; `command` says who signed them. */
  signed(order: OrderView, command: () => Command): void {
    this.closed(order)
    order.signer = null
    if ((order.flags & orderFlag.sessionKey) === 0) return
    const signing = command()
    if (!('signer' in signing)) return
    order.signer = bytesHex(signing.signer)
    const lotQuote = order.signedTicks * order.market.definition.quotePerTickLot
    const key = this.#keys.get(order.signer)
    key?.open.set(order.orderId, { lots: order.signedLots, lotQuote })
  }

  filled(order: OrderView, { sizeLots }: OrderFill): void {
    if (order.signer === null) return
    const key = this.#keys.get(order.signer)
    const open = key?.open.get(order.orderId)
    if (key === undefined || open === undefined) return
    open.lots -= sizeLots
    key.filledQuote += sizeLots * open.lotQuote
  }

  closed({ orderId, signer }: OrderView): void {
    if (signer !== null) this.#keys.get(signer)?.open.delete(orderId)
  }

  /** All of them, as plain data that shares its objects. */
  get memory(): SessionKeyView[] {
    return [...this.#keys.values()]
  }

  restore(keys: readonly SessionKeyView[]): void {
    for (const key of keys) this.#add(key)
  }
}
